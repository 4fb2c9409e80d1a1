#!/usr/bin/env python3
"""Install what the lock file pins into .venv and run the hub, or its tests; needs Python 3.11 or newer and PyPI.

python3 run.py up              install and start the hub with sample data
python3 run.py test [TIER ...] install and run the checks and the tests
python3 run.py stack up        install the clients too and start Kafka, Elasticsearch and PostgreSQL (also: move, serve)
python3 run.py COMMAND ...     any other command of `hub`
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
ATTEMPTS = 3
ON_SERVERS = ("stack", "move", "serve")  # commands that need the clients of the real servers


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        print("This needs Python 3.11 or newer. 需要 Python 3.11 或更高版本。", file=sys.stderr)
        return 2
    if not arguments:
        print(__doc__)
        return 2
    testing = arguments[0] == "test"
    everything = testing or arguments[0] in ON_SERVERS or os.environ.get("HUB_PROFILE") == "real"
    install("requirements-dev.lock" if everything else "requirements.lock")
    return run([str(BIN / "python"), "-m", "tests.run", *arguments[1:]] if testing else [str(BIN / "hub"), *arguments])


def run(command: list[str]) -> int:
    """Run the command in this one's place, so that a signal to this process is one to the command."""
    os.chdir(ROOT)
    if os.name != "nt":  # where the like would start another process and end this one at once
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def install(lock_name: str) -> None:
    """Install once a lock file; a changed lock or project file installs again."""
    lock = ROOT / lock_name
    wanted = hashlib.sha256(lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    mark = VENV / f".installed-{lock_name}"
    if mark.exists() and mark.read_text() == wanted:
        return
    if not (BIN / ("python.exe" if os.name == "nt" else "python")).exists():
        print("Creating .venv …", flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", str(VENV)])
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    print(f"Installing {lock_name} …", flush=True)
    attempt([*pip, "--require-hashes", "-r", str(lock)])
    attempt([*pip, "--no-deps", "-e", str(ROOT)])
    mark.write_text(wanted)


def attempt(command: list[str]) -> None:
    """Run a command that uses the network, a few times if need be."""
    for left in reversed(range(ATTEMPTS)):
        code = subprocess.call(command)
        if code == 0:
            return
        if not left:
            raise SystemExit(code)
        time.sleep(5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
