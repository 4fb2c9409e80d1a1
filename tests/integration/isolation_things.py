"""What rows of docs/rights.md are asked with: the thing of whomever it is, made where a request uses it up, a body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.integration.isolation_world import MARKS, SOURCES, Caller, Organisation, Whose, World

API = "/api/v1"
OWN_MARK = "markself"
"""In what is the caller's alone."""


@dataclass(frozen=True)
class Ask:
    """A request. `marks` are what stands in an answer that lists things, by whose they are; `done`: statuses of success
    where they are not those of the operation or of a page.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    sent: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    done: tuple[int, ...] = ()
    address: str = ""
    whole_path: str = ""


@dataclass(frozen=True)
class At:
    """A cell: who asks, and whose thing they ask for."""

    world: World
    caller: Caller
    whose: Whose

    @property
    def org(self) -> Organisation:
        return self.world.of["other" if self.whose == "other" else "own"]

    @property
    def insider(self) -> bool:
        return self.caller.organisation == self.world.of["own"].id

    @property
    def person(self) -> Caller:
        """Whose account it is about."""
        people = {"colleague": self.world.of["own"].colleague, "other": self.world.of["other"].colleague}
        return people.get(self.whose, self.caller)

    def signed_in(self, make: Callable[[], str]) -> str:
        """What only somebody who has signed in can have."""
        return make() if self.person.token else "none"

    def made(self, path: str, caller: Caller, **body: Any) -> dict[str, Any]:
        return self.world.made(f"POST {API}{path}", caller, body)


Way = Callable[[At], Ask]


def plain(**more: Any) -> Way:
    """Asked alike whoever asks."""
    return lambda at: Ask(**more)


def form(way: Way, *, done: tuple[int, ...] = (), **fields: str) -> Way:
    """What an operation is asked with, sent as a page's form, with these fields beside."""

    def sent(at: At) -> Ask:
        ask = way(at)
        return replace(ask, sent={"data": dict(ask.sent.get("json", {})) | fields}, done=done or ask.done)

    return sent


def record(name: str = "record_id", record: str = "instrument", **more: Any) -> Way:
    return lambda at: Ask({name: at.org.records[record]}, **more)


def kept_booking(at: At) -> Ask:
    return Ask({"booking_id": at.org.booking})


def booking(at: At) -> Ask:
    return Ask({"booking_id": at.world.book(at.world.guest, at.org.records["instrument"], f"{at.org.mark} purpose")})


def own_booking(at: At) -> Ask:
    instrument = at.world.of["other"].records["instrument"]
    return Ask({"booking_id": at.signed_in(lambda: at.world.book(at.person, instrument, "x"))})


def new_booking(at: At) -> Ask:
    start, end = at.world.hour()
    body = {"instrument": at.org.records["instrument"], "start": start, "end": end}
    return Ask(sent={"json": body})


def new_booking_page(at: At) -> Ask:
    start, end = at.world.hour()
    return Ask({"record_id": at.org.records["instrument"]}, {"data": {"start": start, "end": end}})


def own_bookings(at: At) -> Ask:
    instrument = at.world.of["own"].records["instrument"]
    own = at.signed_in(lambda: at.world.book(at.person, instrument, OWN_MARK))
    return Ask(marks={"self": own, "own": at.world.of["own"].booking, "other": at.world.of["other"].booking})


def decided(at: At) -> Ask:
    return Ask(query={"scope": "owned"}, marks={whose: made.booking for whose, made in at.world.of.items()})


def saved(at: At) -> str:
    return str(at.made("/saved-searches", at.person, name=OWN_MARK, query="q=x")["id"])


def saved_search(at: At) -> Ask:
    return Ask({"search_id": at.signed_in(lambda: saved(at))})


def saved_searches(at: At) -> Ask:
    at.signed_in(lambda: saved(at))
    return Ask(marks={"self": OWN_MARK, **MARKS})


def session(at: At) -> Ask:
    return Ask({"session_id": at.signed_in(lambda: at.world.session(at.person)[0])})


def sessions(at: At) -> Ask:
    at.signed_in(lambda: at.world.session(at.person, OWN_MARK)[0])
    return Ask(marks={"self": OWN_MARK, **MARKS})


def token(at: At) -> dict[str, Any]:
    scope = min(at.person.roles)
    return at.made("/tokens", at.person, name=OWN_MARK, scopes=[scope])


def tokens(at: At) -> Ask:
    at.signed_in(lambda: str(token(at)))
    return Ask(marks={"self": OWN_MARK, **MARKS})


