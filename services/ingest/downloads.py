"""Files that the API hands out: their types, and names that every browser keeps (RFC 6266)."""

import re
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar
from urllib.parse import quote

from hub.kernel.problems import Problem, Refusal, quoted
from hub.text.language import Language
from hub.text.messages import bilingual
from schemas.kind import Kind
from services.ingest.formats.refused_rows import Giveback
from services.ingest.formats.registry import FORMATS
from services.ingest.ports.receipts import Receipt

Table = Literal["csv", "xlsx"]
_Name = TypeVar("_Name", Giveback, Table)

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}
GIVEBACKS: tuple[Giveback, ...] = ("csv", "xlsx", "ndjson")
TABLES: tuple[Table, ...] = ("csv", "xlsx")

_REFUSED = bilingual("ingest.refused")
_TEMPLATE = bilingual("ingest.template")
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187, beside letters and digits


@dataclass(frozen=True, slots=True)
class FileForm(Generic[_Name]):
    """A format in which a file is handed out."""

    name: _Name

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.name]


def giveback_format(wanted: str, receipt: Receipt) -> FileForm[Giveback]:
    """The format asked for or, where none is, one like the sender's own; Refusal (400) for an unknown one."""
    if not wanted:
        tabular = any(item.tabular for item in FORMATS if item.name == receipt.format)
        return FileForm("csv" if tabular else "ndjson")
    return FileForm(_one_of(wanted, GIVEBACKS))


def template_format(wanted: str) -> FileForm[Table]:
    """Refusal (400) for an unknown one."""
    return FileForm(_one_of(wanted, TABLES))


def refused_name(receipt: Receipt, kind: Kind, form: FileForm[Giveback], language: Language) -> str:
    return f"{_REFUSED[language].format(kind=kind.label[language], id=receipt.id[:8])}.{form.name}"


def template_name(kind: Kind, form: FileForm[Table], language: Language) -> str:
    return f"{_TEMPLATE[language].format(kind=kind.label[language])}.{form.name}"


def attachment(file_name: str) -> str:
    """A Content-Disposition header: the name in ASCII for old clients, then in UTF-8 (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", file_name).strip("-")
    if plain.startswith("."):
        plain = f"download{plain}"
    return f"attachment; filename=\"{plain or 'download'}\"; filename*=UTF-8''{quote(file_name, safe=_ATTR_CHAR)}"


def _one_of(wanted: str, known: tuple[_Name, ...]) -> _Name:
    for name in known:
        if name == wanted.strip().lower():
            return name
    expected = bilingual("ingest.formats", known=", ".join(known))
    raise Refusal(Problem("unknown-format", expected, quoted(wanted), "format"), status=400)
