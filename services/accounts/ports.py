"""Mail, as accounts send it."""

from dataclasses import dataclass
from typing import Protocol


class Unsent(Exception):
    """The mail server does not take it; the message is for logs."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A text for one address."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends mail, or raises Unsent."""

    def send(self, mail: Mail) -> None: ...
