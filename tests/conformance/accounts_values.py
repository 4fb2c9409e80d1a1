"""Accounts, organisations and credentials for tests."""

from dataclasses import replace

from hub.kernel.access import Scope
from services.accounts.core.values import Account, Membership, Session, SignIn, Tenancy, Token

CODE = "91330000142928410C"


def at(minute: int) -> str:
    return f"2026-01-01T00:{minute:02}:00.000000Z"


def account(number: int, name: str = "张伟") -> Account:
    return Account(f"acc-{number}", "person", name, at(number))


def tenancy(number: int, state: str = "unverified", code: str = "") -> Tenancy:
    scope = Scope(divisions=frozenset({"33"}))
    names = f"单位 {number}", f"Organisation {number}"
    return Tenancy(
        f"org-{number}", *names, code, "", state, "", None, "", frozenset({"zhejiang"}), scope, "", at(number)  # type: ignore[arg-type]
    )  # fmt: skip


def member(number: int, of: int, *, administrator: bool = False) -> Membership:
    return Membership(f"acc-{number}", f"org-{of}", frozenset({"member", "submitter"}), administrator, at(number))


def token(number: int, **changed: object) -> Token:
    scopes, sources = frozenset({"submitter"}), frozenset({"owner"})
    made = Token(f"tok-{number}", "d" * 64, "acc-1", "org-1", "sync", scopes, sources, at(number))
    return replace(made, **changed)  # type: ignore[arg-type]


def session(number: int, **changed: object) -> Session:
    none: frozenset[str] = frozenset()
    made = Session(
        f"ses-{number}", "e" * 64, "acc-1", "org-1", "", frozenset(), none, "code", "Firefox", "here", at(number),
        at(number), at(59),
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def code(number: int, **changed: object) -> SignIn:
    made = SignIn(f"sgn-{number}", "c" * 64, "li@example.org", "", "", "here", 0, at(number), at(number + 10))
    return replace(made, **changed)  # type: ignore[arg-type]
