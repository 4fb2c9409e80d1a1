"""Change the code that decides, one small thing at a time, and see that a test fails of each.

python -m tests.mutation [MODULE ...] [--jobs 2]     such as services.booking.core.policy; all of TARGETS without

Tells every mutant that survives. Ends with 1 where one survives that equivalent.toml does not name, where it names one
that does not survive, or where less than 95 in 100 are killed.
"""

import argparse
import sys
import time
import tomllib
from pathlib import Path

from tests.mutation.mutants import mutants_of
from tests.mutation.trial import survivors

CURATION = tuple(f"tests/unit/test_curation_{name}.py" for name in ("authority", "plan", "merge"))
CATALOGUE = ("tests/unit/test_catalog_queries.py", "tests/unit/test_catalog_parameters.py")
TARGETS = {
    "services.curation.core.merge": CURATION,
    "services.curation.core.plan": CURATION,
    "services.booking.core.policy": ("tests/unit/test_booking_policy.py", "tests/unit/test_booking_edges.py"),
    "services.catalog.core.queries": CATALOGUE,
    "services.catalog.core.parameters": CATALOGUE,
}
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
LEAST = 0.95
Change = tuple[str, str, str]
"""Where, before and after: what a mutant is known by."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("modules", nargs="*", metavar="MODULE", default=list(TARGETS))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    verdicts = [tried(module, equivalents(module), options.jobs) for module in options.modules]
    return 0 if all(verdicts) else 1


def equivalents(module: str) -> set[Change]:
    """The mutants of the module that no test can tell from it, each named with its reason."""
    entries = tomllib.loads(EQUIVALENT.read_text("utf-8"))["equivalent"]
    assert all(entry["reason"] for entry in entries)
    mine = (entry for entry in entries if entry["module"] == module)
    return {(entry["where"], entry["before"], after) for entry in mine for after in entry["after"]}


def tried(module: str, equivalent: set[Change], jobs: int) -> bool:
    """Whether enough mutants of a module are killed, and the survivors are those that are known."""
    began = time.monotonic()
    mutants = mutants_of(Path(*module.split(".")).with_suffix(".py").read_text("utf-8"))
    changes: set[Change] = set()
    for operator, where, before, after, _ in survivors(module, mutants, TARGETS[module], jobs):
        changes.add((where, before, after))
        if (where, before, after) not in equivalent:
            print(f"  SURVIVED {operator} in {where}\n    - {before}\n    + {after}")
    for where, before, after in sorted(equivalent - changes):
        print(f"  named as equivalent, but no survivor: in {where}\n    - {before}\n    + {after}")
    killed = 1 - len(changes) / len(mutants)
    print(
        f"{module}: {len(mutants) - len(changes)} of {len(mutants)} killed ({killed:.1%}); of the survivors "
        f"{len(changes & equivalent)} are equivalent; {time.monotonic() - began:.0f} s",
        flush=True,
    )
    return killed >= LEAST and changes == equivalent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
