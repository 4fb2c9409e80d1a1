"""The vault's key file and the keys derived from it."""

import hmac
import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from hub.kernel.identifiers import base32
from hub.ports.personal import TOKEN_PREFIX
from services.ingest.ports.vault import VaultLocked

KEY_BYTES = 32
NONCE_BYTES = 12


class KeyRing:
    """One key for tokens and one for ciphertext, both derived (HKDF, RFC 5869) from the secret in the key file.

    AES-256-GCM with a random nonce each time; sound for 2**32 encryptions under one key (NIST SP 800-38D, 8.3).
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise VaultLocked(f"a key has {KEY_BYTES} bytes, this one {len(secret)}")
        self._token_key = _derived(secret, b"token")
        self._print_key = _derived(secret, b"fingerprint")
        self._cipher = AESGCM(_derived(secret, b"cipher"))

    def token(self, value: str) -> str:
        """`vault:` and 160 bits of HMAC-SHA-256 in Base32."""
        digest = hmac.digest(self._token_key, value.encode(), sha256)
        return TOKEN_PREFIX + base32(int.from_bytes(digest[:20]), 160)

    def fingerprint(self, data: bytes) -> str:
        return hmac.digest(self._print_key, data, sha256).hex()

    def encrypt(self, data: bytes, context: bytes) -> bytes:
        """Nonce and ciphertext, bound to the context."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """ValueError where the data were altered, or encrypted in another context or with another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
        except InvalidTag as error:
            raise ValueError("sealed data that this key and context do not open") from error


def secret_in(path: Path) -> bytes:
    """The secret in the key file, which is created for its owner alone (0600) where there is none.

    Raises VaultLocked where others may read it or it is not a key.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise VaultLocked(f"the key file {path.name} may be read by others; it must have the mode 0600")
    secret = path.read_bytes()
    if len(secret) != KEY_BYTES:
        raise VaultLocked(f"the key file {path.name} does not hold a key of {KEY_BYTES} bytes")
    return secret


def _create(path: Path) -> None:
    """Written beside and linked into place, so that of two processes one wins and nobody reads half a key."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        fresh.unlink()


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, b"research-hub vault " + purpose).derive(secret)