def me(at: At) -> Ask:
    return Ask(marks={"self": at.caller.account or "none", **MARKS})


def own_erasure(at: At) -> Ask:
    emails = at.world.call("GET /api/v1/account", at.caller).json().get("emails", ["nobody@example.org"])
    return Ask(sent={"json": {"confirmation": emails[0]}})


def organisation(**sent: Any) -> Way:
    return lambda at: Ask({"organisation_id": at.org.id}, {"json": sent} if sent else {})


def waiting(**sent: str) -> Way:
    """Nobody verifies or suspends their own organisation; those who may are given one that waits."""

    def way(at: At) -> Ask:
        organisation = at.org.id if at.insider else at.world.waiting()
        return Ask({"organisation_id": organisation}, {"json": sent})

    return way


def member(**sent: Any) -> Way:
    def way(at: At) -> Ask:
        account = at.world.person("to change", at.org.id, {"member"}).account
        return Ask({"organisation_id": at.org.id, "account_id": account}, {"json": sent} if sent else {})

    return way


def leaving(at: At) -> Ask:
    return Ask({"organisation_id": at.caller.organisation or at.org.id, "account_id": at.caller.account or "nobody"})


def invited(at: At, email: str = "") -> dict[str, Any]:
    return at.made(f"/organisations/{at.org.id}/invitations", at.org.admin, email=email)


def invitation(at: At) -> Ask:
    return Ask({"organisation_id": at.org.id, "invitation_id": invited(at)["id"]})


def invitation_link(email: str = "", **more: Any) -> Way:
    def way(at: At) -> Ask:
        given = invited(at, email and at.world.email(email))
        return Ask(sent={"json": {"invitation": given["link"].partition("#")[2], **more}})

    return way


def link(at: At) -> str:
    return at.world.accounts.sign_ins.new_link(at.world.guest.account).text


def email(at: At) -> str:
    return at.world.email("code")


def submission(at: At) -> Ask:
    rows = [{"_id": at.world.email("row"), "name_en": "another"}]
    return Ask({"kind": "instrument"}, {"json": rows}, {"source": SOURCES[side(at)]})


def upload(at: At) -> Ask:
    file = ("rows.csv", f"英文名\n{at.world.email('row')}\n".encode(), "text/csv")
    return Ask(sent={"data": {"kind": "instrument", "source": SOURCES[side(at)]}, "files": {"file": file}})


def side(at: At) -> str:
    return "other" if at.whose == "other" else "own"


def receipt(at: At) -> Ask:
    return Ask({"receipt_id": at.org.receipt, "form": "csv"})


def each(name: str, **more: Any) -> Way:
    """A list of what organisations have."""
    return lambda at: Ask(marks={whose: str(getattr(made, name)) for whose, made in at.world.of.items()}, **more)


def each_record(name: str) -> Way:
    return lambda at: Ask(marks={whose: made.records[name] for whose, made in at.world.of.items()})


def preference(at: At) -> dict[str, Any]:
    return {"field": "model", "source": "nsf", "source_record_id": at.org.mark[4:]}


def pair(at: At) -> dict[str, str]:
    return {"left": at.org.records["twin"], "right": at.org.records["other twin"], "decision": "separate"}


def runs(at: At) -> Ask:
    run = {"started_at": "2026-11-01T08:00:00Z", "ended_at": "2026-11-01T09:00:00Z", "user_kind": "external"}
    return Ask({"instrument_id": at.org.records["instrument"]}, {"json": run})


def usage(at: At) -> Ask:
    return Ask(query={"scope": "instrument", "id": at.org.records["instrument"]})


def receipts(at: At) -> Ask:
    """Each organisation has just sent something: the page lists the newest alone."""
    rows = {"_id": at.world.email("row"), "name_en": "another"}
    made = at.world.of.items()
    return Ask(marks={whose: at.world.submit(org.admin, "instrument", rows)["id"] for whose, org in made})


def newest_of_the_trail(at: At) -> Ask:
    """As people read it: by names."""
    trail(at)
    return Ask(marks=MARKS | {"self": at.caller.name})


def trail(at: At) -> Ask:
    """Each has just had a sign-in noted."""
    for caller in (at.caller, *(made.admin for made in at.world.of.values())):
        if caller.token:
            at.world.session(caller)
    marks = {whose: made.admin.account for whose, made in at.world.of.items()}
    return Ask(marks=marks | {"self": at.caller.account or "none"}, query={"limit": "500"})
