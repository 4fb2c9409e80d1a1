"""The command line without a running hub: languages, help, exit codes, tokens, the folder's lock, the doctor."""

import json
from pathlib import Path

import pytest

from app.cli import first_load
from app.cli.main import main
from app.cli.wording import BETWEEN, language_from, split_language
from hub.auth.tokens import AccessFile
from hub.runtime.lock import FolderLock

COMMANDS = ("up", "import", "template", "export", "search", "kinds", "book", "rebuild", "doctor", "token")


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


def test_tokens_are_issued_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path), "--lang", "en"]
    assert main(["token", "issue", "Lab", "--role", "submitter", "--source", "owner", *data], {}) == 0
    token = capsys.readouterr().out.strip()
    holder = AccessFile(tmp_path).principal(token)
    assert holder is not None
    assert (holder.name, holder.roles, holder.sources) == ("Lab", frozenset({"submitter"}), frozenset({"owner"}))
    assert main(["token", "list", *data], {}) == 0
    told = capsys.readouterr().out
    assert "Lab" in told
    assert token not in told


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
