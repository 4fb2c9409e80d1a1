"""schemathesis on the published openapi.json against a running hub, for each kind of caller.

python -m tests.fuzz [seconds a caller]      on a hub of its own, with sample data

Every answer must have a documented status, a documented type and the shape that its model says, and none may be 5xx.
What is as the document says must be taken, and what is not refused; UNSAYABLE names where a schema cannot say it all.
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
from schemas.http import OPERATIONS
from schemas.http.booking import AVAILABILITY, BOOK, AvailabilityQuery, NewBooking
from schemas.http.catalog import SAVE_SEARCH, SEARCH, NewSearch, SearchQuery
from schemas.http.ingest import RECEIPTS, ReceiptsQuery
from tests.started import Started

OTHER_CHECKS = (
    "allow_header_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "object_level_authorization",
    "unsupported_method",
    "use_after_free",
)
"""Not made: they are about the order of requests, or statuses that the hub chooses otherwise on purpose."""
CLEAN = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]"
"""Of any text that is sent, as the document says in words."""
REFUSED = ("400", "401", "403", "404", "405", "408", "409", "410", "413", "414", "415", "422", "429", "431")
TAKEN = ("2XX", "304", "401", "403", "404", "409", "410", "429", "431")
"""Beside what is there: that it is not there, not the caller's, withdrawn or taken, or sent under too long a head."""
UNSAYABLE: Mapping[str, Mapping[str, str]] = {
    "positive_data_acceptance": {
        "list_bookings": "`instrument` goes with one `scope` alone, and a cursor is what the page before gave",
        "get_availability": "days are those between 2000 and 2200",
        "book": "times lie ahead, on the grid of the instrument",
        "search_records": "paths, kinds and sort orders are those that there are; a cursor is what a page before gave",
        "run_saved_search": "as of a search",
        "suggest_names": "kinds are those that there are",
        "save_search": "the query string is that of a search",
        "get_usage": "the last month does not lie before the first",
        "record_runs": "a run ends after it began, and has ended",
        "list_conflicts": "kinds are those that there are",
        "list_duplicates": "a cursor is what the page before gave",
        "decide_same_as": "both are records of one kind, and not the same already",
        "prefer_source": "the field is one of the record's kind",
        "send_code": "the text is an e-mail address",
        "register_organisation": "the organisation has a name, and a credit code its check character",
        "invite_member": "the text is an e-mail address",
        "verify_organisation": "the evidence is more than blanks, and a credit code has its check character",
        "submit": "a document is one of the formats that its name or type says",
    },
    "negative_data_rejection": {
        "get_liveness": "nothing that is sent is looked at",
        "get_readiness": "nothing that is sent is looked at",
    },
}
"""What a schema cannot say of an operation's values, by the check that asks for it and the operation's id."""
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
    _clean(document["components"]["parameters"])
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                _clean(parameter.get("schema"))
                if parameter.get("name") in ids and parameter["schema"].get("type") == "string":
                    parameter["schema"] = _either(ids[parameter["name"]], parameter["schema"])
    for operation_model in (operation.body for operation in OPERATIONS if operation.body):
        for model in (operation_model.__name__, "NewRun"):
            _clean(document["components"]["schemas"][model])
    for model in ("NewBooking", "NewSameAs", "NewRun"):
        properties = document["components"]["schemas"][model]["properties"]
        properties.update({name: _either(ids[name], properties[name]) for name in properties if name in ids})
    return document


def _clean(schema: Any) -> None:
    """Keep its texts to CLEAN, where it says nothing nearer of them."""
    if isinstance(schema, list):
        for item in schema:
            _clean(item)
    elif isinstance(schema, dict):
        if schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format"}:
            schema.setdefault("pattern", f"^{CLEAN}*$")
            schema["pattern"] = schema["pattern"].replace("[^/]", f"(?:(?!/){CLEAN})")
        for part in [*schema.values()]:
            _clean(part)


def _either(known: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": list(known)}, schema]}


def settings() -> str:
    """schemathesis.toml: which statuses refuse and which take, and of what operations a schema cannot say it all."""
    lines = ["[checks]", *(f"{check}.enabled = false" for check in OTHER_CHECKS)]
    for check, statuses in (("negative_data_rejection", REFUSED), ("positive_data_acceptance", TAKEN)):
        lines += [f"[checks.{check}]", f"expected-statuses = {list(statuses)}"]
    for check, operations in UNSAYABLE.items():
        for name in operations:
            lines += ["[[operations]]", f'include-operation-id = "{name}"', f"checks.{check}.enabled = false"]
    return "\n".join(lines)


def fuzz(document: Path, url: str, caller: Caller, seconds: int, examples: int) -> subprocess.CompletedProcess[str]:
    """Run schemathesis for so many seconds; its exit code is 0 where it found nothing."""
    configuration = document.with_suffix(".toml")
    configuration.write_text(settings(), "utf-8")
    command = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    command += ["--config-file", str(configuration), "run", str(document)]
    command += ["--url", url, "--phases", "coverage,fuzzing", "--no-color"]
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
