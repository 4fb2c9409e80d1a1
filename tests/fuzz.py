"""schemathesis on the published openapi.json against a running hub, for each kind of caller.

python -m tests.fuzz [seconds a caller]      on a hub of its own, with sample data

Every answer must have a documented status, a documented type and the shape that its model says, and none may be 5xx.
Beside what schemathesis makes up, ids of what there is are among the values, so that more than refusals are seen.
"""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from hub.web.client import HubClient
from schemas.derive.publish import OPENAPI, ROOT
from schemas.http.booking import AVAILABILITY, BOOK, AvailabilityQuery, NewBooking
from schemas.http.catalog import SAVE_SEARCH, SEARCH, NewSearch, SearchQuery
from schemas.http.ingest import RECEIPTS, ReceiptsQuery
from tests.started import Started

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SEED = 20_261_127
KINDS = ("instrument", "organisation", "expert")
Ids = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls, by a token that the hub knows, or by none."""

    name: str
    token: str = ""


def callers(folder: Path) -> tuple[Caller, ...]:
    """Those whom a hub with sample data knows by what lies in its folder, and the anonymous."""
    operator, member = ((folder / f"{name}.token").read_text("utf-8").strip() for name in ("operator", "demo"))
    return Caller("anonymous"), Caller("member", member), Caller("operator", operator)


def ids_of(url: str, folder: Path) -> Ids:
    """Ids of what there is by the names of parameters; something of each is made first."""
    _, member, operator = callers(folder)
    with HubClient(url, member.token, "en") as client:
        found = [client.call(SEARCH, query=SearchQuery(kind=(kind,), size=3)).hits for kind in KINDS]
        records = tuple(hit.id for hits in found for hit in hits)
        instrument = next(hit.id for hit in _instruments(client) if hit.bookable)
        offer = client.call(AVAILABILITY, query=AvailabilityQuery(days=14), instrument_id=instrument)
        slot = next(slot for day in offer.days for slot in day.slots if slot.state == "free")
        wanted = NewBooking(instrument=instrument, start=slot.start, end=slot.end)
        booking = client.call(BOOK, wanted, headers={"Idempotency-Key": uuid4().hex})
        search = client.call(SAVE_SEARCH, NewSearch(name="fuzz", query="q=a"))
    with HubClient(url, operator.token, "en") as client:
        receipts = tuple(one.id for one in client.call(RECEIPTS, query=ReceiptsQuery(limit=3)).receipts)
    return {
        **dict.fromkeys(("record_id", "id", "left", "right"), records),
        **dict.fromkeys(("instrument_id", "instrument"), (instrument,)),
        "booking_id": (booking.id,),
        "search_id": (search.id,),
        "receipt_id": receipts,
        "kind": KINDS,
    }


def _instruments(client: HubClient) -> Sequence[Any]:
    priced = [("kind", "instrument"), ("from.hourly_rate.amount", "0"), ("size", "50")]
    return client.call(SEARCH, query=priced).hits


def specification(ids: Ids) -> dict[str, Any]:
    """The published document, in which known ids are among the values of what is sent."""
    document: dict[str, Any] = orjson.loads((ROOT / OPENAPI).read_bytes())
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter.get("name") in ids and parameter["schema"].get("type") == "string":
                    parameter["schema"] = _either(ids[parameter["name"]], parameter["schema"])
    for model in ("NewBooking", "NewSameAs", "NewRun"):
        properties = document["components"]["schemas"][model]["properties"]
        properties.update({name: _either(ids[name], properties[name]) for name in properties if name in ids})
    return document


def _either(known: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": list(known)}, schema]}


def fuzz(document: Path, url: str, caller: Caller, seconds: int, examples: int) -> subprocess.CompletedProcess[str]:
    """Run schemathesis for so many seconds; its exit code is 0 where it found nothing."""
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", str(document)]
    command += ["--url", url, "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--no-color"]
    command += ["--max-time", str(seconds), "--max-examples", str(examples), "--seed", str(SEED), "--warnings", "off"]
    command += ["--continue-on-failure", "--generation-database", "none", "--output-truncate", "false"]
    headers = ["-H", f"Authorization: Bearer {caller.token}"] if caller.token else []
    return subprocess.run([*command, *headers], capture_output=True, text=True, check=False, cwd=document.parent)


def main(arguments: list[str]) -> int:
    """The command; 1 where an answer is not as its contract says."""
    seconds, failed = int(arguments[0]) if arguments else 300, False
    with tempfile.TemporaryDirectory() as folder:
        hub = Started(Path(folder) / "hub")
        try:
            url = hub.read_until("The hub is up").split()[-1]
            hub.read_until("Press Ctrl-C")
            document = Path(folder) / "openapi.json"
            document.write_bytes(orjson.dumps(specification(ids_of(url, hub.folder))))
            for caller in callers(hub.folder):
                done = fuzz(document, url, caller, seconds, 100)
                print(f"== {caller.name}\n{done.stdout}{done.stderr}")
                failed |= done.returncode != 0
        finally:
            hub.stop(signal.SIGINT)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
