"""Whether a record offers itself to bookers, by what its own fields say."""

from collections.abc import Mapping
from typing import Any

from hub.kernel.language import Bilingual
from schemas.kind import Kind

_OUT_OF_USE = {
    "maintenance": Bilingual("仪器正在维修，暂停预约", "The instrument is under maintenance; booking is paused"),
    "out_of_service": Bilingual("仪器已停用", "The instrument is out of service"),
    "retired": Bilingual("仪器已报废", "The instrument is retired"),
}
_NOT_THE_KIND = Bilingual("这类资源不提供预约", "Resources of this kind cannot be booked")
_NOT_SHARED = Bilingual("所在单位未开放共享这台仪器", "The owner does not share this instrument")
_NO_HOURS = Bilingual("所在单位没有登记开放时间，请直接联系", "The owner gives no opening hours; please contact it")


def refusal_of(kind: Kind | None, fields: Mapping[str, Any]) -> Bilingual | None:
    """Why a record of this kind with these fields cannot be booked; None where it can."""
    if kind is None or not kind.bookable:
        return _NOT_THE_KIND
    status = str(fields.get("status") or "")
    if status in _OUT_OF_USE:
        return _OUT_OF_USE[status]
    if fields.get("shared") is False:
        return _NOT_SHARED
    return None if fields.get("opening_hours") else _NO_HOURS
