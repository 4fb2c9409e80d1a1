"""The stores of privacy in a test's folder."""

from pathlib import Path

from hub.ports.clock import Clock
from hub.sql.sqlite import StoreFiles
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.adapters.sql_personal import SqlPersonalValues


def privacy(files: StoreFiles, folder: Path, clock: Clock) -> tuple[SqlPersonalValues, SqlAuditTrail]:
    """Personal values and the audit trail; they are closed with the files."""
    return SqlPersonalValues(files.open("keys"), folder, clock), SqlAuditTrail(files.open("audit"), folder / "audit")
