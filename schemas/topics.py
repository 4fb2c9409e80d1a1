"""The topics of the event log, as topics.yaml states them: settings for the log, and the contract for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

from hub.kernel.deadletters import SUFFIX
from hub.ports.eventlog import Topic
from hub.text.language import Bilingual

Compatibility = Literal["backward", "none"]


@dataclass(frozen=True, slots=True)
class Contract:
    """One topic's contract.

    `producers` and `consumers` are services of the hub (others may read as well); `key` says what the partition key is;
    `events` maps each CloudEvents type to the name of its data schema in schemas/published/.
    """

    topic: Topic
    purpose: Bilingual
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    key: str
    compatibility: Compatibility
    events: Mapping[str, str]

    @property
    def dead_letters(self) -> bool:
        """Whether the topic keeps what could not be used, rather than what happened."""
        return self.topic.name.endswith(SUFFIX)


@lru_cache(maxsize=1)
def contracts() -> tuple[Contract, ...]:
    """Every topic's contract in the order of the file."""
    text = (files("schemas") / "topics.yaml").read_text("utf-8")
    return tuple(contract_of(name, entry) for name, entry in yaml.safe_load(text).items())


def contract_of(name: str, entry: Mapping[str, Any]) -> Contract:
    """Read one entry of the file; ValueError names what it lacks or has too much."""
    expected = {"purpose", "producers", "consumers", "key", "partitions", "compacted", "retention_hours"}
    expected |= {"compatibility", "events"}
    if wrong := expected ^ set(entry):
        raise ValueError(f"topic {name}: missing or unknown {', '.join(sorted(wrong))}")
    if entry["compatibility"] not in get_args(Compatibility):
        raise ValueError(f"topic {name}: compatibility is one of {', '.join(get_args(Compatibility))}")
    return Contract(
        topic=Topic(name, entry["partitions"], entry["compacted"], entry["retention_hours"]),
        purpose=Bilingual(entry["purpose"]["zh"], entry["purpose"]["en"]),
        producers=tuple(entry["producers"]),
        consumers=tuple(entry["consumers"]),
        key=entry["key"],
        compatibility=entry["compatibility"],
        events=dict(entry["events"]),
    )


def topics(partitions: int | None = None) -> tuple[Topic, ...]:
    """The settings of every topic, with this many partitions each where a number is given.

    Dead letters keep to what their contract says.
    """
    return tuple(
        contract.topic
        if partitions is None or contract.dead_letters
        else Topic(contract.topic.name, partitions, contract.topic.compacted, contract.topic.retention_hours)
        for contract in contracts()
    )
