"""CloudEvents 1.0 in binary content mode: attributes travel as headers, the data as the value.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from dataclasses import dataclass, replace

from hub.kernel.entries import Delivered, Entry, Headers

SPEC_VERSION = b"1.0"
TRACEPARENT = "ce_traceparent"
"""The header of the extension attribute for distributed tracing: the W3C Trace Context of what caused the event.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md
"""
_SAMPLED = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][13579bdf]")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event; `source` + `id` identify it, so that a consumer can drop a repeat.

    `subject` is the record id and the partition key; `time` is RFC 3339 in UTC; `data` is JSON in bytes.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: bytes

    def as_entry(self) -> Entry:
        return Entry(
            key=self.subject.encode(),
            value=self.data,
            headers=(
                ("ce_specversion", SPEC_VERSION),
                ("ce_id", self.id.encode()),
                ("ce_source", self.source.encode()),
                ("ce_type", self.type.encode()),
                ("ce_subject", self.subject.encode()),
                ("ce_time", self.time.encode()),
                ("content-type", b"application/json"),
            ),
        )

    @classmethod
    def from_delivered(cls, entry: Delivered) -> "CloudEvent":
        """Read an event back; KeyError names the attribute that a foreign entry lacks."""
        headers = dict(entry.headers)
        return cls(
            id=headers["ce_id"].decode(),
            source=headers["ce_source"].decode(),
            type=headers["ce_type"].decode(),
            subject=headers["ce_subject"].decode(),
            time=headers["ce_time"].decode(),
            data=entry.value or b"",
        )


class Envelope:
    """What the events of one batch have in common, encoded once: source, type and time."""

    def __init__(self, source: str, event_type: str, time: str) -> None:
        common = CloudEvent("", source, event_type, "", time, b"").as_entry().headers
        self._version, _, self._source, self._type, _, self._time, self._content = common

    def entry(self, event_id: str, subject: str, data: bytes) -> Entry:
        """The same entry as that of the whole event."""
        key = subject.encode()
        return Entry(
            key,
            data,
            (
                self._version,
                ("ce_id", event_id.encode()),
                self._source,
                self._type,
                ("ce_subject", key),
                self._time,
                self._content,
            ),
        )


def traced(entry: Entry, traceparent: str | None) -> Entry:
    """The entry with the trace that it belongs to; as it is where it belongs to none, or names one already."""
    if not traceparent or traceparent_of(entry.headers):
        return entry
    return replace(entry, headers=(*entry.headers, (TRACEPARENT, traceparent.encode())))


def traceparent_of(headers: Headers) -> str:
    """The trace that an entry belongs to; empty where there is none, or none that is recorded."""
    for name, value in reversed(headers):
        if name == TRACEPARENT:
            return sampled(value.decode("latin-1"))
    return ""


def sampled(traceparent: str) -> str:
    """The W3C traceparent where it is well formed and its trace is recorded, else empty."""
    return traceparent if _SAMPLED.fullmatch(traceparent) else ""
