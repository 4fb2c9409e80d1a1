"""`hub doctor` and `hub rebuild` on real servers: well, and with each thing that can be amiss."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import psycopg
import pytest

from app.cli.main import main
from app.composition import compose
from app.operations.doctor import server_checks
from app.operations.doctor.checks import examine
from app.operations.doctor.result import Finding
from hub.kernel.entries import Entry
from hub.kernel.records import SUBMISSIONS
from hub.log.kafka_eventlog import KafkaEventLog
from hub.ports.records import Changes
from hub.runtime.manifest import CATALOGUE, RECORD_STORE
from hub.runtime.settings import Settings
from tests.integration.moving_hub import Servers, environment_of
from tests.unit.catalog_records import EXPERT, ORGANISATION, PROJECT, record
from tests.waiting import wait_until

pytestmark = pytest.mark.integration


def amiss(findings: Sequence[Finding]) -> list[str]:
    """What is not well, each with a remedy in both languages."""
    wrong = [one for one in findings if not one.fine]
    assert all(one.remedy and one.remedy.zh != one.remedy.en and one.what.zh != one.what.en for one in wrong)
    return [one.what.en for one in wrong]


def said(findings: Sequence[Finding], words: str) -> list[str]:
    return [one.what.en for one in findings if words in one.what.en]


@pytest.fixture
def settings(tmp_path: Path, kafka_bootstrap: str, elasticsearch_url: str, database: str) -> Iterator[Settings]:
    servers = Servers(kafka_bootstrap, elasticsearch_url, database)
    servers.wipe()
    made = servers.settings(tmp_path / "data")
    compose(made, roles=("ingest",)).close()  # whose stores are all that servers hold something of
    yield made
    servers.wipe()


def test_on_servers_that_are_well_and_on_what_is_wrong_with_them(settings: Settings) -> None:
    findings = examine(settings)
    assert amiss(findings) == []
    for words in (
        "Kafka answers", "topics are as", "every replica", "PostgreSQL", "Elasticsearch 9", "alias hub-records",
        "wait for curation", "wait for booking_outbox", "vault.key is the key", "equals the record store: 0 records",
    ):  # fmt: skip
        assert said(findings, words), words

    (settings.data_dir / "vault.key").unlink()
    with closing(KafkaEventLog(settings.kafka_bootstrap)) as log:
        log.append(SUBMISSIONS, [Entry(b"k", b"{}")])
    with psycopg.connect(settings.postgresql_dsn) as sql:
        sql.execute("UPDATE hub_migrations SET version_num = '0001'")
    findings = examine(settings.model_copy(update={"partitions": 5}))
    wrong = amiss(findings)
    assert any(line.startswith("topics differ") and "partitions is 3, wanted 5" in line for line in wrong)
    assert any(line.startswith("tables are at step 0001") for line in wrong)
    assert any(line.startswith("the vault does not open: the key file vault.key is missing") for line in wrong)
    assert not (settings.data_dir / "vault.key").exists(), "a check makes no key"
    assert said(findings, "on their way")


def test_a_catalogue_that_lost_records_is_told_and_rebuilt_while_services_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = compose(settings, roles=("curation", "catalog"))
    try:
        made = [record("organisation", ORGANISATION), record("expert", EXPERT), record("project", PROJECT)]
        with hub.get(RECORD_STORE).batch() as unit:
            unit.save(Changes(records=made))
        wait_until(
            lambda: bool([worker.step(0.5) for worker in hub.workers]) and hub.get(CATALOGUE).count() == len(made)
        )
        for name, value in environment_of(settings).items():
            monkeypatch.setenv(name, value)
        where = ["--data", str(settings.data_dir), "--lang", "en"]
        assert main(["doctor", *where], {}) == 0, capsys.readouterr().out
        body = {"query": {"match_all": {}}, "max_docs": 1}
        url = f"{settings.elasticsearch_url}/hub-records/_delete_by_query?refresh=true"
        httpx.post(url, json=body).raise_for_status()
        assert main(["doctor", *where], {}) == 1
        assert "the catalogue differs from the record store" in capsys.readouterr().out
        assert main(["rebuild", *where], {}) == 0
        assert f"rebuilt: {len(made)} records" in capsys.readouterr().out
        assert hub.get(CATALOGUE).count() == len(made)
        assert main(["doctor", *where], {}) == 0
    finally:
        for worker in hub.workers:
            worker.close()
        hub.close()


def test_servers_that_are_away_are_told_with_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server_checks, "CONNECT_SECONDS", 1.0)
    away = Settings(
        profile="real",
        data_dir=tmp_path,
        kafka_bootstrap="127.0.0.1:1",
        elasticsearch_url="http://127.0.0.1:1",
        postgresql_dsn="postgresql://hub:hidden@127.0.0.1:1/hub",
        oidc_issuer="http://127.0.0.1:1/realm",
    )
    wrong = amiss(examine(away))
    assert [line.split(" cannot be used")[0] for line in wrong if "cannot be used" in line] == [
        "Kafka",
        "PostgreSQL",
        "Elasticsearch",
    ]
    assert any("tells 0 usable keys" in line for line in wrong)
    assert "hidden" not in " ".join(wrong)
    monkeypatch.setenv("HUB_PROFILE", "real")
    monkeypatch.setenv("HUB_ELASTICSEARCH_URL", "http://127.0.0.1:1")
    assert main(["rebuild", "--data", str(tmp_path), "--lang", "en"], {}) == 3
    assert "It was not completed" in capsys.readouterr().err
