"""How a long-running command is asked to end: by SIGINT, SIGTERM, or the end of its terminal, at any moment."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from app.cli.session import FINE


class Stop:
    """Handles the signals: interrupts the main thread, and remembers that it did.

    Remembered, because an interrupt that comes while Python runs a finaliser or a callback of C is dropped by it.
    """

    def __init__(self) -> None:
        self._interrupted = self._heeded = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
        self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt where somebody has asked the command to end, and `heed` was not called yet."""
        if self._interrupted and not self._heeded:
            raise KeyboardInterrupt

    def heed(self) -> None:
        """Begin to end: what is asked from now on does not break off the clearing up."""
        self._heeded = True


@contextmanager
def until_stopped() -> Iterator[Stop]:
    """Within it a signal raises KeyboardInterrupt in the main thread; one that comes out of it ends the command well.

    SIGINT counts also where it was ignored at the start, as a shell without job control does for what it starts with
    `&`, and a test run in its background for all that it starts. SIGHUP stays ignored where it was, as nohup has it.
    """
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    hang_up = getattr(signal, "SIGHUP", None)  # absent on Windows
    if hang_up and signal.getsignal(hang_up) != signal.SIG_IGN:
        # Passed on as the signal that a web server knows, too.
        before[hang_up] = signal.signal(hang_up, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        yield stop
    except KeyboardInterrupt:
        raise typer.Exit(FINE) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
