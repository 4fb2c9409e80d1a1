"""What the hub gives out to be shown: `hub_`, the id that it is looked up by, `_`, and a secret of 256 bits."""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from hub.kernel.identifiers import base32

_FORM = re.compile(r"hub_([a-z]{3}-[a-z2-7]{16})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Credential:
    """`text` is told once; only its digest is kept."""

    id: str
    text: str

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def new_id(kind: str) -> str:
    """A random id of 80 bits, such as `acc-7k3mdp2qv5x4c6aj`; `kind` has three letters."""
    return f"{kind}-{base32(secrets.randbits(80), 80)}"


def new_credential(kind: str) -> Credential:
    """A credential nobody can guess."""
    credential_id = new_id(kind)
    return Credential(credential_id, f"hub_{credential_id}_{secrets.token_urlsafe(32)}")


def credential_id(text: str) -> str | None:
    """The id in a text of this form; None for any other text."""
    match = _FORM.fullmatch(text)
    return match[1] if match else None


def digest_of(text: str) -> str:
    """SHA-256 in hexadecimal: a secret of 256 random bits needs no slower one."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(digest: str, text: str) -> bool:
    """Whether the text has this digest, compared in constant time."""
    return hmac.compare_digest(digest, digest_of(text))
