"""PostgreSQL from the system's packages, else from the PyPI wheel pgserver."""

import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.devstack import hold
from app.devstack.cache import unpacked
from app.devstack.hold import ServerFailed
from app.devstack.ports import free_port
from app.devstack.process import ServerProcess, Supervised, lock_of, unprivileged

CONTAINER_VERSION = "17"
"""Of the container image; where there are no containers, what the machine has is used."""
USER = "hub"
DATABASE = "hub"
_DEBIAN = Path("/usr/lib/postgresql")


class Postgresql(Supervised):
    """One server on the loopback interface, which trusts whoever reaches it; for tests and local use.

    `start` after `kill` or `stop` goes on with the same data.
    """

    name = "postgresql"

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.port = port or free_port()
        self._folder = folder
        super().__init__()

    @property
    def dsn(self) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        """Create the data folder where it is new, and start the server."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        programs, user = programs_folder(), unprivileged(self._folder)
        data = self._folder / "data"
        if not (data / "PG_VERSION").exists():
            options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={USER}", "--no-instructions"]
            beside = self._folder / "data.part"  # one that broke off looks whole to the server
            shutil.rmtree(beside, ignore_errors=True)
            _run([*user, str(programs / "initdb"), *options, "-D", str(beside)], self._folder)
            beside.rename(data)
        if not hold.is_held(lock_of(self._folder, "postgresql")):
            # After a crash the id in this file may be another process's by now, which PostgreSQL would take for itself.
            (data / "postmaster.pid").unlink(missing_ok=True)
        command = [
            *user,
            str(programs / "postgres"),
            "-D",
            str(data),
            "-p",
            str(self.port),
            "-h",
            "127.0.0.1",
            "-k",
            "",
        ]
        self._process = ServerProcess(self.name, command, self._folder, {})

    def wait(self) -> None:
        """Return when the server answers and the database is there."""
        self._running().wait_for(lambda: self._ready() and self._created())

    def _ready(self) -> bool:
        """By the server's own word: whoever listens on the port may be another that has taken it first."""
        try:
            return "ready" in (self._folder / "data" / "postmaster.pid").read_text().splitlines()[-1]
        except (OSError, IndexError):
            return False

    def _created(self) -> bool:
        command = [str(programs_folder() / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, DATABASE]
        done = subprocess.run(command, capture_output=True, check=False)
        return done.returncode == 0 or b"already exists" in done.stderr


def programs_folder() -> Path:
    """Where `postgres` and `initdb` are: on Debian the newest version, the PATH, or the wheel."""
    versions = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]), reverse=True)
    if versions:
        return versions[0].parent
    if program := shutil.which("postgres"):
        return Path(program).resolve().parent
    if find_spec("pgserver") is None:
        raise ServerFailed("no PostgreSQL: install the system's package, or pgserver from PyPI (Python 3.12 or older)")
    return unpacked(f"postgresql-{version('pgserver')}", _copy) / "pginstall" / "bin"


def server_version() -> str:
    """Such as 15.18."""
    line = _run([str(programs_folder() / "postgres"), "--version"], Path.cwd())
    return line.split()[2]


def _copy(folder: Path) -> None:
    spec = find_spec("pgserver")
    if spec is None or spec.origin is None:
        raise ServerFailed("pgserver is not installed")
    shutil.copytree(Path(spec.origin).parent / "pginstall", folder / "pginstall", symlinks=True)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed: {done.stderr[-2_000:]}")
    return done.stdout
