"""Headers of a log entry as one compact byte string; this is on the path of every entry."""

import orjson

from hub.kernel.entries import Headers

_SEPARATOR = b"\x1f"
_PLAIN = b"\x00"
_JSON = b"\x01"


class _Encoded(dict[str, bytes]):
    """Few header names recur for ever, so each is encoded once."""

    def __missing__(self, name: str) -> bytes:
        encoded = name.encode()
        if len(self) < 1_000:
            self[name] = encoded
        return encoded


class _Decoded(dict[bytes, str]):
    def __missing__(self, name: bytes) -> str:
        decoded = name.decode()
        if len(self) < 1_000:
            self[name] = decoded
        return decoded


_encoded = _Encoded()
_decoded = _Decoded()


def pack(headers: Headers) -> bytes:
    """Names and values joined by a separator; JSON where one of them contains the separator itself."""
    if not headers:
        return b""
    parts = [_PLAIN]
    for name, value in headers:
        parts.append(_encoded[name])
        parts.append(value)
    joined = _SEPARATOR.join(parts)
    if joined.count(_SEPARATOR) == len(parts) - 1:
        return joined
    return _JSON + orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


def unpack(packed: bytes) -> Headers:
    """The headers that `pack` was given."""
    if not packed:
        return ()
    if packed[:1] == _JSON:
        return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(packed[1:]))
    parts = packed.split(_SEPARATOR)
    return tuple(zip(map(_decoded.__getitem__, parts[1::2]), parts[2::2], strict=True))
