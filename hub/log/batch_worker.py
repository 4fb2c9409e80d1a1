"""What every worker that reads topics does alike: effects first, commit last, a failed batch again."""

import logging
from collections.abc import Sequence

from hub.kernel.entries import Delivered
from hub.ports.eventlog import EventLog, Fenced

log = logging.getLogger("hub.consuming")
BATCH_ROWS = 2_000


class BatchWorker:
    """A hub.ports.worker.Worker that hands what its group reads to `handle`, batch by batch.

    After a failure it hands over the same entries, since the consumer would go on behind them; so what `handle` does
    must be durable when it returns, and repeatable. With `batches` above 1 a step may take `more` of what waits.
    """

    name = "worker"

    def __init__(
        self, event_log: EventLog, group: str, topics: Sequence[str], batch_rows: int = BATCH_ROWS, batches: int = 1
    ) -> None:
        self._log = event_log
        self._group = group
        self._batch_rows = batch_rows
        self._batches = batches
        self._consumer = event_log.consumer(group, topics)
        self._at_hand: Sequence[Delivered] = ()
        self._further = 0

    def handle(self, batch: Sequence[Delivered]) -> None:
        """Do what the entries ask for."""
        raise NotImplementedError

    def more(self) -> Sequence[Delivered]:
        """For `handle`: the next batch, to be done in the same step; empty where none waits or the step has enough."""
        if not self._further:
            return ()
        entries = self._consumer.poll(self._batch_rows, 0.0)
        self._further = self._further - 1 if entries else 0
        self._at_hand = [*self._at_hand, *entries]
        return entries

    def step(self, timeout: float) -> int:
        """Handle one batch of at most `batch_rows` entries and `more`; returns how many they were."""
        self._further = 0 if self._at_hand else self._batches - 1
        self._at_hand = self._at_hand or self._consumer.poll(self._batch_rows, timeout)
        if not self._at_hand:
            return 0
        self.handle(self._at_hand)
        done = self._at_hand
        try:
            self._consumer.commit(done)
        except Fenced:
            log.warning("another member of the group %s has taken over", self._group)
        self._at_hand = ()
        return len(done)

    def lag(self) -> int:
        """Entries that the group has yet to handle."""
        return self._consumer.lag()

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()
