"""Reads what callers ask of usage, and says in both languages what was expected instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from re import fullmatch
from typing import Any

from hub.kernel.canonical import canonical_json, short_digest
from hub.kernel.problems import Problem, Refusal, quoted, refusal
from hub.text.messages import bilingual
from schemas.codes.divisions import is_division
from schemas.events.usage import ID_CHARS, Run
from schemas.http.usage import RUNS_LIMIT, Scope
from services.usage.core.intervals import shifted
from services.usage.ports import SCOPES

MONTHS_LIMIT = 120
DEFAULT_MONTHS = 12
FIRST_MONTH = "2000-01"
PROBLEMS_LIMIT = 50
CLOCK_SKEW = timedelta(minutes=5)

_RUN_ID = bilingual("usage.bad-id.run-id-most-characters")
_PAST = bilingual("usage.not-over")
_THIS = bilingual("usage.wrong-instrument")


@dataclass(frozen=True, slots=True)
class Question:
    """Which indicators somebody wants."""

    scope: Scope
    id: str
    first: str
    last: str


def read_question(
    scope: str | None, wanted: str | None, first: str | None, last: str | None, *, this_month: str
) -> Question:
    """Raises Refusal (400). Without months, the latest DEFAULT_MONTHS."""
    known = next((one for one in SCOPES if one == scope), None)
    if known is None:
        raise refusal("bad-scope", "usage.bad-scope", scope or "", "scope", 400, known=", ".join(SCOPES))
    if not wanted or len(wanted) > ID_CHARS:
        raise refusal("bad-id", "usage.bad-id", wanted or "", "id", 400)
    if known == "county" and not (fullmatch(r"[0-9]{6}", wanted) and is_division(wanted)):
        raise refusal("bad-county", "usage.bad-county", wanted, "id", 400)
    end = _month(last, "to") or this_month
    start = _month(first, "from") or max(shifted(end, 1 - DEFAULT_MONTHS), FIRST_MONTH)
    if not start <= end < shifted(start, MONTHS_LIMIT):
        raise refusal("order", "usage.order", last or end, "to", 400, most=MONTHS_LIMIT)
    return Question(known, wanted, start, end)


def read_runs(body: Any, instrument: str, known_as: Sequence[str], now: datetime) -> list[tuple[str, Run]]:
    """The runs of a request with the id of each, which is the sender's own `id`, else made from the start.

    `instrument` is the id that the runs get; `known_as` are those by which the sender may call it. Raises Refusal
    (422) with the problems of every row, at most PROBLEMS_LIMIT.
    """
    rows = body if isinstance(body, list) else [body]
    if not 0 < len(rows) <= RUNS_LIMIT:
        raise refusal("bad-size", "usage.bad-size", str(len(rows)), most=RUNS_LIMIT)
    runs: list[tuple[str, Run]] = []
    problems: list[Problem] = []
    for number, raw in enumerate(rows, 1):
        try:
            runs.append(_read_run(raw, instrument, known_as, now, number))
        except Refusal as refused:
            problems += refused.problems
    if problems:
        raise Refusal(*problems[:PROBLEMS_LIMIT])
    return runs


def _read_run(raw: Any, instrument: str, known_as: Sequence[str], now: datetime, row: int) -> tuple[str, Run]:
    if not isinstance(raw, dict):
        return "", Run.read(raw, row)
    members = dict(raw)
    run_id, named = members.pop("id", None), members.pop("instrument_id", None)
    if run_id is not None and not (isinstance(run_id, str) and 0 < len(run_id) <= ID_CHARS and run_id.isprintable()):
        raise Refusal(Problem("bad-id", _RUN_ID.format(most=ID_CHARS), quoted(run_id), "id", row=row))
    if named is not None and named not in known_as:
        raise Refusal(Problem("wrong-instrument", _THIS, quoted(named), "instrument_id", row=row))
    run = Run.read(members | {"instrument_id": instrument}, row)
    if run.ended_at > now + CLOCK_SKEW:
        raise Refusal(Problem("not-over", _PAST, quoted(members["ended_at"]), "ended_at", row=row))
    return run_id or short_digest(canonical_json([instrument, run.started_at])), run


def _month(text: str | None, name: str) -> str | None:
    if not text:
        return None
    if not fullmatch(r"2[01][0-9]{2}-(0[1-9]|1[0-2])", text):
        raise refusal("bad-month", "usage.bad-month", text, name, 400)
    return text
