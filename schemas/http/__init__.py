"""The HTTP contracts: every operation of the hub's APIs with the models of what is sent and answered."""

from typing import Any

from hub.kernel.operation import Operation
from schemas.http import (
    access,
    accounts,
    audit,
    booking,
    catalog,
    claims,
    curation,
    ingest,
    organisations,
    own_data,
    records,
    usage,
)

OPERATIONS: tuple[Operation[Any], ...] = (
    *access.OPERATIONS,
    *access.HEALTH,
    *accounts.OPERATIONS,
    *organisations.OPERATIONS,
    *own_data.OPERATIONS,
    *audit.OPERATIONS,
    *ingest.OPERATIONS,
    *curation.OPERATIONS,
    *claims.OPERATIONS,
    *catalog.OPERATIONS,
    *records.OPERATIONS,
    *booking.OPERATIONS,
    *usage.OPERATIONS,
)
"""All of them; ids are unique."""
