"""Tokens, registered sources and the running of workers."""

import threading
from pathlib import Path

import pytest

from hub.auth.sources import load_sources
from hub.auth.tokens import AccessFile, operator_token
from hub.kernel.problems import Refusal
from hub.runtime.threads import Runtime, drain
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.unit


def test_first_start_makes_an_operator_and_keeps_only_the_digest(tmp_path: Path) -> None:
    access = AccessFile(tmp_path)
    token = operator_token(tmp_path)
    assert token
    principal = access.principal(token)
    assert principal
    assert principal.may_submit_for("anything")
    assert (tmp_path / "operator.token").stat().st_mode & 0o077 == 0
    assert token not in (tmp_path / "access.json").read_text()
    assert access.principal(token + "x") is None


def test_a_token_issued_by_another_process_is_known_at_once(tmp_path: Path) -> None:
    running, other = AccessFile(tmp_path), AccessFile(tmp_path)
    principal = running.principal(other.issue("lab", {"submitter"}, {"owner"}))
    assert principal
    assert principal.may_submit_for("owner")
    assert not principal.may_submit_for("national")


def test_two_tokens_of_one_source_or_one_name_have_nothing_in_common(tmp_path: Path) -> None:
    access = AccessFile(tmp_path)
    alone = access.principal(zhejiang := access.issue("province", {"submitter"}, {"zhejiang"}))
    first, second = (access.issue("张伟", {"submitter"}, {"owner"}) for _ in range(2))
    assert alone is not None
    assert (alone.organisation, alone.formerly) == ("", "province")
    labs = access.principal(first), access.principal(second)
    accounts = {lab.account for lab in labs if lab}
    assert len(accounts) == 2
    assert all(account.startswith("legacy-") for account in accounts)
    assert [(lab.organisation, lab.formerly) for lab in labs if lab] == [(lab.account, "") for lab in labs if lab]
    assert access.principal(zhejiang) == alone


def test_a_token_for_every_source_is_alone_with_none(tmp_path: Path) -> None:
    access = AccessFile(tmp_path)
    lab = access.issue("lab", {"submitter"}, {"owner"})
    every = access.principal(access.issue("every", {"submitter"}, {"*"}))
    told = access.principal(lab)
    assert every is not None
    assert told is not None
    assert (told.organisation, every.organisation) == (told.account, every.account)
    member = access.principal(access.issue("reader", {"member"}, ()))
    assert member is not None
    assert member.organisation == member.account


def test_what_was_a_revoked_tokens_own_is_not_left_to_its_namesake(tmp_path: Path) -> None:
    access = AccessFile(tmp_path)
    first, second = (access.issue("张伟", {"submitter"}, {"owner"}) for _ in range(2))
    revoked, other = access.principal(first), access.principal(second)
    assert revoked is not None
    assert access.revoke(revoked.credential)
    assert not access.revoke(revoked.credential)
    assert (access.principal(first), access.principal(second)) == (None, other)
    assert revoked not in access.principals()


def test_who_submitted_goes_on_deciding_for_its_own(tmp_path: Path) -> None:
    access = AccessFile(tmp_path)
    lab, member = access.issue("lab", {"submitter"}, {"owner"}), access.issue("li", {"member"}, ())
    roles = [principal.roles for principal in map(access.principal, (lab, member)) if principal]
    assert roles == [{"submitter", "manager", "approver"}, {"member"}]


def test_a_first_start_that_broke_off_before_the_list_was_there_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "operator.token").write_text("of nobody")
    access, token = AccessFile(tmp_path), operator_token(tmp_path)
    assert token
    assert access.principal(token)
    assert access.principal("of nobody") is None


def test_sources(tmp_path: Path) -> None:
    assert load_sources().named("national").authority == "national"
    with pytest.raises(Refusal, match="national"):
        load_sources().named("nobody")
    wrong = tmp_path / "sources.yaml"
    wrong.write_text("lab: {zh: 实验室, en: Lab, authority: royal}")
    with pytest.raises(ValueError, match="lab"):
        load_sources(wrong)


class Countdown:
    name = "countdown"

    def __init__(self, left: int, failures: int = 0) -> None:
        self.left, self.failures = left, failures
        self.done, self.closed = threading.Event(), False

    def step(self, timeout: float) -> int:
        if self.failures:
            self.failures -= 1
            raise OSError("disk")
        if not self.left:
            self.done.set()
            return 0
        self.left -= 1
        return 1

    def close(self) -> None:
        self.closed = True


def test_a_failed_step_is_tried_again() -> None:
    worker = Countdown(3, failures=2)
    runtime = Runtime([worker])
    runtime.start()
    assert worker.done.wait(PATIENCE_SECONDS)
    assert runtime.healthy()
    runtime.stop()
    assert worker.closed


def test_drain_ends_when_nothing_is_left() -> None:
    assert drain([Countdown(3), Countdown(5)]) == 8
    with pytest.raises(RuntimeError):
        drain([Countdown(10)], rounds=2)
