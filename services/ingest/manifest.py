"""The ingest service: takes submissions, and tells what became of each row."""

from collections.abc import Iterator

from hub.log.sqlite_log_upkeep import LogUpkeep
from hub.ports.worker import Worker
from hub.runtime.manifest import (
    ACCESS,
    AUDIT,
    CATALOGUE,
    EVENT_LOG,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    SQLITE_LOG,
    Key,
    Manifest,
    Resources,
    Store,
)
from hub.sql.metadata import declared
from services.ingest import tables
from services.ingest.adapters.sql_receipts import SqlReceipts
from services.ingest.adapters.sql_vault import SqlVault
from services.ingest.api import router
from services.ingest.core.rows import Limits
from services.ingest.ports.receipts import ReceiptStore
from services.ingest.ports.vault import Vault
from services.ingest.service import Ingest
from services.ingest.upkeep import ReceiptUpkeep

RECEIPT_STORE = Key[ReceiptStore]("receipts")
VAULT = Key[Vault]("vault")
KEY_FILE = "vault.key"


def ingest(on: Resources) -> Ingest:
    """The service on its stores."""
    settings = on.settings
    limits = Limits(
        row_bytes=settings.max_row_bytes,
        field_chars=settings.max_field_chars,
        batch_rows=settings.batch_rows,
    )
    stores = on.get(RECEIPT_STORE), on.get(VAULT), on.get(PERSONAL), on.get(AUDIT)
    records, catalogue = on.get(RECORD_STORE), on.get(CATALOGUE)
    return Ingest(on.get(EVENT_LOG), *stores, on.sources, records, catalogue, on.clock, limits, settings.node)


def _workers(on: Resources) -> Iterator[Worker]:
    if on.settings.profile == "embedded":
        yield LogUpkeep(on.get(SQLITE_LOG), on.clock)
    yield ReceiptUpkeep(on.get(RECEIPT_STORE), on.clock)


MANIFEST = Manifest(
    role="ingest",
    tables=declared(tables),
    stores=(
        Store(
            RECEIPT_STORE,
            lambda on: SqlReceipts(on.tables("receipts"), on.clock),
            lambda receipts: receipts.get(NOBODY),
        ),
        Store(
            VAULT,
            lambda on: SqlVault(on.tables("vault"), on.settings.data_dir / KEY_FILE),
            lambda vault: vault.reveal([NOBODY]),
        ),
    ),
    needs=(EVENT_LOG, RECEIPT_STORE, VAULT, PERSONAL, AUDIT),
    uses=(ACCESS, RECORD_STORE, CATALOGUE),
    router=lambda on: router(ingest(on)),
    workers=_workers,
)
