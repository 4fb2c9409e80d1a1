"""Signed tokens: JWS in compact form (RFC 7515), public keys as JWK (RFC 7517); RS256 and ES256 alone (RFC 7518).

The one place that knows the signatures; a JOSE library could take it over as it stands.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

TOKEN_CHARS = 8_192
"""Of a whole token; a cookie holds 4,096 bytes, servers take headers of 8 KiB."""
RSA_BITS = 2_048
COORDINATE_BYTES = 32  # of P-256
KINDS = ("jwt", "at+jwt")  # RFC 9068 names access tokens so; most providers say JWT
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class Untrusted(Exception):
    """The token cannot be relied on; the message is for logs, not for who sent it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key with the one algorithm that it is used with."""

    id: str
    algorithm: str
    public: PublicKey


FindKey = Callable[[str | None, str], Key | None]
"""The key of that id (`kid`, which a token may lack) for that algorithm, where one is known."""


def verified(token: str, find: FindKey) -> Mapping[str, Any]:
    """The claims of a token whose signature holds; Untrusted otherwise. Claims themselves are not looked at."""
    if len(token) > TOKEN_CHARS:
        raise Untrusted("too long")
    parts = token.split(".")
    if len(parts) != 3:
        raise Untrusted("not of three parts")
    head, body, signature = (_decoded(part) for part in parts)
    header = _object(head)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _VERIFY:
        raise Untrusted("an algorithm that is not taken")
    if "crit" in header or str(header.get("typ", KINDS[0])).casefold() not in KINDS:
        raise Untrusted("a kind of token that is not taken")
    if key_id is not None and not isinstance(key_id, str):
        raise Untrusted("a key id that is no text")
    key = find(key_id, algorithm)
    if key is None or key.algorithm != algorithm:
        raise Untrusted("no such key")
    try:
        _VERIFY[algorithm](key.public, signature, token.rpartition(".")[0].encode("ascii"))
    except InvalidSignature:
        raise Untrusted("a signature that does not hold") from None
    return _object(body)


def keys_of(document: bytes, limit: int = 100) -> dict[str, Key]:
    """The keys of a JWK set that verify one of the algorithms, by their ids; others are passed over.

    ValueError where it is no JWK set.
    """
    told = orjson.loads(document)
    entries = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWK set")
    return {key.id: key for key in _usable(entries[:limit])}


def _usable(entries: Iterable[Any]) -> Iterable[Key]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = _key(entry)
        except (KeyError, TypeError, ValueError, Untrusted):
            continue
        if key and entry.get("alg", key.algorithm) == key.algorithm:
            yield key


def _key(entry: Mapping[str, Any]) -> Key | None:
    name = str(entry.get("kid", ""))
    if entry["kty"] == "RSA":
        public = rsa.RSAPublicNumbers(_number(entry["e"]), _number(entry["n"])).public_key()
        return Key(name, "RS256", public) if public.key_size >= RSA_BITS else None
    if entry["kty"] == "EC" and entry["crv"] == "P-256":
        point = ec.EllipticCurvePublicNumbers(_number(entry["x"]), _number(entry["y"]), ec.SECP256R1())
        return Key(name, "ES256", point.public_key())
    return None


def _rs256(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed, padding.PKCS1v15(), SHA256())


def _es256(key: Any, signature: bytes, signed: bytes) -> None:
    if len(signature) != 2 * COORDINATE_BYTES:
        raise InvalidSignature
    r, s = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
    encoded = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    key.verify(encoded, signed, ec.ECDSA(SHA256()))


_VERIFY: Mapping[str, Callable[[Any, bytes, bytes], None]] = {"RS256": _rs256, "ES256": _es256}


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    """Base64url without padding; Python's decoder would pass over characters that do not belong there."""
    if not _SEGMENT.fullmatch(text) or len(text) % 4 == 1:
        raise Untrusted("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Untrusted("not JSON") from None
    if not isinstance(found, dict):
        raise Untrusted("no JSON object")
    return found
