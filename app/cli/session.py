"""What every command shares: the reader's language, where to write, and how to stop with a message."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.cli.wording import t
from hub.auth.tokens import operator_token
from hub.runtime.lock import Busy, FolderLock
from hub.runtime.settings import Settings
from hub.text.language import Bilingual, Language
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, HubClient

ADDRESS_FILE = "hub.address"


FINE, SOME_REFUSED, WRONG_USAGE, UNREACHABLE = range(4)
SHOWN_PROBLEMS = 20
DEMO_TOKEN = "demo.token"  # noqa: S105 - a file's name
TOKEN_HINT = bilingual("cli.session.token-hint")

Data = Annotated[Path | None, typer.Option("--data", help=t("cli.session.data-folder-hub-data"))]
Url = Annotated[str | None, typer.Option("--url", envvar="HUB_URL", help=t("cli.session.address-hub-running-data"))]
Token = Annotated[str | None, typer.Option("--token", envvar="HUB_TOKEN", help=t("cli.session.access-token"))]


@dataclass
class Session:
    """One run of the command."""

    language: Language
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True))

    def say(self, text: Bilingual | str, style: str = "") -> None:
        """Tell something on standard output; the text is not read as markup. What the hub answers is a string."""
        self.out.print(escape(self._worded(text)), style=style or None)

    def note(self, text: Bilingual | str, style: str = "yellow") -> None:
        """Tell something beside the result, on standard error."""
        self.err.print(escape(self._worded(text)), style=style)

    def table(self, *headings: str, whole: Collection[int] = ()) -> Table:
        """A table with these headings, by code; cells fold, but for those of the columns that stay `whole`."""
        table = Table(box=None, pad_edge=False, show_edge=False)
        for number, heading in enumerate(headings):
            table.add_column(self._worded(bilingual(heading)), overflow="fold", no_wrap=number in whole)
        return table

    def _worded(self, text: Bilingual | str) -> str:
        return text if isinstance(text, str) else text[self.language]

    def stop(self, code: int, text: Bilingual, remedy: Bilingual | None = None) -> NoReturn:
        """Tell what is wrong and what helps, and end with the exit code."""
        self.note(text, "red")
        if remedy:
            self.note(remedy, "default")
        raise typer.Exit(code)

    def lock(self, folder: Path, taken: Bilingual, remedy: Bilingual) -> FolderLock:
        """The folder's lock; stops with these words where another process has it."""
        try:
            return FolderLock(folder)
        except Busy:
            self.stop(UNREACHABLE, taken, remedy)

    def refused(self, problem: ApiProblem) -> int:
        """Pass on what the hub answered instead of a result; the exit code of that."""
        for line in problem.messages[:SHOWN_PROBLEMS]:
            self.note(line, "red")
        if problem.status in (401, 403):
            self.note(TOKEN_HINT, "default")
        return WRONG_USAGE if problem.status in (400, 404, 422) else UNREACHABLE

    def client(self, data: Path | None, url: str | None, token: str | None) -> HubClient:
        """A client of the hub at the address, or of the one that runs on the data folder."""
        return HubClient(url or address_of(settings_for(data)), token or "", self.language)


def session_of(context: typer.Context) -> Session:
    """The session that the command was started with."""
    session = context.find_root().obj
    if not isinstance(session, Session):
        raise TypeError("the command was started without a session")
    return session


def settings_for(data: Path | None, **others: object) -> Settings:
    """The settings of the environment, with what the command line says instead."""
    given = {"data_dir": data, **others}
    return Settings.model_validate(
        Settings().model_dump() | {name: value for name, value in given.items() if value is not None}
    )


def address_of(settings: Settings) -> str:
    """Where the hub of the data folder runs, or would run."""
    path = settings.data_dir / ADDRESS_FILE
    if path.exists():
        return path.read_text("utf-8").strip()
    return f"http://{settings.host}:{settings.port}"


def operators(data: Path | None) -> str | None:
    """The operator's token, where this user may read it."""
    return _readable(lambda: operator_token(settings_for(data).data_dir))


def demo_companys(data: Path | None) -> str | None:
    """The demo company's token, where this user may read it."""
    path = settings_for(data).data_dir / DEMO_TOKEN
    return _readable(lambda: path.read_text("utf-8").strip() if path.exists() else None)


def _readable(read: Callable[[], str | None]) -> str | None:
    try:
        return read()
    except OSError:
        return None


def is_interactive() -> bool:
    """Whether a person sits at both ends."""
    return os.isatty(0) and os.isatty(1)
