"""Reads the registered submission sources."""

from importlib.resources import files
from pathlib import Path

import yaml

from hub.kernel.records import AUTHORITIES
from hub.kernel.sources import Source, Sources
from hub.text.language import Bilingual


def load_sources(path: Path | None = None) -> Sources:
    """The shipped list, or the file in its place; ValueError names the entry that cannot be read."""
    text = path.read_text("utf-8") if path else (files("hub.auth") / "sources.yaml").read_text("utf-8")
    sources = {}
    for source_id, entry in (yaml.safe_load(text) or {}).items():
        if not isinstance(entry, dict) or entry.get("authority") not in AUTHORITIES:
            raise ValueError(f"source {source_id}: expected zh, en and an authority of {', '.join(AUTHORITIES)}")
        sources[source_id] = Source(source_id, Bilingual(str(entry["zh"]), str(entry["en"])), entry["authority"])
    return Sources(sources)
