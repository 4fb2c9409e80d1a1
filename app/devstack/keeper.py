"""Keeps one server: starts it, and ends it with all of its children as soon as whoever asked for it is gone.

python -m app.devstack.keeper COMMAND …      prints the server's process id, then waits for the end of standard input

An owner that is killed closes its end of the pipe too, so that no server outlives a crash.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 5.0  # what is acknowledged is on disk: one that takes longer is killed


def main(command: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C in a terminal reaches the whole group, and the owner decides. Not SIG_IGN, which the server would
        # inherit: a JVM that is started with SIGTERM ignored never shuts down in order.
        signal.signal(number, lambda *_: None)
    # What the server prints goes to its log: nobody reads the pipe to the owner after the first line, and a full one
    # would stop the server. Beside its streams it inherits the folder's lock.
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), start_new_session=True, close_fds=False
    )
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
