"""Reads the registered submission sources."""

from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import yaml

from hub.kernel.access import Scope
from hub.kernel.records import AUTHORITIES
from hub.kernel.sources import Source, Sources
from hub.kernel.versions import VersionForm
from hub.text.language import Bilingual


def load_sources(path: Path | None = None) -> Sources:
    """The shipped list, or the file in its place; ValueError names the entry that cannot be read."""
    text = path.read_text("utf-8") if path else (files("hub.auth") / "sources.yaml").read_text("utf-8")
    sources = {source_id: _source(source_id, entry) for source_id, entry in (yaml.safe_load(text) or {}).items()}
    ids = [name for source in sources.values() for name in (*source.was, source.id)]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise ValueError(f"source {twice[0]}: an id, or one under `was`, is that of another source too")
    return Sources(sources)


def _source(source_id: str, entry: Any) -> Source:
    if not isinstance(entry, dict) or entry.get("authority") not in AUTHORITIES:
        raise ValueError(f"source {source_id}: expected zh, en and an authority of {', '.join(AUTHORITIES)}")
    versions = entry.get("versions")
    if versions not in (None, *get_args(VersionForm)):
        raise ValueError(f"source {source_id}: versions is one of {', '.join(get_args(VersionForm))}")
    jurisdiction = entry.get("jurisdiction") or {}
    if not isinstance(jurisdiction, dict) or set(jurisdiction) - {"kinds", "divisions", "levels"}:
        raise ValueError(f"source {source_id}: a jurisdiction has kinds, divisions and levels")
    return Source(
        source_id,
        Bilingual(str(entry["zh"]), str(entry["en"])),
        entry["authority"],
        tuple(map(str, entry.get("was") or ())),
        Scope(**{name: frozenset(map(str, values)) for name, values in jurisdiction.items()}),
        versions,
    )
