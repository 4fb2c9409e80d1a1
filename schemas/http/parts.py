"""What the models of all HTTP contracts share."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from hub.kernel.operation import Answer, Method, Operation

API = "/api/v1"


class Operations(list[Operation[Any]]):
    """The operations of one tag, whose paths begin with `base`, in the order in which they were added."""

    def __init__(self, tag: str, base: str = API) -> None:
        super().__init__()
        self._tag = tag
        self._base = base

    def add(self, id: str, at: str, summary: str, answer: type[Answer], **further: Any) -> Operation[Answer]:
        """`at` is the method and the rest of the path; `further` are other attributes of hub.kernel.operation."""
        method, _, path = at.partition(" ")
        made = Operation(id, cast(Method, method), self._base + path, summary, answer, self._tag, **further)
        self.append(made)
        return made


class Model(BaseModel):
    """A value in an answer: readers ignore members that they do not know, so that answers can grow."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)


class Body(BaseModel):
    """What a caller sends; unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Parameters(BaseModel):
    """The parameters of a query string; those at None are not sent."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)


Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
"""YYYY-MM-DD."""
