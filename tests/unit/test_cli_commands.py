"""The command line without a running hub: languages, help, exit codes, tokens, the folder's lock, the doctor."""

import json
from pathlib import Path

import pytest

from app.cli import first_load
from app.cli.main import main
from app.cli.session import settings_for
from app.cli.wording import BETWEEN, language_from, split_language
from app.composition import resources
from hub.auth.tokens import AccessFile
from hub.kernel.access import Principal
from hub.runtime.lock import FolderLock
from services.accounts.manifest import ACCOUNTS

COMMANDS = (
    "up",
    "import",
    "template",
    "export",
    "search",
    "kinds",
    "book",
    "rebuild",
    "doctor",
    "token",
    "account",
    "organisation",
    "session",
)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({}, "zh"),
    ],
)
def test_language_by_environment(environ: dict[str, str], language: str) -> None:
    assert language_from(environ) == language


@pytest.mark.parametrize(
    ("words", "rest", "chosen"),
    [
        (["search", "--lang", "en", "x"], ["search", "x"], "en"),
        (["--lang=zh", "search"], ["search"], "zh"),
        (["search", "--", "--lang", "en"], ["search", "--", "--lang", "en"], None),
        (["search", "--lang"], ["search"], ""),
    ],
)
def test_language_may_be_chosen_anywhere(words: list[str], rest: list[str], chosen: str | None) -> None:
    assert split_language(words) == (rest, chosen)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_one_language(command: str, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help", "--lang", language], {}) == 0
    told = capsys.readouterr().out
    assert BETWEEN not in told
    assert any("\u4e00" <= character <= "\u9fff" for character in told) == (language == "zh")
    if not command:
        assert all(name in told for name in COMMANDS)


def test_version_and_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"], {}) == 0
    assert capsys.readouterr().out.startswith("hub ")
    assert main(["frobnicate"], {}) == 2
    assert main(["search", "--lang", "fr"], {}) == 2
    assert main(["search", "--filter", "status", "--url", "http://127.0.0.1:9"], {}) == 2


def test_kinds_needs_no_hub(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kinds", "--lang", "zh"], {}) == 0
    told = capsys.readouterr().out
    assert "仪器设备" in told
    assert "orcid" in told


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    """What a command prints; it must end well."""
    assert main([*words, "--data", str(folder), "--lang", "en"], {}) == 0
    return capsys.readouterr().out.strip()


def holder(folder: Path, token: str) -> Principal | None:
    on = resources(settings_for(folder), making=True)
    try:
        return on.get(ACCOUNTS).principal(token)
    finally:
        on.close()


def test_tokens_are_issued_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = run(capsys, tmp_path, "token", "issue", "Lab", "--role", "submitter", "--source", "owner")
    other = run(capsys, tmp_path, "token", "issue", "Lab", "--role", "submitter", "--source", "owner")
    first, second = holder(tmp_path, token), holder(tmp_path, other)
    assert first is not None
    assert second is not None
    assert (first.name, first.roles, first.sources) == ("Lab", frozenset({"submitter"}), frozenset({"owner"}))
    assert first.account != second.account
    assert first.organisation != second.organisation, "two tokens for one source are two organisations"
    listed = run(capsys, tmp_path, "token", "list")
    assert all(text in listed for text in ("Lab", first.credential, "legacy-", "operator"))
    assert token not in listed
    run(capsys, tmp_path, "token", "revoke", first.credential)
    assert holder(tmp_path, token) is None
    assert holder(tmp_path, other) is not None
    assert main(["token", "revoke", first.credential, "--data", str(tmp_path)], {}) == 2


def test_a_token_of_an_older_release_is_good_until_it_is_revoked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = AccessFile(tmp_path).issue("Old", {"submitter"}, {"owner"})
    old = holder(tmp_path, token)
    assert old is not None
    assert old.credential in run(capsys, tmp_path, "token", "list")
    run(capsys, tmp_path, "token", "revoke", old.credential)
    assert holder(tmp_path, token) is None


def test_operators_verify_organisations_and_add_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AccessFile(tmp_path)
    organisation = run(capsys, tmp_path, "organisation", "add", "宁波大学", "--english", "Ningbo University")
    account = run(
        capsys, tmp_path, "account", "add", "张伟", "--email", "Zhang@Example.org", "-o", organisation,
        "--role", "submitter", "--administrator",
    )  # fmt: skip
    again = run(capsys, tmp_path, "account", "add", "other name", "--email", "zhang@example.org")
    assert again == account, "known by the address"
    assert "unverified" in run(capsys, tmp_path, "organisation", "list")
    run(capsys, tmp_path, "organisation", "verify", organisation, "--evidence", "licence")
    run(capsys, tmp_path, "organisation", "grant", organisation, "--source", "zhejiang", "--division", "33")
    listed = run(capsys, tmp_path, "organisation", "list", "--state", "verified")
    assert all(text in listed for text in (organisation, "zhejiang", "licence"))
    token = run(capsys, tmp_path, "token", "issue", "sync", "-r", "submitter", "-s", "zhejiang", "-o", organisation)
    known = holder(tmp_path, token)
    assert known is not None
    assert (known.organisation, known.sources, known.scope.divisions) == (organisation, {"zhejiang"}, {"33"})
    for known_as in (account, "Zhang@example.org"):
        assert "/sign-in?link=hub_lnk-" in run(capsys, tmp_path, "account", "link", known_as)
    run(capsys, tmp_path, "organisation", "suspend", organisation, "--reason", "fraud")
    suspended = holder(tmp_path, token)
    assert suspended is not None
    assert not suspended.roles
    run(capsys, tmp_path, "account", "disable", account)
    assert main(["account", "link", account, "--data", str(tmp_path)], {}) == 2
    assert run(capsys, tmp_path, "session", "list") != ""


@pytest.mark.parametrize(
    ("command", "helps"),
    [
        (["account", "link", "nope"], "hub account list"),
        (["account", "disable", "nope"], "hub account list"),
        (["organisation", "verify", "nope", "--evidence", "x"], "hub organisation list"),
        (["token", "revoke", "nope"], "hub token list"),
        (["session", "end", "nope"], "hub session list"),
    ],
)
def test_what_is_not_there_is_told_with_where_it_is_listed(
    command: list[str], helps: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    AccessFile(tmp_path)
    assert main([*command, "--data", str(tmp_path)], {}) == 2
    assert helps in capsys.readouterr().err


def test_a_wrong_credit_code_is_told_and_nothing_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AccessFile(tmp_path)
    words = ["organisation", "add", "x", "--code", "91330000142928410X", "--data", str(tmp_path), "--lang", "en"]
    assert main(words, {}) == 2
    assert "credit code" in capsys.readouterr().err
    assert "org-" not in run(capsys, tmp_path, "organisation", "list")


@pytest.mark.parametrize(
    "wrong",
    [["--role", "king"], ["--role", "submitter"], ["--role", "submitter", "--source", "nobody"]],
)
def test_wrong_tokens_are_not_issued(wrong: list[str], tmp_path: Path) -> None:
    assert main(["token", "issue", "Lab", *wrong, "--data", str(tmp_path / "new")], {}) == 2
    assert not (tmp_path / "new").exists()


def test_a_first_start_that_broke_off_is_still_one(tmp_path: Path) -> None:
    assert first_load.is_first_start(tmp_path)
    first_load.begin(tmp_path)
    AccessFile(tmp_path)
    assert first_load.is_first_start(tmp_path)
    (tmp_path / first_load.MARK).write_text(first_load.LOADED)
    assert not first_load.is_first_start(tmp_path)


def test_a_folder_that_was_used_without_the_sample_gets_none(tmp_path: Path) -> None:
    AccessFile(tmp_path)
    assert not first_load.is_first_start(tmp_path)


def test_rebuild_refuses_what_is_no_data_folder_and_one_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["rebuild", "--data", str(tmp_path), "--lang", "en"]
    assert main(command, {}) == 2
    (tmp_path / "records.db").touch()
    with FolderLock(tmp_path):
        assert main(command, {}) == 3
    assert "Stop it" in capsys.readouterr().err


def test_up_refuses_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text(json.dumps({}))
    assert main(["up", "--data", str(file / "below"), "--lang", "en"], {}) == 2
    assert "is no folder" in capsys.readouterr().err
