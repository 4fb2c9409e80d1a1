"""What keeps personal values must do. An adapter's test supplies `personal`, `again` (another one on the same keys),
and `at_rest`, the bytes that the database keeps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.ports.personal import GONE, TOKEN_PREFIX
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.core.sealing import ref_of
from tests.conformance.gaps import Conformance

PHONE = "0571-8795 1111"
Made = Callable[[], SqlPersonalValues]


def sealed(personal: SqlPersonalValues, subject: str, value: object = PHONE) -> str:
    return personal.sealers([subject])[subject](value)


class PersonalValuesConformance(Conformance):
    suite = "personal values"

    @pytest.mark.parametrize("value", [PHONE, "1970-01-01", ["a", "b"], {"x": 1.5}, True, "李四" * 200, ""])
    def test_a_token_opens_to_its_value_and_tells_nothing(self, personal: SqlPersonalValues, value: object) -> None:
        token = sealed(personal, "expert-a", value)
        assert personal.open([token]) == {token: value}
        assert token.startswith(TOKEN_PREFIX)
        assert not value or str(value) not in token

    def test_tokens_of_short_values_have_one_length(self, personal: SqlPersonalValues) -> None:
        assert len({len(sealed(personal, "expert-a", gender)) for gender in ("female", "male", "other")}) == 1

    def test_equal_values_of_one_subject_alone_have_equal_tokens(
        self, personal: SqlPersonalValues, again: Made
    ) -> None:
        assert sealed(personal, "expert-a") == sealed(again(), "expert-a")
        assert sealed(personal, "expert-a") != sealed(personal, "expert-b")

    def test_what_is_no_token_is_left_out(self, personal: SqlPersonalValues) -> None:
        token = sealed(personal, "expert-a")
        other = sealed(personal, "expert-b")
        swapped = f"{TOKEN_PREFIX}{ref_of(other)}={token.partition('=')[2]}"
        planted = sealed(personal, "expert-b", token)
        assert personal.open(["", GONE, "vault:nobody", "vault:=", "vault:x=y", swapped, token[:-4]]) == {}
        assert personal.open([planted]) == {planted: token}

    def test_many_seal_for_the_same_subjects_at_once(self, personal: SqlPersonalValues) -> None:
        names = [f"expert-{number}" for number in range(100)]
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(personal.sealers, [names, names[::-1]] * 4))
        tokens = {name: {sealers[name](PHONE) for sealers in made} for name in names}
        assert all(len(those) == 1 for those in tokens.values())
        assert set(personal.open([*{next(iter(those)) for those in tokens.values()}]).values()) == {PHONE}

    def test_nobody_opens_what_is_about_somebody_erased(self, personal: SqlPersonalValues, again: Made) -> None:
        token, kept = sealed(personal, "expert-a"), sealed(personal, "expert-b")
        other = again()
        assert other.open([token, kept]) == {token: PHONE, kept: PHONE}
        personal.erase(["expert-a", "expert-never"], "asked for it")
        assert personal.open([token, kept]) == other.open([token, kept]) == {kept: PHONE}
        assert sealed(other, "expert-a") == sealed(other, "expert-never") == GONE, "what is said of them later"
        personal.erase(["expert-a"], "once more")
        personal.readmit(["expert-a"])
        fresh = sealed(other, "expert-a")
        assert personal.open([fresh, token]) == {fresh: PHONE}

    def test_a_destroyed_key_lies_nowhere_in_the_database(
        self, personal: SqlPersonalValues, at_rest: Callable[[], bytes]
    ) -> None:
        token = sealed(personal, "expert-a")
        (before,) = [row.wrapped for row in personal._rows(_keys(), {"expert-a"})]
        assert before in at_rest(), "a key that is there would be missed"
        personal.erase(["expert-a"], "asked for it")
        assert before not in at_rest()
        assert personal.open([token]) == {}

    def test_rotation_seals_every_key_anew_and_loses_none(self, personal: SqlPersonalValues, again: Made) -> None:
        tokens = {sealed(personal, f"expert-{number}") for number in range(20)}
        at_work = again()
        personal.erase(["expert-3"], "asked for it")
        assert personal.rotate() == 19
        late = sealed(at_work, "expert-late")
        for one in (personal, at_work, again()):
            assert len(one.open(tokens)) == 19
            assert one.open([late]) == {late: PHONE}
        assert personal.rotate() == 20

    def test_keys_are_carried_and_revive_nobody(self, personal: SqlPersonalValues, again: Made) -> None:
        token, kept = sealed(personal, "expert-a"), sealed(personal, "expert-b")
        dumped = personal.dump()
        personal.erase(["expert-a"], "asked for it")
        personal.rotate()
        assert personal.load(dumped) == 2
        assert again().open([token, kept]) == {kept: PHONE}


def _keys() -> object:
    from services.privacy.adapters.sql_personal import _OF_SUBJECTS

    return _OF_SUBJECTS
