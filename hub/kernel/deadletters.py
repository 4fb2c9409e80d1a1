"""Dead letters: input that could not be used, kept with its reason so that it can be mended and replayed."""

from hub.kernel.entries import Delivered, Entry, Headers

SUFFIX = ".dead-letters"
_ADDED = frozenset({"reason_code", "reason", "original_topic", "original_partition", "original_offset"})


def dead_letter_topic(topic: str) -> str:
    return topic + SUFFIX


def dead_letter(entry: Delivered, code: str, reason: str) -> Entry:
    """The entry as it came, with where it came from and why it is dead: a stable code, and a sentence in English."""
    added: Headers = (
        ("reason_code", code.encode()),
        ("reason", reason.encode()),
        ("original_topic", entry.topic.encode()),
        ("original_partition", str(entry.partition).encode()),
        ("original_offset", str(entry.offset).encode()),
    )
    return Entry(entry.key, entry.value, _without_added(entry.headers) + added)


def revived(letter: Delivered) -> tuple[str, Entry]:
    """The topic that the entry was read from, and the entry as it was; KeyError where it is no dead letter."""
    topic = dict(letter.headers)["original_topic"].decode()
    return topic, Entry(letter.key, letter.value, _without_added(letter.headers))


def _without_added(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name not in _ADDED)
