"""Rows of the record store's tables, and the values that they stand for."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from hub.kernel.canonical import short_digest
from hub.kernel.contributions import (
    Claim,
    ClaimDecided,
    Contribution,
    ContributionKey,
    Older,
    Ownership,
    Preference,
)

_SEPARATOR = "\x1f"
_SPEAKING_FOR = "\x1e"
"""Between a source and the organisation that it speaks for; there was none before organisations were told apart."""


def contribution_row(one: Contribution) -> Sequence[object]:
    """As the table has it."""
    older = None if one.older is None else orjson.dumps([one.older.floor, one.older.fields])
    return (joined_key(one.key), *claim_row(one.claim), one.received_at, orjson.dumps(one.fields), older)


def claim_row(claim: Claim) -> tuple[object, ...]:
    """The part of a contribution's row that is its claim."""
    return (claim.record_id, claim.source_version, claim.withdrawn, claim.digest, claim.authority)


def alias_rows(leading: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """The identifiers and what they lead to, in their order."""
    return [(alias, " ".join(ids)) for alias, ids in sorted(leading.items())]


def joined_key(key: ContributionKey) -> str:
    """The key as one column."""
    kind, source, organisation, source_record_id = key
    speaker = f"{source}{_SPEAKING_FOR}{organisation}" if organisation else source
    return _SEPARATOR.join((kind, speaker, source_record_id))


def split_key(joined: str) -> ContributionKey:
    """The key again; only its last part may hold any character."""
    kind, speaker, source_record_id = joined.split(_SEPARATOR, 2)
    source, _, organisation = speaker.partition(_SPEAKING_FOR)
    return (kind, source, organisation, source_record_id)


def contribution_of(row: Row[*tuple[Any, ...]]) -> Contribution:
    """A row with all of these columns."""
    kind, source, organisation, source_record_id = split_key(row.key)
    older = None
    if row.older is not None:
        floor, fields = orjson.loads(row.older)
        older = Older(tuple(floor) if floor else None, {name: tuple(said) for name, said in fields.items()})
    fields = orjson.loads(row.fields)
    return Contribution(kind, source, source_record_id, claim_of(row), row.received_at, fields, organisation, older)


def claim_id(claim: Ownership) -> str:
    """The id under which people are told of a claim."""
    return short_digest("\x1f".join((joined_key(claim.key), claim.record_id)).encode())


def ownership_row(claim: Ownership) -> tuple[object, ...]:
    """The columns of `claims` in their order."""
    decided = claim.decided
    decision: tuple[object, ...] = (None,) * 5
    if decided:
        decision = (decided.decision, decided.version, decided.decided_by, decided.decided_at, decided.reason or None)
    key, claimant = joined_key(claim.key), claim.key[2]
    return (claim_id(claim), key, claim.record_id, claimant, claim.holder, claim.claimed_at, *decision)


def ownership_of(row: Row[*tuple[Any, ...]]) -> Ownership:
    """A row of `claims`."""
    key = kind, source, organisation, source_record_id = split_key(row.key)
    decided = None
    if row.decision is not None:
        decided = ClaimDecided(
            row.record_id,
            kind,
            source,
            organisation,
            source_record_id,
            row.decision,
            row.version,
            row.decided_by,
            row.decided_at,
            row.reason or "",
        )
    return Ownership(key, row.record_id, row.holder, row.claimed_at, decided)


def preference_of(row: Row[*tuple[Any, ...]]) -> Preference:
    """Both of the last columns are empty in a row from before there were any."""
    return Preference(
        row.record_id,
        row.field,
        row.source,
        row.source_record_id,
        row.version,
        row.decided_by,
        row.decided_at,
        row.organisation or "",
        row.decided_on or "",
    )


def claim_of(row: Row[*tuple[Any, ...]]) -> Claim:
    return Claim(row.source_version, row.withdrawn, row.digest, row.authority, row.record_id)
