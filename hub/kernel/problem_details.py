"""Problem details (RFC 9457) as the hub's APIs answer with them."""

from pydantic import BaseModel, ConfigDict, Field


class ProblemItem(BaseModel):
    """What is wrong with one field, one row or the request as a whole, in the reader's language."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(description="stable, for programs")
    message: str = Field(description="one sentence for people")
    expected: str = Field(description="what would have been right")
    found: str = Field(description="what was sent, shortened; empty where it is private or was nothing")
    field: str | None = Field(description="the field, parameter or header; null for the whole")
    label: str | None = Field(description="what people call the field")
    row: int | None = Field(description="counts from 1, as the sender's file does")


class ProblemDetails(BaseModel):
    """An answer of application/problem+json; `title` is the first problem's message."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="about:blank, with the first problem's code behind #")
    title: str
    status: int = Field(ge=400, le=599)
    errors: tuple[ProblemItem, ...]
