"""Records of an XML document one by one, bare or in an OAI-PMH response, in bounded memory.

Documents with a document type declaration are refused: no vocabulary here needs one, and entities can expand without
end or read other files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from lxml import etree

from hub.kernel.problems import Problem, Refusal
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import SNIFF_BYTES, broken, empty, too_long

Element = Any
"""An lxml element: the type that its stubs give is too narrow for what iterparse hands out."""

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What to look for: `is_entity` tells the outermost elements that are entities of the vocabulary from wrappers
    around them; `wanted` is the name of those to be read; `fields` reads one. `set_spec` is the OAI-PMH set of the
    wanted entities: deletions that are stated to be in others of `sets` are passed over."""

    is_entity: Callable[[str, str], bool]
    wanted: str
    fields: Callable[[Element], dict[str, Any]]
    own_id: Callable[[Element], str | None]
    expected: Bilingual
    sets: str = ""
    set_spec: str = ""


class Header(NamedTuple):
    """Of an OAI-PMH record (section 2.5 of the protocol)."""

    identifier: str | None = None
    datestamp: str | None = None
    deleted: bool = False
    set_specs: tuple[str, ...] = ()


def local(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text(element: Element) -> str:
    """The element's own text, white space made single blanks."""
    return " ".join((element.text or "").split())


def at(element: Element, path: str) -> Iterator[Element]:
    """The elements at a dotted path of local names below the element."""
    name, _, rest = path.partition(".")
    for child in element:
        if local(child) == name:
            yield from at(child, rest) if rest else (child,)


def first_text(element: Element, path: str) -> str | None:
    """The first text at the path that is not blank."""
    return next((found for child in at(element, path) if (found := text(child))), None)


def xml_rows(stream: BinaryIO, vocabulary: Vocabulary, limits: Limits) -> Iterator[Row]:
    """A row for every wanted entity, numbered by its place among the document's entities, from 1.

    Refusal where the document breaks before its first row, or has no entity at all.
    """
    start = stream.read(SNIFF_BYTES)
    stream.seek(0)
    if not start.strip():
        raise empty()
    rows = _Reading(stream, vocabulary, limits).rows()
    first = next(rows, None)  # what breaks before the first row breaks here
    return rows if first is None else chain((first,), rows)


class _Reading:
    def __init__(self, stream: BinaryIO, vocabulary: Vocabulary, limits: Limits) -> None:
        self._stream = stream
        self._vocabulary = vocabulary
        self._limits = limits
        self._number = 0
        self._header = Header()

    def rows(self) -> Iterator[Row]:
        last = 0
        try:
            for row in self._walk():
                last = row.number
                yield row
        except etree.XMLSyntaxError as error:
            expected = bilingual("ingest.well-formed-xml", msg=error.msg)
            if not last:
                raise Refusal(broken("broken-xml", expected)) from None
            problem = broken("broken-xml", bilingual("ingest.rest-unread", expected=expected))
            yield Row(max(self._number, last + 1), "values", {}, problems=(problem,))
        if not self._number:
            raise Refusal(Problem("no-entity", self._vocabulary.expected))

    def _walk(self) -> Iterator[Row]:
        """Walk the document, holding one entity or header at a time."""
        events = etree.iterparse(
            self._stream,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        held: Element = None  # the entity or header that is being read
        keep, size, first = False, 0, True
        for event, element in events:
            if first:
                _refuse_dtd(element)
                first = False
            if event == "start":
                if held is None and self._begins(element):
                    held, size = element, 0
                    keep = local(element) in ("header", self._vocabulary.wanted)
                continue
            size += _size(element)
            if held is None or not keep or size > self._limits.row_bytes:
                yield from self._passed(element, held, keep, size)
            elif element is held:
                yield from self._read(element, size)
            if element is held:
                held = None
                _drop(element)

    def _begins(self, element: Element) -> bool:
        name = etree.QName(element)
        if self._vocabulary.is_entity(name.namespace or "", name.localname):
            self._number += 1
            return True
        return name.localname == "header"

    def _passed(self, element: Element, held: Element, keep: bool, size: int) -> Iterator[Row]:
        """The end of an element that is not kept: it may be what closes a record, or an entity that was too long."""
        if element is held and keep:
            problems = (too_long(self._limits),)
            yield Row(self._number, "values", {}, size, self._header.identifier, problems=problems)
        if held is None and local(element) == "record":
            yield from self._deleted()
        _drop(element)

    def _read(self, element: Element, size: int) -> Iterator[Row]:
        if local(element) == "header" and not self._vocabulary.is_entity("", "header"):
            self._header = _header(element)
            return
        header = self._header
        yield Row(
            self._number,
            "values",
            self._vocabulary.fields(element),
            size,
            header.identifier or self._vocabulary.own_id(element),
            header.datestamp,
        )

    def _deleted(self) -> Iterator[Row]:
        header, self._header = self._header, Header()
        if not header.deleted:
            return
        self._number += 1
        of_sets = [
            spec for spec in header.set_specs if self._vocabulary.sets and spec.startswith(self._vocabulary.sets)
        ]
        if not of_sets or self._vocabulary.set_spec in of_sets:
            yield Row(self._number, "values", {}, 0, header.identifier, header.datestamp, "withdraw")


def _refuse_dtd(element: Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise Refusal(broken("doctype", bilingual("ingest.doctype"), "<!DOCTYPE"))


def _header(element: Element) -> Header:
    return Header(
        first_text(element, "identifier"),
        first_text(element, "datestamp"),
        element.get("status") == "deleted",
        tuple(text(spec) for spec in at(element, "setSpec")),
    )


def _size(element: Element) -> int:
    """Roughly the element's length in the document, without its children."""
    return len(element.tag) + len(element.text or "") + sum(len(name) + len(value) for name, value in element.items())


def _drop(element: Element) -> None:
    """Free the element and what precedes it in its parent."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
