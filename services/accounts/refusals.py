"""Refusals of accounts, by the code of their text."""

from hub.kernel.problems import Refusal, refusal


def refused(code: str, status: int, field: str | None = None, found: str = "", **named: object) -> Refusal:
    """With the text `accounts.<code>`."""
    return refusal(code, f"accounts.{code}", found, field, status, **named)
