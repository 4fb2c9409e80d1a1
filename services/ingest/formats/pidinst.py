"""PIDINST 1.0: metadata of persistently identified instruments, as XML.

Krahl et al. (2021), Metadata Schema for the Persistent Identification of Instruments, https://doi.org/10.15497/RDA00070.
Where each element goes is told by the `pidinst` names in the fields' annotations.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO

from hub.text.messages import bilingual
from schemas.cells import is_chinese
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind
from schemas.parts.common import OrganisationRef
from schemas.values import credit_code, email, pid, ror_id
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import Format
from services.ingest.formats.xmlrecords import Element, Vocabulary, first_text, local, text, xml_rows

VOCABULARY = "pidinst"
_STEP = re.compile(r"([^.\[\]]+)(?:\[([^\]]+)\])?")
_ROOT = re.compile(rb"<(?:\w+:)?instrument[\s>]")


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of instruments; see services.ingest.formats.base.Read. The identifier is the source's own record id."""
    wanted = kind.crosswalk[VOCABULARY]
    vocabulary = Vocabulary(
        is_entity=lambda namespace, name: name == wanted,
        wanted=wanted,
        fields=partial(fields, kind=kind),
        own_id=lambda element: first_text(element, "identifier"),
        expected=bilingual("ingest.pidinst-elements", wanted=wanted),
    )
    return xml_rows(stream, vocabulary, limits)


def fields(element: Element, kind: Kind) -> dict[str, Any]:
    """The fields of the kind that the element tells."""
    found: dict[str, Any] = {}
    for spec in fields_of(kind):
        path = spec.meta.crosswalk.pidinst
        if path and (value := _value(spec, found_at(element, path))):
            _put(found, spec.path, value)
    return _settled(found, element, kind)


def found_at(element: Element, path: str) -> list[Element | str]:
    """What stands at a path such as `dates.date[Commissioned]`: elements, or the value of an attribute at its end.

    In brackets stands the value of an attribute that the element must have.
    """
    here: list[Element] = [element]
    steps = _STEP.findall(path)
    for index, (name, typed) in enumerate(steps):
        below = [
            child
            for parent in here
            for child in parent
            if local(child) == name and (not typed or typed in child.attrib.values())
        ]
        if not below and index == len(steps) - 1:
            return [parent.get(name) for parent in here if parent.get(name)]
        here = below
    return list(here)


def _value(spec: FieldSpec, items: list[Element | str]) -> Any:
    if not items:
        return None
    if spec.part is not None and issubclass(spec.part, OrganisationRef):
        everyone = [party for item in items if (party := _party(item))]
        first, others = everyone[:1], everyone[1:]
        return others if spec.multiple else next(iter(first), None)
    if spec.part is not None and spec.multiple:
        return [item for container in items for child in container if (item := _members(spec, child))]
    texts = [item if isinstance(item, str) else text(item) for item in items]
    filled = [item for item in texts if item]
    return filled if spec.multiple else next(iter(filled), None)


def _party(element: Element) -> dict[str, str]:
    """An owner or manufacturer: its name, and its identifier where the hub knows the kind of identifier."""
    party: dict[str, str] = {}
    for child in element:
        value = text(child)
        if local(child).endswith("Name") and value:
            party["name_zh" if is_chinese(value) else "name_en"] = value
        elif local(child).endswith("Identifier"):
            party |= _identified(value)
    return party


def _identified(value: str) -> dict[str, str]:
    for name, check in (("ror", ror_id), ("uscc", credit_code)):
        try:
            return {name: check(value)}
        except ValueError:
            continue
    return {}


def _members(spec: FieldSpec, element: Element) -> dict[str, str]:
    """The members of one item of a list of parts: the element's own text, its children's, and their attributes."""
    members: dict[str, str] = {}
    for member in spec.members:
        name = member.meta.crosswalk.pidinst
        places = [item for item in element.iter() if local(item) == name]
        value = next(iter(places), None)
        attribute = next((item.get(name) for item in element.iter() if item.get(name)), None)
        if said := text(value) if value is not None else attribute:
            members[member.path.rpartition(".")[2]] = said
    return members


def _put(found: dict[str, Any], path: str, value: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        found = found.setdefault(parent, {})
    found[name] = value


def _settled(instrument_fields: dict[str, Any], element: Element, kind: Kind) -> dict[str, Any]:
    """What the crosswalk alone cannot tell: languages, other identifiers, numbers that have a field of their own."""
    name = instrument_fields.pop("name_zh", None) or instrument_fields.pop("name_en", None)
    instrument_fields.pop("name_en", None)
    if name:
        instrument_fields["name_zh" if is_chinese(name) else "name_en"] = name
    _settle_contact(instrument_fields)
    _settle_alternates(instrument_fields, kind)
    _settle_pid(instrument_fields)
    return instrument_fields


def _settle_pid(instrument_fields: dict[str, Any]) -> None:
    """An identifier that is neither a DOI nor a Handle identifies no record of the hub, but stays on it by its type."""
    value, its_type = instrument_fields.get("pid"), instrument_fields.get("pid_type")
    try:
        instrument_fields["pid"] = pid(value or "")
        if its_type not in ("DOI", "Handle"):
            raise ValueError(its_type)
    except ValueError:
        instrument_fields.pop("pid", None)
        instrument_fields.pop("pid_type", None)
        if value:
            other = {"type": "Other", "value": value} | ({"name": its_type} if its_type else {})
            instrument_fields["alternate_identifiers"] = [*instrument_fields.get("alternate_identifiers", ()), other]


def _settle_contact(instrument_fields: dict[str, Any]) -> None:
    contact = instrument_fields.get("contact")
    if contact:
        try:
            contact["email"] = email(contact["email"])
        except ValueError:
            del instrument_fields["contact"]


def _settle_alternates(instrument_fields: dict[str, Any], kind: Kind) -> None:
    """Numbers with a field of their own are not told twice; a national number is of type Other and called so."""
    names = {label.casefold() for label in _labels(kind, "national_number")}
    alternates = instrument_fields.pop("alternate_identifiers", [])
    national = next((item for item in alternates if item.get("name", "").casefold() in names), None)
    instrument_fields.pop("national_number", None)
    if national:
        instrument_fields["national_number"] = national["value"]
    used = {
        ("SerialNumber", instrument_fields.get("serial_number")),
        ("InventoryNumber", instrument_fields.get("inventory_number")),
    }
    rest = [item for item in alternates if item is not national and (item.get("type"), item.get("value")) not in used]
    if rest:
        instrument_fields["alternate_identifiers"] = rest


def _labels(kind: Kind, path: str) -> tuple[str, ...]:
    spec: Mapping[str, FieldSpec] = {spec.path: spec for spec in fields_of(kind)}
    return (spec[path].label.zh, spec[path].label.en) if path in spec else ()


def _sniffed(start: bytes) -> bool:
    plain = start.replace(b"\0", b"")  # UTF-16
    return _ROOT.search(plain) is not None and b"identifierType" in plain


FORMAT = Format(
    name="pidinst",
    media_types=(),
    suffixes=(),
    read=read,
    sniff=_sniffed,
    dialect=True,
    applies=lambda kind: VOCABULARY in kind.crosswalk,
)
"""Known by its elements, in an XML file."""
