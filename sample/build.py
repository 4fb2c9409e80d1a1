"""Make the sample from the public data sets that SOURCE.txt names: `python -m sample.build DATA_FOLDER`.

The same data make the same bytes, so that a change of the sample shows in review as a change of its content.
"""

import gzip
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sample.facilities import facilities
from sample.instruments import instruments, laboratories
from sample.organisations import Register, chinese
from sample.projects import experts, projects

TARGET = Path(__file__).parent / "data"
Rows = Iterable[Mapping[str, Any]]


def build(data: Path, target: Path = TARGET) -> dict[str, int]:
    """Write every file of sample.FILES; returns the number of rows of each."""
    register = Register.read(data / "ror" / "ror_v2_release_stream.jsonl.gz")
    at_home = chinese(register, data / "ror" / "ror_zhejiang.json")
    awards = projects(register, data / "nsf-awards-fy2026" / "nsf_awards_fy2026.jsonl")
    abroad = {ref["ror"] for award in awards for ref in (award["lead"], award["funder"]) if "ror" in ref}
    hosts = [register.documents[ror]["record"] for ror in at_home]
    target.mkdir(parents=True, exist_ok=True)
    files: dict[str, Rows] = {
        "organisations.jsonl.gz": [register.documents[ror] for ror in (*at_home, *sorted(abroad))],
        "laboratories.jsonl": laboratories(hosts),
        "instruments.jsonl.gz": instruments(hosts, data / "psi-ms-instrument-models" / "instrument_models.jsonl"),
        "facilities.jsonl": facilities(data / "lightsources"),
        "experts.jsonl.gz": experts(awards),
        "projects.jsonl.gz": awards,
    }
    return {name: write(target / name, rows) for name, rows in files.items()}


def write(path: Path, rows: Rows) -> int:
    """One JSON object a line; packed without a time stamp, which would change with each build."""
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]
    content = "".join(lines).encode()
    path.write_bytes(gzip.compress(content, 9, mtime=0) if path.suffix == ".gz" else content)
    return len(lines)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    for name, rows in build(Path(arguments[0])).items():
        print(f"{name}: {rows}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
