"""A hub on embedded adapters, called over HTTP by labs, companies and systems whose accounts all have one name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from fastapi.testclient import TestClient

from app.composition import compose
from app.server import create_app
from hub.auth.tokens import operator_token
from hub.kernel.access import Role
from hub.ports.clock import Clock
from hub.runtime.settings import Settings
from services.accounts.manifest import ACCOUNTS
from tests.waiting import wait_until

LAB: tuple[Role, ...] = ("submitter", "manager")


@dataclass
class Caller:
    """Who calls with one token."""

    client: TestClient
    token: str

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(f"/api/v1/{path}", params=query, headers=self._headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(f"/api/v1/{path}", json=body or {}, headers=self._headers | headers)

    def send(self, *rows: Mapping[str, Any], kind: str = "instrument", source: str = "owner", **headers: str) -> Any:
        body = b"\n".join(map(orjson.dumps, rows))
        path = f"/api/v1/submissions/{kind}?source={source}&format=ndjson"
        return self.client.post(path, content=body, headers=self._headers | headers)

    def registered(self, row: Mapping[str, Any]) -> str:
        """The id of the record, once it can be found."""
        receipt = self.send(row).json()["id"]
        wait_until(lambda: self.get(f"receipts/{receipt}").json()["states"]["searchable"] == 1)
        return str(self.get(f"receipts/{receipt}/rows").json()["rows"][0]["record_id"])

    def sent(self, *rows: Mapping[str, Any], kind: str = "instrument", source: str = "owner") -> list[dict[str, Any]]:
        """What became of each row, once curation has read them all."""
        answer = self.send(*rows, kind=kind, source=source)
        assert answer.status_code == 202, answer.text
        receipt = answer.json()["id"]
        wait_until(lambda: not self.get(f"receipts/{receipt}").json()["states"]["received"])
        found: list[dict[str, Any]] = self.get(f"receipts/{receipt}/rows").json()["rows"]
        return found

    def record(self, record_id: str) -> dict[str, Any]:
        """The record that the id leads to."""
        found: dict[str, Any] = self.get(f"records/{record_id}").json()
        return self.record(found["replaced_by"]) if found["replaced_by"] else found

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"}


class Site:
    """A hub, and callers whose machine accounts all have one name."""

    def __init__(self, folder: Path, client: TestClient, issue: Any) -> None:
        self.client = client
        self._issue = issue
        self.operator = Caller(client, operator_token(folder) or "")

    def caller(self, *roles: Role, source: str = "owner") -> Caller:
        """A new account with an organisation of its own."""
        sources = {source} if "submitter" in roles else set[str]()
        return Caller(self.client, self._issue("张伟", roles, sources).text)

    def live(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """The active records that the rows are about now, by their ids."""
        found = [self.operator.record(row["record_id"]) for row in rows if row["record_id"]]
        return {record["id"]: record for record in found if record["status"] == "active"}

    def offered(self, wanted: Collection[str]) -> set[tuple[str, ...]]:
        """The pairs of these records that stewards are asked about, each with its sign."""
        after, pairs = "", []
        while after is not None:
            page = self.operator.get("duplicates", limit="100", **({"after": after} if after else {})).json()
            pairs += page["duplicates"]
            after = page["next"]
        named = [(pair["sign"], *sorted((pair["left"]["id"], pair["right"]["id"]))) for pair in pairs]
        return {name for name in named if set(name[1:]) <= set(wanted)}

    def readiness(self) -> Any:
        return self.client.get("/readyz").json()


@contextmanager
def running(folder: Path, clock: Clock | None = None, sources: Path | None = None) -> Iterator[Site]:
    """A hub at work; `sources` is a register of sources in the place of the shipped one."""
    hub = compose(Settings(data_dir=folder, sources_file=sources), clock)
    with TestClient(create_app(hub)) as client:
        yield Site(folder, client, hub.get(ACCOUNTS).tokens.issue_for_machine)
    hub.close()
