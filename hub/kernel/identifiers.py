"""Record ids that every node computes alike, with no look-up, and texts as they are compared."""

import re
import unicodedata
from hashlib import blake2b

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
# Two digits at a time, since every row of every source passes here; base64.b32encode is several times slower.
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)


# Unicode's category Cf: characters that are not seen and would tell apart what is read alike.
_FORMAT = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
# Letters of other scripts, and digits, that are read as a Latin letter or digit (UTS 39), of what NFKC and case leave.
_ALIKE = str.maketrans(
    "авсԁеһіјӏкмнорԛгѕтухуԝ\u03b1\u03b2\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u03b7\u03bclio",
    "abcdeh1j1kmh0pqrstyxywabe1kn0ptyxhm110",
)


def record_id(kind: str, scheme: str, *parts: str) -> str:
    """The id of the record that `scheme` identifies by `parts`, such as `instrument-7k3mdp2qv5x4c6aj7k3m`.

    100 bits of BLAKE2b in base 32: opaque, so that a private identifier cannot be read from it, and safe in a URL.
    """
    return _id(kind, scheme, *map(normalised, parts))


def own_id(kind: str, source: str, organisation: str, source_record_id: str) -> str:
    """The id of a record that only its source's own id identifies, which is compared exactly."""
    return _id(kind, "own", source, organisation, cleaned(source_record_id))


def _id(kind: str, *parts: str) -> str:
    bits = int.from_bytes(blake2b("\x1f".join((kind, *parts)).encode(), digest_size=13).digest()) >> 4
    return f"{kind}-{base32(bits, 100)}"


def normalised(identifier: str) -> str:
    """Identifiers are compared without case, white space, full-width forms (NFKC) or format characters."""
    plain = identifier if identifier.isascii() else unicodedata.normalize("NFKC", _FORMAT.sub("", identifier))
    return "".join(plain.casefold().split())


def cleaned(text: str) -> str:
    """The text in NFC and without format characters (Cf)."""
    return text if text.isascii() else unicodedata.normalize("NFC", _FORMAT.sub("", text))


def is_clean(text: str) -> bool:
    """Whether `cleaned` would leave the text as it is."""
    return text.isascii() or (unicodedata.is_normalized("NFC", text) and not _FORMAT.search(text))


def skeleton(identifier: str) -> str:
    """Letters and digits as they look: equal for numbers that a reader may take for each other (`O` and `0`, `l` and
    `1`, `B` and a Cyrillic `В`), whatever signs and Chinese words stand around them.
    """
    alike = normalised(identifier).translate(_ALIKE)
    return "".join(letter for letter in alike if letter.isascii() and letter.isalnum())


def base32(number: int, bits: int) -> str:
    """The number in lower-case base 32 (RFC 4648) without padding; `bits` is a multiple of 10."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(bits - 10, -1, -10)])
