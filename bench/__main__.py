"""Every benchmark, one after the other.

python -m bench            print; takes some twenty minutes
python -m bench --write    put the results into bench/RESULTS.md
python -m bench --quick    the smallest sizes: that everything runs, not how fast it is
"""

import argparse
from collections.abc import Callable, Sequence

from bench import booking, freshness, ingest, search

Main = Callable[[Sequence[str]], None]
FULL: tuple[tuple[Main, str], ...] = (
    (ingest.main, "--rows 20000 --rounds 5"),
    (ingest.main, "--rows 100000 --rounds 2"),
    (freshness.main, "--rows 20000 --posts 400"),
    (search.main, "--records 100000 --queries 100"),
    (booking.main, "--attempts 500 --rounds 5"),
)
QUICK: tuple[tuple[Main, str], ...] = (
    (ingest.main, "--rows 200 --rounds 1"),
    (freshness.main, "--rows 50 --posts 5"),
    (search.main, "--records 200 --queries 2"),
    (booking.main, "--attempts 16 --rounds 1"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run them all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes")
    parser.add_argument("--write", action="store_true", help="put the results into bench/RESULTS.md")
    asked = parser.parse_args(arguments)
    for run, given in QUICK if asked.quick else FULL:
        run([*given.split(), *(["--write"] if asked.write else [])])


if __name__ == "__main__":
    main()
