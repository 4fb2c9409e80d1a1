"""Problems with somebody's input, told so that the person can mend it."""

from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.text.language import Bilingual, Language
from hub.text.messages import bilingual


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


FOUND_LIMIT = 120
_ROW, _FIELD = bilingual("hub.problem.row"), bilingual("hub.problem.field")
_FOUND, _EXPECTED = bilingual("hub.problem.found"), bilingual("hub.problem.expected")
_COMMA, _SEMICOLON = bilingual("hub.problem.comma"), bilingual("hub.problem.semicolon")


def quoted(value: object) -> str:
    """The value as a message quotes it: one line, at most FOUND_LIMIT characters."""
    text = " ".join(str(value).encode("utf-8", "replace").decode().split())
    return text if len(text) <= FOUND_LIMIT else text[: FOUND_LIMIT - 1] + "…"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of one row.

    `code` is stable for programs; `found` quotes the input (already shortened, and masked where the field is
    private); `expected` says what would have been right; `row` counts from 1 as the sender's file does.
    """

    code: str
    expected: Bilingual
    found: str = ""
    field: str | None = None
    label: Bilingual | None = None
    row: int | None = None

    def at_row(self, row: int) -> "Problem":
        return replace(self, row=row)

    def message(self, language: Language) -> str:
        """One sentence: row, field, what was found, what was expected."""
        where = []
        if self.row is not None:
            where.append(_ROW.format(row=self.row))
        if self.field:
            name = f"{self.label[language]} ({self.field})" if self.label else self.field
            where.append(_FIELD.format(name=name))
        parts = [_COMMA.join(where)] if where else []
        if self.found:
            parts.append(_FOUND.format(found=self.found))
        return _SEMICOLON.join([*parts, _EXPECTED.format(expected=self.expected)])[language]

    def as_json(self, language: Language) -> dict[str, Any]:
        """The form in which APIs return it."""
        return {
            "row": self.row,
            "field": self.field,
            "label": self.label[language] if self.label else None,
            "code": self.code,
            "found": self.found,
            "expected": self.expected[language],
            "message": self.message(language),
        }


def expecting(code: str, text: str, found: object = "", field: str | None = None, /, **values: object) -> Problem:
    """A problem whose `expected` is the message of the code `text` with these values; what was found is quoted."""
    return Problem(code, bilingual(text, **values), quoted(found), field)


class Refusal(Exception):
    """A request that cannot be served as asked; `status` is the HTTP status that says so best.

    `retry_after`: seconds until it is worth asking again, where that is known.
    """

    def __init__(self, *problems: Problem, status: int = 422, retry_after: int = 0) -> None:
        super().__init__("; ".join(problem.message("en") for problem in problems))
        self.problems = problems
        self.status = status
        self.retry_after = retry_after


def refusal(
    code: str, text: str, found: object = "", field: str | None = None, status: int = 422, /, **values: object
) -> Refusal:
    """A request that one problem refuses, see `expecting`."""
    return Refusal(expecting(code, text, found, field, **values), status=status)
