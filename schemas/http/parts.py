"""What the models of all HTTP contracts share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

API = "/api/v1"


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
