"""An engine with its images, for as long as somebody wants it.

python -m tests.engine hold [shared]       prepare it step by step, with servers that all tests share or without, and
                                           keep it until standard input ends
python -m tests.engine run COMMAND ...     run a command with DOCKER_HOST set to it, once all is prepared
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from app.devstack.cache import DownloadFailed
from app.devstack.hold import ServerFailed
from tests.engine.compose import program
from tests.engine.daemon import Engine, engine
from tests.engine.hold import ALL, ENGINE, FAILED, SERVERS, SHARE
from tests.engine.images import SERVER_SERVICES, ensure_hub_image, ensure_images, service_images
from tests.engine.servers import server_container

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    began = time.monotonic()
    for number in SIGNALS:
        signal.signal(number, leave)

    def report(step: str, detail: str = "") -> None:
        print(step, detail, flush=True)
        print(f"== containers: {step} after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    if arguments[0] == "hold":
        threading.Thread(target=leave_with_owner, daemon=True).start()
    try:
        with engine() as running, ExitStack() as servers:
            report(ENGINE, running.host)
            prepare(running, report, SERVER_SERVICES if arguments == ["hold", SHARE] else (), servers)
            if arguments[0] == "run":
                return subprocess.call(arguments[1:], env=running.environment)
            signal.pause()
    except (ServerFailed, DownloadFailed, RuntimeError, TimeoutError) as error:  # the last two of testcontainers
        report(FAILED, str(error).replace("\n", " ")[-600:])
    return 1


def leave(*_: object) -> None:
    """Leave by way of every `finally`, so that the engine is ended; once."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(143)


def leave_with_owner() -> None:
    """Leave when whoever has started this closes its end of the pipe, or is gone."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def prepare(running: Engine, report: Callable[..., None], shared: Sequence[str], servers: ExitStack) -> None:
    """Have every image, and the servers that all tests share; those first that the tests want first."""
    ensure_images(running, SERVER_SERVICES)
    if running.host:
        os.environ["DOCKER_HOST"] = running.host  # where testcontainers looks
    report(SERVERS, json.dumps({name: servers.enter_context(server_container(name)) for name in shared}))
    ensure_images(running, list(service_images()))
    ensure_hub_image(running)
    program()
    report(ALL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
