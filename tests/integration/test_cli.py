"""The hub as its operator meets it: one process, started, fed, asked and stopped from a shell."""

import json
import re
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import sample
from app.cli.main import main
from tests.started import Started

TABLE = """资产编号,仪器名称,所在单位,是否共享,状态,开放时间,预约时段（分钟）,预约确认方式
T-1,示例光谱仪,宁波大学 (https://ror.org/03et85d35),是,在用,每天 00:00-24:00,60,自动确认
T-2,示例色谱仪,宁波大学 (https://ror.org/03et85d35),也许,在用,每天 00:00-24:00,60,自动确认
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    hub = Started(tmp_path_factory.mktemp("hub"))
    try:
        hub.read_until("Ctrl-C")
        yield hub
    finally:
        if hub.process.poll() is None:
            hub.stop(signal.SIGINT)


def hub(started: Started, *words: str) -> int:
    return main([*words, "--data", str(started.folder), "--lang", "en"], {})


def test_the_first_start_loads_the_sample_and_prints_who_may_come_in(started: Started) -> None:
    told = "".join(started.lines)
    rows = sum(file.rows() for file in sample.FILES)
    assert f"The sample is loaded: {rows} records can be found" in told
    assert "refused" not in told
    links = re.findall(r"http://127\.0\.0\.1:\d+/sign-in\?link=\S{40,}", told)
    assert len(links) == 2
    for link in links:
        assert [httpx.get(link, headers={"accept": "text/html"}).status_code for _ in range(2)] == [303, 401], (
            "good once"
        )
    for name in ("operator.token", "demo.token"):
        path = started.folder / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text() not in told


def test_a_second_hub_on_the_folder_is_refused(started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    assert hub(started, "up", "--port", "0") == 3
    assert "runs on" in capsys.readouterr().err
    assert hub(started, "rebuild") == 3


def test_a_taken_port_is_told(started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = (started.folder / "hub.address").read_text().rpartition(":")[2]
    assert main(["up", "--port", port, "--data", str(tmp_path), "--lang", "en"], {}) == 3
    assert "--port 8081" in capsys.readouterr().err


def test_a_table_is_imported_found_and_booked(
    started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, mend = tmp_path / "仪器.csv", tmp_path / "mend.csv"
    table.write_text(TABLE, "utf-8")
    words = ["import", str(table), "--kind", "instrument", "--source", "owner"]
    assert hub(started, *words, "--refused", str(mend)) == 1
    told = capsys.readouterr()
    assert "1 rows taken, 1 refused" in told.out
    assert "row 3" in told.err
    assert "也许" in told.err

    mend.write_text(mend.read_text("utf-8-sig").replace("也许", "否"), "utf-8")
    assert hub(started, "import", str(mend), "--kind", "instrument", "--source", "owner") == 0
    capsys.readouterr()

    assert hub(started, "search", "示例光谱仪", "--kind", "instrument", "--json") == 0
    (found,) = [hit for hit in json.loads(capsys.readouterr().out)["hits"] if hit["title"] == "示例光谱仪"]
    assert hub(started, "book", found["id"], "--days", "3") == 0
    day, number = re.findall(r"(\d{4}-\d\d-\d\d)  .*?(\d\d:\d\d)\n", capsys.readouterr().out)[-1]
    book = ["book", found["id"], "--start", f"{day} {number}", "--purpose", "a test"]
    assert hub(started, *book) == 0
    assert "confirmed" in capsys.readouterr().out
    assert hub(started, *book) == 1


def test_a_wrong_source_or_token_is_refused_entirely(started: Started, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text(TABLE, "utf-8")
    words = ["import", str(table), "--kind", "instrument", "--source", "owner", "--token"]
    assert hub(started, *words, "nobody's") == 3
    assert hub(started, *words, (started.folder / "demo.token").read_text()) == 3


def test_the_doctor_is_content_while_it_runs(started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    code = hub(started, "doctor")
    assert code == 0, capsys.readouterr().out


def test_what_is_carried_out_of_the_hub_is_noted(
    started: Started, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert hub(started, "export", "laboratory", "-o", str(tmp_path / "laboratories.ndjson")) == 0
    assert hub(started, "backup", str(tmp_path / "hub.tar"), "--without-key") == 0
    assert hub(started, "audit", "export") == 0
    capfd.readouterr()
    assert hub(started, "audit", "export") == 0
    noted = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    rows = len((tmp_path / "laboratories.ndjson").read_text("utf-8").splitlines())
    assert rows
    assert [(entry["account"], entry["action"], entry["detail"]) for entry in noted[-3:]] == [
        ("operator", "records.export", f"{rows} records into laboratories.ndjson"),
        ("operator", "backup.make", "hub.tar without keys"),
        ("operator", "audit.export", ""),
    ]
    assert noted[-3]["subject"] == "laboratory"


def test_it_stops_starts_again_and_can_be_rebuilt(started: Started, capsys: pytest.CaptureFixture[str]) -> None:
    assert started.stop(signal.SIGINT) == 0
    assert "The hub has stopped." in started.lines[-1]
    assert "Traceback" not in "".join(started.lines)
    assert not (started.folder / "hub.address").exists()
    assert hub(started, "rebuild") == 0
    assert "The catalogue is rebuilt" in capsys.readouterr().out
    again = Started(started.folder)
    again.read_until("Ctrl-C")
    assert "sample" not in "".join(again.lines)
    assert again.stop(signal.SIGTERM) == 0
