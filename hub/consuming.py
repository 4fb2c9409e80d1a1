"""What every worker that reads topics does alike: effects first, commit last, a failed batch again."""

import logging
from collections.abc import Sequence

from hub.ports.eventlog import Delivered, EventLog, Fenced

log = logging.getLogger("hub.consuming")
BATCH_ROWS = 2_000


class BatchWorker:
    """A hub.ports.worker.Worker that hands what its group reads to `handle`, batch by batch.

    After a failure it hands over the same batch, since the consumer would go on behind it; so what `handle` does must
    be durable when it returns, and repeatable.
    """

    name = "worker"

    def __init__(self, event_log: EventLog, group: str, topics: Sequence[str], batch_rows: int = BATCH_ROWS) -> None:
        self._log = event_log
        self._group = group
        self._batch_rows = batch_rows
        self._consumer = event_log.consumer(group, topics)
        self._unfinished: Sequence[Delivered] = ()

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Do what the entries ask for."""
        raise NotImplementedError

    def step(self, timeout: float) -> int:
        """Handle one batch of at most `batch_rows` entries; returns how many they were."""
        batch = self._unfinished or self._consumer.poll(self._batch_rows, timeout)
        if not batch:
            return 0
        self._unfinished = batch
        self.handle(batch)
        try:
            self._consumer.commit(batch)
        except Fenced:
            log.warning("another member of the group %s has taken over", self._group)
        self._unfinished = ()
        return len(batch)

    def lag(self) -> int:
        """Entries that the group has yet to handle."""
        return self._consumer.lag()

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()
