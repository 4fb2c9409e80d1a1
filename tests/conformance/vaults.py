"""What every vault must do. An adapter's test supplies `vault` and `at_rest`, the bytes that it keeps."""

from collections.abc import Callable

import pytest

from services.ingest.ports.vault import Vault
from tests.conformance.gaps import Conformance

PHONE = "0571-8795 1111"


class VaultConformance(Conformance):
    suite = "vault"

    def test_a_token_reveals_its_value_and_tells_nothing(self, vault: Vault) -> None:
        tokens = vault.put_many([PHONE, "330106199001011234"])
        assert vault.reveal(tokens.values()) == {token: value for value, token in tokens.items()}
        assert not any(PHONE in token for token in tokens.values())

    def test_equal_values_have_equal_tokens(self, vault: Vault) -> None:
        assert vault.put_many([PHONE]) == vault.put_many([PHONE, PHONE])

    def test_a_token_can_be_told_before_its_value_is_kept(self, vault: Vault) -> None:
        token = vault.token(PHONE)
        assert vault.reveal([token]) == {}
        assert vault.put_many([PHONE]) == {PHONE: token}

    def test_a_planted_token_is_a_value_like_any_other(self, vault: Vault) -> None:
        (token,) = vault.put_many([PHONE]).values()
        (other,) = vault.put_many([token]).values()
        assert other != token
        assert vault.reveal([other]) == {other: token}

    def test_unknown_tokens_are_left_out(self, vault: Vault) -> None:
        assert vault.reveal(["vault:nobody"]) == {}

    def test_nothing_readable_is_at_rest(self, vault: Vault, at_rest: Callable[[], bytes]) -> None:
        vault.put_many([PHONE])
        assert PHONE.encode() not in at_rest()

    def test_sealed_data_open_in_their_context_only(self, vault: Vault) -> None:
        sealed = vault.seal(b"row 7", "receipt-1")
        assert b"row 7" not in sealed
        assert vault.unseal(sealed, "receipt-1") == b"row 7"
        with pytest.raises(Exception):  # noqa: B017 - the library's own error; any will do, silence will not
            vault.unseal(sealed, "receipt-2")
