"""The command `hub`: chooses the language, then runs the command that was asked for."""

import os
import sys
from collections.abc import Mapping, Sequence

OLDEST = (3, 11)


def run() -> None:
    """Entry of the installed script."""
    if sys.version_info < OLDEST:
        sys.stderr.write("需要 Python 3.11 或更高版本。 This needs Python 3.11 or newer.\n")
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese shows question marks rather than a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:], os.environ))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command and return its exit code."""
    from app.cli.app import invoke

    return invoke(arguments, environment)
