"""What the made-up API of the portal's unit tests answers about claims, managers of instruments and the audit trail."""

from collections.abc import Iterator
from typing import Any

from hub.kernel.operation import Operation
from schemas.http import audit, booking, claims, organisations

HOSTILE = "<script>alert(1)</script>&\"'"
AT = "2026-11-20T02:00:00Z"
HOLDER = "org-9"
DECIDED = {
    "id": "claim-1",
    "record_id": "instrument-1",
    "decision": "refused",
    "decided_by": HOSTILE,
    "decided_at": AT,
    "reason": HOSTILE,
}
ENTRY = {
    "number": 7,
    "at": AT,
    "account": "acc-2",
    "organisation": HOLDER,
    "credential": HOSTILE,
    "action": "claim.decide",
    "subject": "instrument-1",
    "outcome": "refused",
    "detail": HOSTILE,
    "hash": "0" * 64,
    "who": HOSTILE,
    "of": HOSTILE,
    "what": "裁定认领",
    "to": HOSTILE,
    "how": "被拒绝",
    "further": HOSTILE,
}
CHAIN = {"state": "whole", "number": 7, "at": AT, "checked_at": AT, "away": []}
MANAGERS = {"instrument": "instrument-1", "accounts": ["acc-2", "acc-gone"], "everywhere": ["acc-3"], "holder": HOLDER}


def member(number: int, *roles: str) -> dict[str, Any]:
    return {
        "account": f"acc-{number}",
        "name": f"{HOSTILE} {number}",
        "roles": roles,
        "administrator": False,
        "since": AT,
    }


def claim(number: int, record: dict[str, Any], source: dict[str, Any], **changed: Any) -> dict[str, Any]:
    field = {"field": "model", "label": HOSTILE, "recorded": HOSTILE, "claimed": HOSTILE}
    return {
        "id": f"claim-{number}",
        "record": record,
        "claimant": "org-2",
        "claimant_name": HOSTILE,
        "holder": HOLDER,
        "holder_name": HOSTILE,
        "source": source,
        "claimed_at": AT,
        "fields": [field],
        "alike": [field],
        "identifiers": [{"field": "pid", "label": HOSTILE, "value": HOSTILE}],
        "may_decide": True,
        "may_give_up": False,
        "contested": False,
        "decision": None,
        "decided_by": None,
        "decided_at": None,
        "reason": "",
    } | changed


def answers(record: dict[str, Any], source: dict[str, Any]) -> Iterator[tuple[Operation[Any], dict[str, str], object]]:
    """Each operation, what its path names, and what it answers."""
    instrument, refused = (
        {"instrument_id": "instrument-1"},
        {name: DECIDED[name] for name in ("decided_by", "decided_at")},
    )
    waiting = [claim(1, record, source), claim(2, record, source, holder="", holder_name="")]
    settled = [claim(3, record, source, decision="refused", reason=HOSTILE, **refused)]
    problem = {
        "code": "held",
        "message": HOSTILE,
        "expected": "",
        "found": "",
        "field": None,
        "label": None,
        "row": None,
    }
    results = [{"id": "claim-1", "decided": DECIDED, "problem": None}, {"id": "b", "decided": None, "problem": problem}]
    everybody = [member(1, "approver"), member(2, "manager"), member(3, "member", "approver"), member(4, "member")]
    yield from (
        (claims.CLAIMS, {}, {"claims": [*waiting, *settled], "next": "c+/=&"}),
        (claims.DECIDE_CLAIM, {"claim_id": "claim-1"}, DECIDED),
        (claims.DECIDE_CLAIMS, {}, {"claims": results, "next": "claim-2"}),
        (audit.AUDIT, {}, {"entries": [ENTRY, ENTRY | {"number": 6, "outcome": "done"}], "next": 6}),
        (audit.AUDIT_CHAIN, {}, CHAIN),
        (booking.MANAGERS, instrument, MANAGERS),
        (booking.NAME_MANAGERS, instrument, MANAGERS),
        (booking.MANAGERS, {"instrument_id": "*"}, MANAGERS | {"instrument": "*", "accounts": ["acc-3"]}),
        (organisations.MEMBERS, {"organisation_id": HOLDER}, {"members": everybody, "next": "a~b"}),
    )
