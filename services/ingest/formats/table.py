"""Rows of a table, whatever file it comes in: a row of headings, then a record a row."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from hub.kernel.problems import Problem, expecting
from schemas.cells import unguarded
from schemas.kind import Kind
from services.ingest.core.rows import ERROR_NAME, RAW_NAME, Limits, Row
from services.ingest.formats.base import empty, too_long
from services.ingest.formats.headings import Names, meant_by, names_of, paths_of

HINT_MARK = "#"
"""How the first filled cell of a hint starts: a row between the headings and the first record that is no record."""

TITLE_ROWS = 5
"""At most so many rows of a single cell may stand above the headings, as titles do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file: `number` counts from 1, blank rows included; `problem` tells why it could not be read."""

    number: int
    cells: Sequence[str]
    problem: Problem | None = None


def table_rows(records: Iterator[Record], kind: Kind, limits: Limits, names: Names | None = None) -> Iterator[Row]:
    """The rows below the headings; Refusal where there are no headings or one of them is not understood."""
    known = names_of(kind) if names is None else names
    heading = heading_of(records, lambda cell: bool(meant_by(cell, known)))
    if heading is None:
        raise empty()
    headings = _without_blank_end(heading.cells)
    paths = paths_of(headings, heading.number, known, kind, limits)
    return _rows(_below(records), _Columns.of(headings, paths), limits)


def heading_of(records: Iterator[Record], is_known: Callable[[str], bool]) -> Record | None:
    """The row of headings: the first row that is not blank, nor a title of one cell that is no heading."""
    title = None
    titles = 0
    for record in records:
        filled = [cell for cell in record.cells if cell.strip()]
        if len(filled) == 1 and titles < TITLE_ROWS and not is_known(filled[0]):
            title = title or record
            titles += 1
        elif filled or record.problem:
            return record
    return title


def _without_blank_end(cells: Sequence[str]) -> list[str]:
    headings = [unguarded(cell) for cell in cells]
    while headings and not headings[-1].strip():
        headings.pop()
    return headings


def _below(records: Iterator[Record]) -> Iterator[Record]:
    """The records, without the hints that stand directly below the headings."""
    for record in records:
        first = next((cell for cell in record.cells if cell.strip()), "")
        if not first.lstrip().startswith(HINT_MARK):
            yield from chain((record,), records)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns that count. `ignored` is the index of the column of problems, which does not; None without one."""

    headings: list[str]
    paths: list[str]
    blanks: list[int]
    ignored: int | None

    @classmethod
    def of(cls, headings: list[str], paths: list[str]) -> "_Columns":
        ignored = paths.index(ERROR_NAME) if ERROR_NAME in paths else None
        if ignored is not None:
            headings, paths = (names[:ignored] + names[ignored + 1 :] for names in (headings, paths))
        return cls(headings, paths, [index for index, path in enumerate(paths) if not path], ignored)

    def outside(self, cells: Sequence[str]) -> Problem | None:
        """A value under no heading: a separator too many, or a column that would be lost in silence."""
        width = len(self.headings)
        if len(cells) <= width and not self.blanks:
            return None
        for index in chain(self.blanks, range(width, len(cells))):
            if index < len(cells) and cells[index].strip():
                letter = column_letter(index if self.ignored is None else index + (index >= self.ignored))
                return expecting("cell-without-heading", "ingest.cell-without-heading", cells[index], letter)
        return None


def _rows(records: Iterable[Record], columns: _Columns, limits: Limits) -> Iterator[Row]:
    headings, paths, ignored = columns.headings, columns.paths, columns.ignored
    for record in records:
        cells = [unguarded(cell) if cell[:1] == "'" else cell for cell in record.cells]
        if ignored is not None:
            del cells[ignored : ignored + 1]
        size = sum(map(len, cells))
        filled = {path: cell for path, cell in zip(paths, cells, strict=False) if cell and path and not cell.isspace()}
        problem = record.problem or columns.outside(cells)
        if not filled and problem is None:
            continue
        if problem is None and size > limits.row_bytes:
            problem = too_long(limits)
        cells += [""] * (len(headings) - len(cells))
        sent = {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading}
        problems = (problem,) if problem else ()
        if RAW_NAME in filled:
            yield Row(record.number, "json", filled[RAW_NAME].encode(), size, sent=sent, problems=problems)
        else:
            yield Row(record.number, "text", filled, size, sent=sent, problems=problems)


def column_letter(index: int) -> str:
    """The name that spreadsheets give a column, counted from 0: A, B, … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
