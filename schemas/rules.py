"""Rules between the fields of one record."""

from collections.abc import Callable
from datetime import date

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError


def not_before(other: str) -> Callable[[date | None, ValidationInfo], date | None]:
    """A check that the date does not lie before that of the field `other`, which stands before it in the model."""

    def check(value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get(other)
        if value is not None and start is not None and value < start:
            raise PydanticCustomError("not_before", "not before {other}", {"other": other, "start": str(start)})
        return value

    return check
