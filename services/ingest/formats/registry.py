"""Every format that ingest takes, and which of them a document is in."""

from collections.abc import Callable, Iterable

from hub.kernel.problems import Problem, Refusal, expecting
from schemas.kind import Kind
from services.ingest.formats import cerif, csv_, jsonrows, pidinst, ror, uniquip, xlsx
from services.ingest.formats.base import Format

FORMATS: tuple[Format, ...] = (
    ror.FORMAT,
    cerif.FORMAT,
    pidinst.FORMAT,
    uniquip.FORMAT,
    xlsx.FORMAT,
    jsonrows.NDJSON,
    jsonrows.JSON,
    csv_.FORMAT,
)
"""In the order in which they are tried on a document; dialects go before the formats that they are written in."""

# Types that tell nothing: senders that know no better, forms, and Windows with Excel, which calls CSV files so.
_UNTOLD = frozenset(
    {
        "",
        "application/octet-stream",
        "application/vnd.ms-excel",
        "application/x-www-form-urlencoded",
        "binary/octet-stream",
        "multipart/form-data",
        "text/plain",
    }
)


def chosen(name: str | None, media_type: str | None, file_name: str | None, start: bytes, kind: Kind) -> Format:
    """The format of a document by, in this order: its name, a dialect's content, media type, file name, content.

    `start` are the first bytes, SNIFF_BYTES of them where the document is that long. Raises Refusal (415) that lists
    what is taken.
    """
    fitting = tuple(item for item in FORMATS if item.applies(kind))
    if name:
        wanted = name.strip().casefold()
        found = _first(fitting, lambda item: item.name == wanted)
    else:
        found = _by_content(fitting, media_type, file_name, start)
    if found is None:
        raise Refusal(_unknown(fitting, name or file_name or media_type or ""), status=415)
    return found


def _by_content(
    fitting: Iterable[Format], media_type: str | None, file_name: str | None, start: bytes
) -> Format | None:
    told = (media_type or "").partition(";")[0].strip().casefold()
    suffix = "." + (file_name or "").rpartition(".")[2].strip().casefold()
    return (
        _first(fitting, lambda item: item.dialect and (told in item.media_types or item.sniff(start)))
        or _first(fitting, lambda item: told not in _UNTOLD and told in item.media_types)
        or _first(fitting, lambda item: suffix in item.suffixes)
        or _first(fitting, lambda item: item.sniff(start))
    )


def _first(formats: Iterable[Format], fits: Callable[[Format], bool]) -> Format | None:
    return next((item for item in formats if fits(item)), None)


def _unknown(fitting: Iterable[Format], found: str) -> Problem:
    taken = ", ".join(f"{item.name} ({' '.join(item.suffixes)})" if item.suffixes else item.name for item in fitting)
    return expecting("unknown-format", "ingest.these-formats", found, "format", taken=taken)
