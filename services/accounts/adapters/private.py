"""What accounts keep of people, sealed with keys of theirs, so that it is erased by destroying these."""

from collections.abc import Collection, Mapping
from hashlib import sha256

from hub.ports.personal import PersonalValues, opened

FINGERPRINTS = "accounts"
"""The subject whose key makes the fingerprints; it is nobody's and is never destroyed."""
ADDRESS = "address-"
"""How the subject of an address begins that may have no account: of an invitation."""

Identity = tuple[str, str]
"""Scheme (`email`, or a provider's issuer) and value (the address, or the subject)."""


class PrivateTexts:
    """Seals and opens texts, and makes the fingerprints that they are looked for by."""

    def __init__(self, personal: PersonalValues) -> None:
        self._personal = personal

    def fingerprint(self, *parts: str) -> str:
        """Of what is to be found again, in hexadecimal: nobody guesses it without the key."""
        return sha256(self._personal.sealers([FINGERPRINTS])[FINGERPRINTS](list(parts)).encode()).hexdigest()

    def of_address(self, email: str) -> str:
        """The subject of an e-mail address."""
        return ADDRESS + self.fingerprint("email", email)

    def identity(self, identity: Identity, account: str, at: str) -> dict[str, str]:
        """The columns of what an account is known by."""
        scheme, value = identity
        found_by, sealed = self.fingerprint(scheme, value), self.seal(account, value)
        return {"scheme": scheme, "value": found_by, "account": account, "verified_at": at, "sealed": sealed}

    def seal(self, subject: str, text: str) -> str:
        """The token of the text; of an empty one none."""
        return self._personal.sealers([subject])[subject](text) if text else text

    def open(self, texts: Collection[str]) -> Mapping[str, str]:
        """Each text as people read it: empty where it is sealed and cannot be opened."""
        return opened(self._personal, texts)
