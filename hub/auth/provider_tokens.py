"""What an OpenID Connect provider signs: tokens (RFC 7519) by RS256 or ES256 alone, and its JWK set (RFC 7517)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError

from hub.ports.clock import Clock

TOKEN_CHARS = 8_192
"""Of a whole token; a cookie holds 4,096 bytes, servers take headers of 8 KiB."""
RSA_BITS = 2_048
SKEW_SECONDS = 60
"""By which the provider's clock and this one may differ."""
KINDS = ("jwt", "at+jwt")  # RFC 9068 names access tokens so; most providers say JWT
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}


class Untrusted(Exception):
    """The token cannot be relied on; the message is for logs, not for who sent it."""


class UnknownKey(Untrusted):
    """It names a key that is not known yet."""


FindKey = Callable[[str | None, str], jwk.Key | None]
"""The key of that id (`kid`, which a token may lack) for that algorithm, where one is known."""


class _Registry(jws.JWSRegistry):
    """The library's own bound of a header is 512 bytes, which a certificate's chain would not fit into."""

    max_header_length = TOKEN_CHARS


# Not strict: a reader of a token ignores header members that it does not know (RFC 7515, 4).
_REGISTRY = _Registry(algorithms=list(ALGORITHMS.values()), strict_check_header=False)


def signed_claims(token: str, find: FindKey) -> Mapping[str, Any]:
    """The claims of a token whose signature holds; Untrusted otherwise. Claims themselves are not looked at."""

    def chosen(signed: jwk.GuestProtocol) -> jwk.Key:
        header = signed.headers()
        if "crit" in header or str(header.get("typ", KINDS[0])).casefold() not in KINDS:
            raise Untrusted("a kind of token that is not taken")
        key = find(header.get("kid"), header["alg"])
        if key is None:
            raise UnknownKey("no such key")
        return key

    if len(token) > TOKEN_CHARS:
        raise Untrusted("too long")
    try:
        # Not jwt.decode: its JSON has lone surrogates and NaN.
        claims = orjson.loads(jws.deserialize_compact(token, chosen, registry=_REGISTRY).payload or b"")
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Untrusted(f"{type(error).__name__}: {error}"[:200]) from None
    if not isinstance(claims, dict):
        raise Untrusted("no JSON object")
    return claims


def check_claims(claims: Mapping[str, Any], clock: Clock, **wanted: jwt.ClaimsOption) -> None:
    """Untrusted where a claim is not as wanted, or the token is not good at this time, within SKEW_SECONDS."""
    registry = jwt.JWTClaimsRegistry(int(clock.now().timestamp()), SKEW_SECONDS, exp={"essential": True}, **wanted)
    try:
        registry.validate(dict(claims))
    except JoseError as error:
        raise Untrusted(str(error)) from None


def is_claim(value: str) -> jwt.ClaimsOption:
    """A claim that there must be, and that is the value or a list that has it."""
    return {"essential": True, "value": value}


def keys_of(document: bytes, limit: int = 100) -> dict[str, jwk.Key]:
    """The keys of a JWK set that verify one of the algorithms, by their ids; others are passed over.

    ValueError where it is no JWK set.
    """
    content = orjson.loads(document)
    entries = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWK set")
    return {str(key.kid or ""): key for entry in entries[:limit] for key in _usable(entry)}


def _usable(entry: Any) -> Iterator[jwk.Key]:
    try:
        algorithm = ALGORITHMS[entry["kty"]]
        if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) != algorithm:
            return
        key = jwk.import_key({**entry, "alg": algorithm})
        _REGISTRY.get_alg(algorithm).check_key(key)
    except (JoseError, LookupError, TypeError, ValueError, AttributeError):
        return
    if not isinstance(key, jwk.RSAKey) or key.public_key.key_size >= RSA_BITS:
        yield key
