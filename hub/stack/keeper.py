"""Keeps one server: starts it, and ends it with all of its children as soon as whoever asked for it is gone.

python -m hub.stack.keeper COMMAND …      prints the server's process id, then waits for the end of standard input

An owner that is killed closes its end of the pipe too, so that no server outlives a crash.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5.0  # a lone broker waits for itself when it is asked to end; what was acknowledged is on disk


def main(command: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group; the owner decides
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    os.close(sys.stdout.fileno())
    threading.Thread(target=_until_owner_is_gone, args=(server,), daemon=True).start()
    return server.wait()


def _until_owner_is_gone(server: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 1_024):
        pass
    _signal(server, signal.SIGTERM)
    try:
        server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(server, signal.SIGKILL)


def _signal(server: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
