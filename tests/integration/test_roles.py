"""Each role alone: a process opens what its role needs, and works where nothing else can be reached."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import httpx
import orjson
import pytest
import uvicorn
from fastapi import APIRouter
from fastapi.testclient import TestClient

import schemas
from app import composition
from app.composition import MANIFESTS, ROLES, compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.runtime.manifest import AUDIT, DATABASE, SQLITE_LOG, Key, Manifest, Resources, Store
from hub.runtime.settings import Settings

pytestmark = pytest.mark.integration
PATIENCE_SECONDS = 120.0
NOWHERE = {
    "kafka_bootstrap": "127.0.0.1:1",
    "elasticsearch_url": "http://127.0.0.1:1",
    "postgresql_dsn": "postgresql://hub@127.0.0.1:1/hub",
}
LOG_AND_TABLES = {"kafka_bootstrap", "postgresql_dsn"}
REACHED = {
    "accounts": {"postgresql_dsn"},
    "ingest": set(NOWHERE), "curation": LOG_AND_TABLES, "catalog": set(NOWHERE), "booking": LOG_AND_TABLES,
    "usage": LOG_AND_TABLES, "privacy": {"postgresql_dsn"}, "portal": set(),
}  # fmt: skip
"""The servers that each role needs."""
OF_EVERY_PROCESS = {"/api/v1/me", "/healthz", "/readyz"}


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def declared(manifest: Manifest) -> set[Key[Any]]:
    """The audit trail is of every process that answers callers, since it notes whom it turns away."""
    return {*manifest.needs, *manifest.uses, AUDIT}


def works(settings: Settings, manifest: Manifest) -> None:
    """Run the role; it opens what it declares and nothing else, and tells of what it needs."""
    hub = compose(settings, roles=(manifest.role,))
    try:
        with TestClient(create_app(hub)) as client:
            ready = client.get("/readyz")
            assert ready.status_code == 200, ready.text
            stores = {name.removeprefix("store ") for name in ready.json()["checks"] if name.startswith("store ")}
            assert stores - {"folder"} == {key.name for key in manifest.needs}
            paths = client.get("/api/v1/openapi.json").json()["paths"]
            assert (paths.keys() > OF_EVERY_PROCESS) is bool(manifest.router)
        assert set(hub.resources.opened) - {SQLITE_LOG, DATABASE} | {AUDIT} == declared(manifest)
    finally:
        hub.close()


def test_all_roles_together_tell_the_whole_contract(tmp_path: Path) -> None:
    published = orjson.loads((Path(schemas.__path__[0]) / "published" / "openapi.json").read_bytes())
    hub = compose(Settings(data_dir=tmp_path))
    with TestClient(create_app(hub), base_url="http://localhost") as client:
        assert client.get("/api/v1/openapi.json").json()["paths"].keys() == published["paths"].keys()
    hub.close()


def lost(_: Resources) -> NoReturn:
    raise ConnectionError("nobody is there")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=ROLES)
def test_a_role_works_where_no_other_store_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest
) -> None:
    only = [
        replace(other, stores=tuple(s if s.key in declared(manifest) else replace(s, open=lost) for s in other.stores))
        for other in MANIFESTS
    ]
    monkeypatch.setattr(composition, "MANIFESTS", only)
    works(Settings(data_dir=tmp_path), manifest)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=ROLES)
def test_a_role_works_where_no_other_server_can_be_reached(
    tmp_path: Path, request: pytest.FixtureRequest, manifest: Manifest
) -> None:
    there = {
        name: request.getfixturevalue("database" if name == "postgresql_dsn" else name)
        for name in sorted(REACHED[manifest.role])
    }
    works(Settings.model_validate({"profile": "real", "data_dir": tmp_path, **NOWHERE, **there}), manifest)


def test_what_was_opened_is_closed_where_another_store_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    (ours,) = (manifest for manifest in MANIFESTS if manifest.role == "usage")
    (usage,) = ours.stores
    kept = Key[Loans]("kept")
    stores = Store(kept, lambda _: Loans(closed), bool), replace(usage, open=lost)
    fake = Manifest("fake", stores=stores, needs=(kept, usage.key))
    monkeypatch.setattr(composition, "MANIFESTS", (fake,))
    with pytest.raises(ConnectionError):
        compose(Settings(data_dir=tmp_path))
    assert closed == ["loans"]


class Loans:
    """A store of a service that the hub does not know of."""

    def __init__(self, closed: list[str]) -> None:
        self.away = False
        self.taken = 0
        self._closed = closed

    def ask(self) -> int:
        if self.away:
            raise ConnectionError
        return self.taken

    def close(self) -> None:
        self._closed.append("loans")


class Lending:
    """A worker that lends one thing, and then waits."""

    name = "loans.lending"

    def __init__(self, loans: Loans) -> None:
        self._loans = loans

    def step(self, timeout: float) -> int:
        time.sleep(timeout)
        self._loans.taken += 1
        return 1

    def close(self) -> None: ...


def test_a_service_with_a_store_of_its_own_needs_no_change_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    key = Key[Loans]("loans")

    def router(on: Resources) -> APIRouter:
        api, loans = APIRouter(), on.get(key)
        api.add_api_route("/api/v1/loans", lambda: {"taken": loans.ask()})
        return api

    fake = Manifest(
        "loans",
        stores=(Store(key, lambda _: Loans(closed), Loans.ask),),
        needs=(key,),
        router=router,
        workers=lambda on: (Lending(on.get(key)),),
    )
    monkeypatch.setattr(composition, "MANIFESTS", (*MANIFESTS, fake))
    hub = compose(Settings(data_dir=tmp_path))
    with TestClient(create_app(hub)) as client:
        until(lambda: client.get("/api/v1/loans").json()["taken"] > 0)
        ready = client.get("/readyz").json()["checks"]
        assert ready["store loans"]["status"] == ready["worker loans.lending"]["status"] == "ok"
        hub.get(key).away = True
        until(lambda: client.get("/readyz").json()["checks"]["store loans"]["status"] == "failing")
    assert closed == []
    hub.close()
    assert closed == ["loans"]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """An embedded hub, listening; its address."""
    hub = compose(Settings(data_dir=folder))
    server = uvicorn.Server(uvicorn.Config(create_app(hub), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        hub.close()


def address_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise AssertionError("it has ended without an address")


def test_the_portal_starts_and_shows_pages_with_no_server_but_the_apis(tmp_path: Path) -> None:
    with served(tmp_path / "hub") as api:
        token = {"Authorization": f"Bearer {operator_token(tmp_path / 'hub')}"}
        row = orjson.dumps({"_id": "o1", "name_en": "Distant Institute", "place": {"country": "CN"}})
        sent = httpx.post(
            f"{api}/api/v1/submissions/organisation?source=owner&format=ndjson", content=row, headers=token
        )
        assert sent.status_code == 202
        until(lambda: httpx.get(f"{api}/api/v1/search?q=distant").json()["total"])
        away = {f"HUB_{name.upper()}": value for name, value in NOWHERE.items()}
        own = {
            "HUB_PROFILE": "real",
            "HUB_API_URL": api,
            "HUB_DATA_DIR": str(tmp_path / "portal"),
            "PYTHONUNBUFFERED": "1",
        }
        portal = subprocess.Popen(
            [sys.executable, "-c", "from app.cli.main import run; run()", "serve", "portal", "--port", "0"],
            env={**os.environ, **away, **own},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = address_of(portal)
            page = httpx.get(f"{url}/?q=distant&lang=en", timeout=60.0)
            assert page.status_code == 200
            assert "Distant Institute" in page.text
            assert httpx.get(f"{url}/readyz").json() == {"status": "ok", "checks": {}}
        finally:
            portal.terminate()
            portal.wait(PATIENCE_SECONDS)
