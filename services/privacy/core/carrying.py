"""Keys in a file that a passphrase opens: scrypt (RFC 7914) makes the key of AES-256-GCM of it."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MARK = b"research-hub keys 1\n"
SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
COST, BLOCK = 2**17, 8
"""Of scrypt: 128 MiB and some tenths of a second a try."""
PASSPHRASE_CHARS = 12


class WrongPassphrase(ValueError):
    """It is another one, or the file was altered; or the file is none of keys."""


def locked(data: bytes, passphrase: str) -> bytes:
    """The data for who has the passphrase: MARK, salt, nonce, and what is sealed."""
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    return MARK + salt + nonce + _cipher(passphrase, salt).encrypt(nonce, data, MARK)


def unlocked(file: bytes, passphrase: str) -> bytes:
    """The data again. Raises WrongPassphrase."""
    if not file.startswith(MARK):
        raise WrongPassphrase("no file of keys")
    salt, rest = file[len(MARK) :][:SALT_BYTES], file[len(MARK) + SALT_BYTES :]
    try:
        return _cipher(passphrase, salt).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], MARK)
    except (InvalidTag, ValueError) as error:
        raise WrongPassphrase("another passphrase, or an altered file") from error


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt, KEY_BYTES, COST, BLOCK, 1).derive(passphrase.encode()))
