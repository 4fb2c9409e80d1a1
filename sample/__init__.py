"""Sample data shipped with the hub, so that a first start has something to find and to book; see SOURCE.txt."""

import gzip
import io
from dataclasses import dataclass
from importlib.resources import files
from typing import IO


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of records: its name under sample/data, and how it is to be submitted."""

    path: str
    kind: str
    source: str
    format: str

    def read(self) -> bytes:
        """The file's content, unpacked; the largest is a few megabytes."""
        packed = (files("sample.data") / self.path).read_bytes()
        return gzip.decompress(packed) if self.path.endswith(".gz") else packed

    def open(self) -> IO[bytes]:
        """The content as a seekable stream."""
        return io.BytesIO(self.read())

    def rows(self) -> int:
        """How many records there are: one a line."""
        return self.read().count(b"\n")


FILES = (
    SampleFile("organisations.jsonl.gz", "organisation", "ror", "ror"),
    SampleFile("laboratories.jsonl", "laboratory", "sample", "ndjson"),
    SampleFile("instruments.jsonl.gz", "instrument", "sample", "ndjson"),
    SampleFile("facilities.jsonl", "instrument", "facilities", "ndjson"),
    SampleFile("experts.jsonl.gz", "expert", "sample", "ndjson"),
    SampleFile("projects.jsonl.gz", "project", "nsf", "ndjson"),
)
"""What refers to a record comes after it, so that links can be followed while the sample is still being loaded."""
