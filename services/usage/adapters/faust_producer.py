"""A Faust producer whose flush means that everything is in the log: what a position is committed upon.

Faust's own buffer stops flushing after a tenth of a second in which nothing went out, looks past the message that is
just being handed on, and drops what the broker refused, so that a position could be committed of which the table's
changelog knows nothing. A recovery from that changelog would forget the events before the position for good.
"""

import asyncio
from heapq import heappop, heappush
from typing import Any

from faust import App
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka
from faust.transport.producer import ProducerBuffer

WAITING_LIMIT = 2_000
"""Messages that wait to be handed on, before no further event is taken up."""


class SureBuffer(ProducerBuffer):
    """Sends in the order of putting; `flush` returns when the broker has all that was put before, or raises."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put = self._handed = 0
        self._waiting: list[tuple[int, int, asyncio.Event]] = []
        self._unsure: set[asyncio.Future[Any]] = set()

    def put(self, message: Any) -> None:
        self._put += 1
        super().put(message)

    async def flush(self) -> None:
        await self._handed_on(self._put)
        if not self._unsure:
            return
        done, _ = await asyncio.wait(tuple(self._unsure))  # gather would take them along when it is cancelled
        for sent in done:
            if sent.cancelled():
                raise ProducerSendError("a message was cancelled before the broker had it")
            sent.result()

    async def wait_until_ebb(self) -> None:
        if self._put - self._handed > WAITING_LIMIT:
            await self._handed_on(self._put - WAITING_LIMIT // 2)

    async def _handed_on(self, number: int) -> None:
        if self._handed < number:
            reached = asyncio.Event()
            heappush(self._waiting, (number, id(reached), reached))
            await self.wait(reached.wait())
        while self._handed < number:  # Faust's sender has ended, or the buffer stops
            if self.pending.empty():
                raise ProducerSendError("a message was lost on its way to the broker")
            await self._send_pending(self.pending.get_nowait())

    async def _send_pending(self, message: Any) -> None:
        sent = await message.message.channel.publish_message(message, wait=False)
        self._unsure.add(sent)
        sent.add_done_callback(self._sure)
        self._handed += 1
        while self._waiting and self._waiting[0][0] <= self._handed:
            heappop(self._waiting)[2].set()

    def _sure(self, sent: "asyncio.Future[Any]") -> None:
        if not sent.cancelled() and sent.exception() is None:
            self._unsure.discard(sent)  # a failure stays, for every flush to come


class SureProducer(aiokafka.Producer):
    """Faust's producer on aiokafka with a SureBuffer."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.buffer = SureBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app


class SureApp(App):
    """A Faust application that produces through a SureProducer."""

    def _new_producer(self) -> Any:
        return SureProducer(self.transport, loop=self.loop, beacon=self.beacon)
