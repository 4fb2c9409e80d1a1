"""The privacy service: the audit trail, and the keys of those whom private values are about."""

from typing import cast

from hub.runtime.manifest import AUDIT, NAMES, NOBODY, PERSONAL, RECORD_STORE, Manifest, Resources, Store
from hub.sql.metadata import declared
from services.privacy import tables
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.adapters.sql_personal import SqlPersonalValues
from services.privacy.api import router
from services.privacy.ports import AuditStore, Selection
from services.privacy.service import People
from services.privacy.trail import Trail

AUDIT_FOLDER = "audit"


def trail(on: Resources) -> AuditStore:
    """The audit trail, to be read."""
    return cast(AuditStore, on.get(AUDIT))


def people(on: Resources) -> People:
    """What is kept of people."""
    personal = cast(SqlPersonalValues, on.get(PERSONAL))
    return People(personal, on.tables("audit"), on.get(RECORD_STORE), trail(on), on.clock)


def _audit(on: Resources) -> SqlAuditTrail:
    return SqlAuditTrail(on.tables("audit"), on.settings.data_dir / AUDIT_FOLDER)


def reading(on: Resources) -> Trail:
    """The audit trail in words."""
    return Trail(trail(on), on.get(NAMES), on.get(RECORD_STORE), on.get(PERSONAL), on.clock, on.settings.timezone)


MANIFEST = Manifest(
    role="privacy",
    tables=declared(tables),
    stores=(
        Store(AUDIT, _audit, lambda audit: cast(AuditStore, audit).entries(Selection(subject=NOBODY), 1)),
        Store(
            PERSONAL,
            lambda on: SqlPersonalValues(on.tables("keys"), on.settings.data_dir, on.clock),
            lambda personal: personal.open([NOBODY]),
        ),
    ),
    needs=(AUDIT, PERSONAL, RECORD_STORE),
    uses=(NAMES,),
    router=lambda on: router(reading(on), people(on)),
)
