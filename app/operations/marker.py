"""What a move remembers in the folder that it moves, so that it can be broken off at any moment and go on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

import orjson

from hub.auth.tokens import write_private

MARKER_FILE = "move.json"
State = Literal["moving", "moved"]


@dataclass(frozen=True, slots=True)
class Series:
    """Entries that are sent to a topic in their order: their digest, and the topic's end offsets before the first.

    Nobody else writes to the topic meanwhile; so its end offsets tell how many of each partition's have arrived.
    """

    sha256: str
    base: Mapping[int, int]


@dataclass(slots=True)
class Marker:
    """One move: `servers` names where to (see `Target.name`); `begun_at` is RFC 3339, UTC."""

    servers: str
    begun_at: str
    id: str = field(default_factory=lambda: uuid4().hex)
    state: State = "moving"
    series: dict[str, Series] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """What the move leaves in the database that it fills."""
        return f"research hub: filled by the move {self.id}"

    def save(self, folder: Path) -> None:
        """Durable when it returns."""
        write_private(
            folder / MARKER_FILE, orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        )


def read_marker(folder: Path) -> Marker | None:
    """The move that was begun with this folder, where there was one."""
    path = folder / MARKER_FILE
    if not path.exists():
        return None
    raw = orjson.loads(path.read_bytes())
    series = {
        topic: Series(one["sha256"], {int(part): offset for part, offset in one["base"].items()})
        for topic, one in raw.pop("series").items()
    }
    return Marker(**raw, series=series)
