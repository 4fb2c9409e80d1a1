"""The accounts service: who comes in, and for which organisation they act."""

from datetime import timedelta
from typing import Any

from hub.auth.tokens import AccessFile, signing_key
from hub.runtime.manifest import (
    AUDIT,
    NAMES,
    NOBODY,
    PERSONAL,
    RECORD_STORE,
    TENANCIES,
    Key,
    Manifest,
    Resources,
    Store,
)
from hub.sql.metadata import declared
from services.accounts import tables
from services.accounts.adapters.mailers import LocalMailbox, SmtpMailer
from services.accounts.adapters.private import PrivateTexts
from services.accounts.adapters.sql_names import SqlNames
from services.accounts.adapters.sql_tenancies import SqlTenancies
from services.accounts.api import router
from services.accounts.ports import Mailer
from services.accounts.service import Accounts

ACCOUNTS = Key[Accounts]("accounts")
"""hub.runtime.manifest.ACCESS, as the composition root and the command line have it."""
MAILBOX = "mailbox"
OF_PEOPLE = tuple(Key[Any](name) for name in ("bookings", "managers", "searches"))
"""The stores of other services that keep something of people, from which their own data are gathered."""


def _accounts(on: Resources) -> Accounts:
    settings = on.settings
    return Accounts(
        on.tables("accounts"),
        PrivateTexts(on.get(PERSONAL)),
        AccessFile(settings.data_dir),
        on.clock,
        on.get(AUDIT),
        mailer=_mailer(on),
        key=signing_key(settings.data_dir),
        good=timedelta(hours=settings.session_hours),
        idle=timedelta(hours=settings.session_idle_hours),
    )


def _names(on: Resources) -> SqlNames:
    return SqlNames(on.tables("accounts"), PrivateTexts(on.get(PERSONAL)))


def _mailer(on: Resources) -> Mailer | None:
    """Mail goes out by the named server; on the embedded profile it is kept where none is named."""
    if on.settings.smtp_host:
        return SmtpMailer(on.settings)
    return LocalMailbox(on.settings.data_dir / MAILBOX) if on.settings.profile == "embedded" else None


MANIFEST = Manifest(
    role="accounts",
    tables=declared(tables),
    stores=(
        Store(ACCOUNTS, _accounts, lambda accounts: accounts.access.accounts.account(NOBODY)),
        Store(TENANCIES, lambda on: SqlTenancies(on.tables("accounts")), lambda register: register.verified_codes()),
        Store(NAMES, _names, lambda names: names.of([NOBODY])),
    ),
    needs=(ACCOUNTS, PERSONAL, AUDIT),
    uses=(RECORD_STORE, *OF_PEOPLE),
    router=lambda on: router(on.get(ACCOUNTS)),
)
