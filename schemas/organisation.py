"""Organisations: universities, institutes, companies (CERIF OrgUnit, ROR)."""

from typing import Annotated

from hub.kernel.language import Bilingual
from schemas.annotations import F
from schemas.common import CreditCode, Place
from schemas.kind import Identity, Kind, RecordModel, register


class Organisation(RecordModel):
    """An organisation that owns, uses or funds research resources."""

    name_zh: Annotated[str | None, F("单位名称", "Chinese name", search="title", cerif="Name", schema_org="name")] = (
        None
    )
    name_en: Annotated[
        str | None, F("单位英文名称", "English name", search="title", cerif="Name", schema_org="name")
    ] = None
    uscc: Annotated[CreditCode | None, F("统一社会信用代码", "unified social credit code", search="keyword")] = None
    ror: Annotated[str | None, F("ROR 标识", "ROR id", search="keyword", cerif="RORID")] = None
    place: Annotated[Place | None, F("所在地", "place", search="geo")] = None


KIND = register(
    Kind(
        name="organisation",
        label=Bilingual("单位", "Organisation"),
        model=Organisation,
        identity=(Identity("uscc", ("uscc",)), Identity("ror", ("ror",))),
        crosswalk={"cerif": "OrgUnit", "schema_org": "Organization"},
    )
)
