"""OpenAIRE Guidelines for CRIS Managers 1.2: entities of the CERIF profile as XML, bare or in an OAI-PMH response.

https://openaire-guidelines-for-cris-managers.readthedocs.io. The `cerif` names in the fields' annotations tell where
each element goes; the kind's crosswalk, what its entity is called. Terms of vocabularies for which the hub has no code
are left out.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, BinaryIO

from hub.text.messages import bilingual
from schemas.fields import FieldSpec, fields_of
from schemas.kind import Kind
from schemas.parts.common import Contact, Money, OrganisationRef, PersonRef
from schemas.parts.persistent import AlternateIdentifier
from services.ingest.core.rows import Limits, Row
from services.ingest.formats import cerif_values as values
from services.ingest.formats.base import Format
from services.ingest.formats.xmlrecords import Element, Vocabulary, at, first_text, text, xml_rows

VOCABULARY = "cerif"
NAMESPACE = "https://www.openaire.eu/cerif-profile/"
"""Of every version of the profile; a version follows."""
WRAPPER = "CERIF"
SETS = "openaire_cris_"

_PARTNERS = {
    "Coordinator": "coordinator",
    "Partner": "partner",
    "Contractor": "contractor",
    "InKindContributor": "partner",
    "Member": "member",
}
_TEAM = {"PrincipalInvestigator": "principal_investigator", "Contact": "contact", "Member": "member"}
# Types of identifier that mean a field, beside the field's own name; in lower case, letters alone.
_IDENTIFIER_TYPES = {
    "inventory_number": "institutionassigneduniqueequipmentidentifier",
    "number": "projectreference",
    "code": "laboratorycode",
}


def read(stream: BinaryIO, kind: Kind, limits: Limits) -> Iterator[Row]:
    """Rows of the kind's entities; those of other kinds are passed over. See services.ingest.formats.base.Read.

    In an OAI-PMH response the header tells the source's own record id, its version and deletions.
    """
    wanted = kind.crosswalk[VOCABULARY]
    vocabulary = Vocabulary(
        is_entity=lambda namespace, name: namespace.startswith(NAMESPACE) and name != WRAPPER,
        wanted=wanted,
        fields=partial(fields, kind=kind),
        own_id=lambda element: element.get("id"),
        expected=bilingual("ingest.cerif-entities", wanted=wanted),
        sets=SETS,
        set_spec=f"{SETS}{wanted.lower()}s",
    )
    return xml_rows(stream, vocabulary, limits)


def fields(element: Element, kind: Kind) -> dict[str, Any]:
    """The fields of the kind that the entity tells."""
    entity_fields: dict[str, Any] = {}
    for spec in fields_of(kind):
        path = spec.meta.crosswalk.cerif
        if path and (value := _value(element, spec, path, kind)):
            inner = entity_fields
            *parents, name = spec.path.split(".")
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner[name] = value
    return entity_fields


def _value(element: Element, spec: FieldSpec, path: str, kind: Kind) -> Any:
    if spec.part is not None:
        return _part(element, spec, path)
    if spec.type == "code":
        codes = [code for item in at(element, path) if (code := values.code(spec.meta.codes, text(item)))]
        return codes if spec.multiple else next(iter(codes), None)
    tail = path.rpartition(".")[2]
    if tail == "Identifier":
        return _identifier(element, spec.path)
    if tail == "ElectronicAddress":
        return values.addresses(element).get(spec.path.rpartition(".")[2])
    if tail == "PersonName":
        return values.person_names(element).get(spec.path)
    if spec.type == "text":
        return _text(element, spec, path, kind)
    said = first_text(element, path)
    return values.day(said, last=tail == "EndDate") if said and spec.type == "date" else said


def _part(element: Element, spec: FieldSpec, path: str) -> Any:
    part = spec.part or object
    if issubclass(part, OrganisationRef):
        return _parties(element, spec, path, _PARTNERS)
    if issubclass(part, PersonRef):
        return _parties(element, spec, path, _TEAM)
    if issubclass(part, Money):
        return next((amount for item in at(element, path) if (amount := values.money(item))), None)
    if issubclass(part, AlternateIdentifier):
        return list(_alternates(element))
    if issubclass(part, Contact):
        known = values.addresses(element)
        return {name: known[name] for name in ("email", "phone") if name in known}
    return None


def _parties(element: Element, spec: FieldSpec, path: str, known: Mapping[str, str]) -> Any:
    """Organisations or people; a list of them leaves out the first in its first role, which has a field of its own."""
    reference = values.person if known is _TEAM else values.organisation
    if not spec.multiple:
        parties = at(element, path.removesuffix(".OrgUnit").removesuffix(".Person"))
        return next((party_reference for party in parties if (party_reference := reference(party))), None)
    first = next(iter(known.values()))
    listed = []
    for role, party in values.roles(element, path, known):
        if role == first:
            first = ""
        elif party_reference := reference(party):
            listed.append({**party_reference, "role": role})
    return listed


def _text(element: Element, spec: FieldSpec, path: str, kind: Kind) -> Any:
    chinese, english, others = values.by_language(at(element, path))
    if spec.multiple:
        return others if path in _named(kind) else [said for item in at(element, path) if (said := text(item))]
    if path.endswith("FundRefID"):
        return values.fundref(first_text(element, path) or "")
    if spec.path.endswith("_zh"):
        return chinese
    if spec.path.endswith("_en"):
        return english
    return chinese if f"{spec.path}_en" in _named(kind).values() else chinese or english


@lru_cache(maxsize=64)
def _named(kind: Kind) -> Mapping[str, str]:
    """The paths in the profile that go to a field a language, and the English one of those fields."""
    return {spec.meta.crosswalk.cerif: spec.path for spec in fields_of(kind) if spec.path.endswith("_en")}


def _identifier(element: Element, field: str) -> str | None:
    if field == "uscc":
        return values.credit_code_of(element)
    if field == "pid":
        return next(
            (found[0] for _, value in values.typed_identifiers(element) if (found := values.persistent(value))), None
        )
    return next((value for its_type, value in values.typed_identifiers(element) if _means(its_type, field)), None)


def _means(its_type: str, field: str) -> bool:
    word = re.sub(r"[^a-z]", "", its_type)
    return word in (field.replace("_", ""), _IDENTIFIER_TYPES.get(field))


def _alternates(element: Element) -> Iterator[dict[str, str]]:
    """The identifiers that no other field has taken."""
    for its_type, value in values.typed_identifiers(element):
        taken = _means(its_type, "inventory_number") or values.persistent(value)
        if not taken:
            yield {"value": value, "type": "Other"} | ({"name": its_type} if its_type else {})


def _sniffed(start: bytes) -> bool:
    plain = start.replace(b"\0", b"")  # UTF-16
    return plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<") and NAMESPACE.encode() in plain


FORMAT = Format(
    name="cerif",
    media_types=(),
    suffixes=(),
    read=read,
    sniff=_sniffed,
    dialect=True,
    applies=lambda kind: VOCABULARY in kind.crosswalk,
)
"""Known by its namespace, in an XML file."""
