"""Every benchmark, one after the other.

python -m bench            print; takes some twenty minutes
python -m bench --write    put the results into bench/RESULTS.md
python -m bench --quick    the smallest sizes: that everything runs, not how fast it is
python -m bench --real     those of the real servers in their place (with --write or --quick as well); takes an hour
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module

Runs = tuple[tuple[str, str], ...]
"""Modules, imported only when they run (the real servers' clients are an extra), and what their `main` is given."""
FULL: Runs = (
    ("bench.ingest", "--rows 20000 --rounds 5"),
    ("bench.ingest", "--rows 100000 --rounds 2"),
    ("bench.freshness", "--rows 20000 --posts 400"),
    ("bench.search", "--records 100000 --queries 100"),
    ("bench.booking", "--attempts 500 --rounds 5"),
)
QUICK: Runs = (
    ("bench.ingest", "--rows 200 --rounds 1"),
    ("bench.freshness", "--rows 50 --posts 5"),
    ("bench.search", "--records 200 --queries 2"),
    ("bench.booking", "--attempts 16 --rounds 1"),
)

REAL: Runs = (
    ("bench.real.sink", "--rows 40000 --rounds 3"),
    ("bench.real.sink", "--rows 60000 --rounds 2 --scaling 1"),
    ("bench.real.curation", "--rows 12000 --rounds 3"),
    ("bench.real.ingest_api", "--rows 40000 --rounds 3 --workers 2"),
    ("bench.real.growth", "--rounds 3"),
)
QUICK_REAL: Runs = (
    ("bench.real.sink", "--rows 400 --batch 10 --rounds 1"),
    ("bench.real.sink", "--rows 400 --batch 10 --rounds 1 --scaling 1"),
    ("bench.real.curation", "--rows 400 --batch 100 --rounds 1"),
    ("bench.real.ingest_api", "--rows 400 --batch 100 --rounds 1 --workers 2"),
    ("bench.real.growth", "--most 200 --sample 100 --queries 6 --rounds 1"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run them all. The smallest sizes share one set of servers; else each benchmark has servers of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes")
    parser.add_argument("--real", action="store_true", help="those of the real servers")
    parser.add_argument("--write", action="store_true", help="put the results into bench/RESULTS.md")
    asked = parser.parse_args(arguments)
    chosen = (QUICK_REAL if asked.quick else REAL) if asked.real else QUICK if asked.quick else FULL
    with ExitStack() as opened:
        if asked.real and asked.quick:
            opened.enter_context(import_module("bench.real.running").servers())
        for module, given in chosen:
            import_module(module).main([*given.split(), *(["--write"] if asked.write else [])])


if __name__ == "__main__":
    main()
