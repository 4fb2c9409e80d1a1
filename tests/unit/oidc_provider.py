"""An OpenID Connect provider for tests: its keys, the tokens that it signs, well or in a wrong way, and its answers."""

import base64
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://idp.example.org/realms/main"
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
RSA = rsa.generate_private_key(65_537, 2_048)
OTHER_RSA = rsa.generate_private_key(65_537, 2_048)
EC = ec.generate_private_key(ec.SECP256R1())


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return segment(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(kid: str, key: rsa.RSAPrivateKey, **more: str) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "kid": kid, "use": "sig", "n": number(numbers.n), "e": number(numbers.e), **more}


def ec_jwk(kid: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    at = {axis: segment(value.to_bytes(32, "big")) for axis, value in (("x", numbers.x), ("y", numbers.y))}
    return {"kty": "EC", "kid": kid, "crv": "P-256", "alg": "ES256", **at}


def signed_bytes(claims: bytes) -> str:
    """A token whose claims may be what no JSON library writes."""
    body = f"{segment(orjson.dumps({'alg': 'RS256', 'kid': 'rsa'}))}.{segment(claims)}"
    return f"{body}.{segment(RSA.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def signed(claims: dict[str, Any], head: dict[str, Any] | None = None, key: Any = RSA) -> str:
    """A token; the head's `alg` only names the algorithm, the key decides how it is signed. None takes away."""
    full = {"alg": "ES256" if key is EC else "RS256", "kid": "ec" if key is EC else "rsa", **(head or {})}
    head = {name: value for name, value in full.items() if value is not None}
    body = f"{segment(orjson.dumps(head))}.{segment(orjson.dumps(claims))}"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    elif isinstance(key, bytes):
        mac = hmac.HMAC(key, hashes.SHA256())
        mac.update(body.encode())
        signature = mac.finalize()
    else:
        signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{body}.{segment(signature)}"


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good token, in which None takes a claim away."""
    now = int(NOW.timestamp())
    good = {
        "iss": ISSUER,
        "aud": ["account", "research-hub"],
        "sub": "f81d4fae",
        "iat": now,
        "exp": now + 900,
        "hub_roles": ["submitter", "offline_access"],
        "hub_sources": ["/owner", "zhejiang"],
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


class Provider:
    """Answers as a provider does, and counts how often it is asked for keys."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [rsa_jwk("rsa", RSA), ec_jwk("ec", EC)]
        self.issuer = ISSUER
        self.asked = 0
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, "jwks_uri": f"{ISSUER}/certs"})
        self.asked += 1
        return httpx.Response(200, json={"keys": self.keys})
