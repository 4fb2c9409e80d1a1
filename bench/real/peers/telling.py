"""How a peer tells how far it is: a line of JSON on standard output after each batch that is stored."""

import json
import os
import resource
import sys
import threading
import time
from typing import Any

OUT = 1
"""The file descriptor: Faust puts a log in the place of sys.stdout."""


def asked() -> dict[str, Any]:
    """What the benchmark wants of this process: its first argument, as JSON."""
    threading.Thread(target=_until_nobody_listens, daemon=True).start()
    return dict(json.loads(sys.argv[1]))


def tell(handled: int) -> None:
    """`handled` more entries are stored; the clock is the machine's, the CPU time this process's, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {"handled": handled, "at": time.monotonic(), "cpu": used.ru_utime + used.ru_stime}
    os.write(OUT, json.dumps(said).encode() + b"\n")


def _until_nobody_listens() -> None:
    """A benchmark that is killed takes its peers with it: its end of the pipe closes."""
    while os.read(0, 1_024):
        pass
    os._exit(1)
