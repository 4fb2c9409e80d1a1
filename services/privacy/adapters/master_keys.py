"""The file of the master keys, which seal subjects' keys; the last one in it is the one that seals."""

import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.auth.tokens import write_private
from hub.ports.personal import KeysLocked

KEY_BYTES = 32
NONCE_BYTES = 12


class MasterKeys:
    """32 bytes a key (AES-256-GCM with random nonces), readable by the file's owner alone.

    More than one are in it while a rotation is under way. Raises KeysLocked where others may read the file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._keys: dict[str, bytes] = {}
        self._ciphers: dict[str, AESGCM] = {}
        self._newest = ""
        if file.exists():
            self.read()

    @property
    def newest(self) -> str:
        """The id of the key that seals; empty where there is none."""
        return self._newest

    def read(self) -> None:
        """Read the file anew, as another process may have added a key."""
        data = self._file.read_bytes()
        if self._file.stat().st_mode & 0o077:
            raise KeysLocked(f"the key file {self._file.name} may be read by others; it must have the mode 0600")
        if not data or len(data) % KEY_BYTES:
            raise KeysLocked(f"the key file {self._file.name} does not hold keys of {KEY_BYTES} bytes")
        self._put([data[at : at + KEY_BYTES] for at in range(0, len(data), KEY_BYTES)])

    def add(self) -> None:
        """Make a key that seals from now on; those before it still open."""
        self._write([*self._keys.values(), os.urandom(KEY_BYTES)])

    def keep(self, keys: bytes) -> None:
        """Take over the keys of another file, before those that are here."""
        given = [keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)]
        self._write([*(key for key in given if key not in self._keys.values()), *self._keys.values()])

    def forget_old(self) -> None:
        """Keep the newest key alone."""
        self._write([self._keys[self._newest]])

    def wrap(self, key: bytes, ref: str) -> bytes:
        """The subject's key, sealed by the newest key and bound to its name."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self._newest].encrypt(nonce, key, ref.encode())

    def unwrap(self, wrapped: bytes, ref: str, master: str) -> bytes:
        """The subject's key. KeysLocked where the file has not the key that sealed it."""
        if master not in self._keys and self._file.exists():
            self.read()
        if master not in self._keys:
            raise KeysLocked(f"the key file {self._file.name} has not the key {master}")
        try:
            return self._ciphers[master].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], ref.encode())
        except InvalidTag as error:
            raise KeysLocked(f"the key of {ref} was altered") from error

    def to_bytes(self) -> bytes:
        """The file's content."""
        return b"".join(self._keys.values())

    def _put(self, keys: list[bytes]) -> None:
        self._keys = {sha256(b"research-hub master key " + key).hexdigest()[:8]: key for key in keys}
        self._ciphers = {name: AESGCM(key) for name, key in self._keys.items()}
        self._newest = list(self._keys)[-1]

    def _write(self, keys: list[bytes]) -> None:
        write_private(self._file, b"".join(keys))
        self._put(keys)
