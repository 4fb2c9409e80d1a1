"""What an examination by `hub doctor` tells of each thing that it looked at."""

from dataclasses import dataclass

from hub.text.language import Bilingual
from hub.text.messages import bilingual

MANY_WAIT = 10_000
"""Entries that wait for a service; more of them are a finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result; `remedy` is what to do where it is not fine."""

    fine: bool
    what: Bilingual
    remedy: Bilingual | None = None


def difference(line: str) -> Finding:
    """One setting of a topic that is not as wanted."""
    if line.endswith("is missing"):
        remedy = bilingual("operations.remedy")
    elif ": partitions is" in line:
        remedy = bilingual("operations.remedy.partitions-chosen-before-topic")
    else:
        remedy = bilingual("operations.remedy.set-topic-back-kafka")
    text = bilingual("operations.told.topics-differ-schemas-topics", line=line)
    return Finding(False, text, remedy)
