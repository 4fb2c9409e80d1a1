"""What the operators' commands share: the accounts of a data folder or of the servers, and how refusals are told."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.environment import UNUSABLE
from app.cli.session import UNREACHABLE, WRONG_USAGE, Data, Session, settings_for
from hub.auth.tokens import ACCESS_FILE
from hub.kernel.problems import Refusal
from hub.runtime.manifest import Key, Resources
from hub.text.messages import bilingual
from services.accounts.service import Accounts

LISTED = 1_000
_TO_OPERATORS = {
    "no-organisation": "cli.accounts.no-organisation",
    "no-such-account": "cli.accounts.no-account",
    "no-such-token": "cli.accounts.no-token",
}
"""Refusals whose words are for people who have accounts, in words for operators."""


@contextmanager
def directory(session: Session, data: Data, *, making: bool = False) -> Iterator[Accounts]:
    """The accounts, also beside a hub that runs; what they refuse ends the command. `making`: a new data folder too."""
    from services.accounts.manifest import ACCOUNTS

    with all_stores(session, data, making=making) as on:
        yield _opened(session, on, ACCOUNTS)


@contextmanager
def all_stores(session: Session, data: Data, *, making: bool = False) -> Iterator[Resources]:
    """Every store; see `directory`."""
    from app.composition import resources

    settings = settings_for(data)
    if not making and settings.profile == "embedded" and not (settings.data_dir / ACCESS_FILE).exists():
        session.stop(WRONG_USAGE, bilingual("cli.tokens.no-data-folder-hub", folder=settings.data_dir))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    on = resources(settings, making=True)
    try:
        yield on
    except Refusal as refusal:
        for problem in refusal.problems:
            told = _TO_OPERATORS.get(problem.code)
            session.note(bilingual(told) if told else problem.message(session.language), "red")
        session.stop(
            UNREACHABLE if refusal.status >= 500 else WRONG_USAGE, bilingual("cli.accounts.nothing-was-changed")
        )
    finally:
        on.close()


def _opened(session: Session, on: Resources, key: Key[Accounts]) -> Accounts:
    try:
        return on.get(key)
    except UNUSABLE as error:
        folder = on.settings.data_dir
        session.stop(UNREACHABLE, bilingual("cli.up.cannot-open-data", data_dir=folder, error=error))


def organisation_name(session: Session, accounts: Accounts, organisation: str) -> str:
    """In the session's language; the id of one that is not there."""
    known = accounts.access.accounts.tenancy(organisation)
    return (known.name_zh if session.language == "zh" else known.name_en) if known else organisation


def check_roles(session: Session, roles: list[str] | None, among: tuple[str, ...]) -> None:
    """Stop where one of the roles is none."""
    if wrong := set(roles or ()) - set(among):
        names, listed = ", ".join(sorted(wrong)), ", ".join(sorted(among))
        session.stop(WRONG_USAGE, bilingual("cli.tokens.unknown-role", names=names, listed=listed))
