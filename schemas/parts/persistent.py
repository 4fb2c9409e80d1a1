"""Identifiers beside the record's own, after PIDINST 1.0; as text `Type:value`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from schemas.annotations import F, Opt
from schemas.parts.part import Part
from schemas.values import Short

AlternateType = Literal["SerialNumber", "InventoryNumber", "Other"]
RelatedType = Literal[
    "ARK", "arXiv", "bibcode", "DOI", "EAN13", "EISSN", "Handle", "IGSN", "ISBN", "ISSN", "ISTC", "LISSN", "PMID",
    "PURL", "RAiD", "RRID", "UPC", "URL", "URN", "w3id",
]  # fmt: skip
Relation = Literal[
    "IsDescribedBy", "IsNewVersionOf", "IsPreviousVersionOf", "HasComponent", "IsComponentOf", "References",
    "HasMetadata", "WasUsedIn", "IsIdenticalTo", "IsAttachedTo",
]  # fmt: skip


def _typed(text: str, types: tuple[str, ...]) -> tuple[str, str] | None:
    kind, colon, value = text.strip().partition(":")
    known = {name.casefold(): name for name in types}
    name = known.get(kind.strip().casefold())
    return (name, value.strip()) if colon and name else None


class AlternateIdentifier(Part):
    """Another number of the same instrument; as text `SerialNumber:12345`."""

    value: Annotated[Short, F("标识值", "value", search="keyword", pidinst="alternateIdentifier")]
    type: Annotated[AlternateType, F("类型", "type", pidinst="alternateIdentifierType")] = "Other"
    name: Short | None = Opt("名称", "name", pidinst="alternateIdentifierName")

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        if typed := _typed(text, get_args(AlternateType)):
            return {"type": typed[0], "value": typed[1]}
        return {"value": text.strip()}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return f"{value.get('type', 'Other')}:{value['value']}"


class RelatedIdentifier(Part):
    """Another resource that the instrument is related to; as text `IsDescribedBy DOI:10.17815/jlsrf-2-64`."""

    value: Annotated[Short, F("标识值", "value", search="keyword", pidinst="relatedIdentifier")]
    type: Annotated[RelatedType, F("类型", "type", pidinst="relatedIdentifierType")]
    relation: Annotated[Relation, F("关系", "relation", pidinst="relationType")] = "References"
    name: Short | None = Opt("名称", "name", pidinst="relatedIdentifierName")

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        first, _, rest = text.strip().partition(" ")
        relations = {name.casefold(): name for name in get_args(Relation)}
        relation = relations.get(first.casefold())
        typed = _typed(rest if relation else text, get_args(RelatedType))
        if typed is None:
            raise ValueError("related identifier")
        return {"type": typed[0], "value": typed[1]} | ({"relation": relation} if relation else {})

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return f"{value.get('relation', 'References')} {value['type']}:{value['value']}"


class InstrumentType(Part):
    """A class of instruments; as text its name."""

    name: Annotated[Short, F("名称", "name", search="facet", pidinst="instrumentTypeName", example="透射电子显微镜")]
    identifier: Short | None = Opt("标识", "identifier", search="keyword", pidinst="instrumentTypeIdentifier")
    identifier_type: Short | None = Opt("标识类型", "identifier type", pidinst="instrumentTypeIdentifierType")

    @classmethod
    def parse(cls, text: str) -> dict[str, Any]:
        return {"name": text.strip()}

    @classmethod
    def show(cls, value: Mapping[str, Any]) -> str:
        return str(value["name"])
