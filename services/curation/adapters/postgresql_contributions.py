"""Contributions on PostgreSQL: stored only where the claims are still those that the batch was planned on."""

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson
from psycopg import Connection

from hub.kernel.contributions import Claim, Contribution, ContributionKey
from hub.ports.records import Interfered
from services.curation.adapters.postgresql_rows import many
from services.curation.adapters.sql_unit import joined_key

_COLUMNS = "key, record_id, source_version, withdrawn, digest, authority, received_at, fields"
_TYPES = "%s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::text[], %s::text[], %s::text[], %s::bytea[]"
_CLAIM = "record_id, source_version, withdrawn, digest, authority"

_ADD = f"INSERT INTO contributions ({_COLUMNS}) SELECT * FROM unnest({_TYPES}) ON CONFLICT (key) DO "
_OVERWRITE = (
    "UPDATE SET record_id = excluded.record_id, source_version = excluded.source_version, "
    "withdrawn = excluded.withdrawn, digest = excluded.digest, authority = excluded.authority, "
    "received_at = excluded.received_at, fields = excluded.fields"
)
_MOVE = f"""
UPDATE contributions AS kept SET ({_CLAIM}, received_at, fields) =
    (new.record_id, new.source_version, new.withdrawn, new.digest, new.authority, new.received_at, new.fields)
FROM unnest({_TYPES}, %s::text[], %s::bigint[], %s::boolean[], %s::text[], %s::text[]) AS new (
    {_COLUMNS}, record_before, version_before, withdrawn_before, digest_before, authority_before)
WHERE kept.key = new.key AND kept.record_id IS NOT DISTINCT FROM new.record_before
    AND kept.source_version = new.version_before AND kept.withdrawn = new.withdrawn_before
    AND kept.digest = new.digest_before AND kept.authority = new.authority_before
"""


def save_contributions(
    sql: Connection[Any], contributions: Collection[Contribution], read: Mapping[ContributionKey, Claim | None]
) -> None:
    """Store the contributions. Raises Interfered where a claim is not the one that was read, None for none.

    A key that was not read is stored whatever is there.
    """
    new, moved, unread = [], [], []
    for contribution in sorted(contributions, key=attrgetter("key")):
        if contribution.key not in read:
            unread.append(_row(contribution))
        elif (before := read[contribution.key]) is None:
            new.append(_row(contribution))
        else:
            moved.append((*_row(contribution), *_claim(before)))
    stored = many(sql, _ADD + "NOTHING", new) + many(sql, _MOVE, moved)
    if stored != len(new) + len(moved):
        raise Interfered("another batch stored something newer of the same source")
    many(sql, _ADD + _OVERWRITE, unread)


def _row(one: Contribution) -> Sequence[object]:
    return (joined_key(one.key), *_claim(one.claim), one.received_at, orjson.dumps(one.fields))


def _claim(claim: Claim) -> tuple[object, ...]:
    return (claim.record_id, claim.source_version, claim.withdrawn, claim.digest, claim.authority)
