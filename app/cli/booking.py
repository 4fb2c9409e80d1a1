"""`hub book`: what is free, and booking it."""

import re
import uuid
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from app.cli.session import (
    FINE,
    SOME_REFUSED,
    WRONG_USAGE,
    Data,
    Session,
    Token,
    Url,
    demo_companys,
    is_interactive,
    operators,
    session_of,
)
from app.cli.wording import t
from hub.text.language import Bilingual
from hub.text.messages import bilingual
from hub.web.client import ApiProblem, HubClient
from hub.web.routes import address
from schemas.http.booking import AVAILABILITY, BOOK, CALENDAR, Availability, AvailabilityQuery, NewBooking
from schemas.http.catalog import SEARCH, SearchQuery

_ID = re.compile(r"[a-z_]+-[a-z2-7]{20}")
CANDIDATES = 8
STATUS = {
    "requested": bilingual("cli.booking.status.requested"),
    "confirmed": bilingual("cli.booking.status.confirmed"),
}


def book(
    context: typer.Context,
    *,
    instrument: Annotated[str, typer.Argument(help=t("cli.booking.book.instrument"))],
    start: Annotated[str, typer.Option(help=t("cli.booking.book.start"))] = "",
    end: Annotated[str, typer.Option(help=t("cli.booking.book.end"))] = "",
    purpose: Annotated[str, typer.Option(help=t("cli.booking.book.purpose"))] = "",
    days: Annotated[int, typer.Option(min=1, max=31, help=t("cli.booking.book.days"))] = 7,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """List what is free, or book."""
    session = session_of(context)
    with session.client(data, url, token or demo_companys(data) or operators(data)) as client:
        wanted = instrument if _ID.fullmatch(instrument) else _instrument_id(session, client, instrument)
        offer = client.call(AVAILABILITY, query=AvailabilityQuery(days=days), instrument_id=wanted)
        if not offer.bookable:
            session.stop(SOME_REFUSED, bilingual("cli.booking.not-bookable", reason=offer.reason))
        if start:
            interval = _interval(session, offer, start, end)
        else:
            chosen = _listed(session, offer)
            if chosen is None:
                return
            interval = chosen
        raise typer.Exit(_booked(session, client, wanted, interval, purpose))


def _instrument_id(session: Session, client: HubClient, words: str) -> str:
    """The id of the one instrument that the words find; stops with the candidates where there are several."""
    page = client.call(SEARCH, query=SearchQuery(q=words, kind=("instrument",), size=CANDIDATES))
    if not page.total:
        session.stop(WRONG_USAGE, bilingual("cli.booking.no-instrument-found", words=words))
    if page.total > 1:
        for hit in page.hits:
            session.out.print(f"{hit.id}  {escape(hit.title)}")
        session.stop(WRONG_USAGE, bilingual("cli.booking.finds-instruments-name-id", words=words, total=page.total))
    return page.hits[0].id


def _listed(session: Session, offer: Availability) -> tuple[str, str] | None:
    """Show the free slots; the one that a person at a terminal chooses."""
    free = [slot for day in offer.days for slot in day.slots if slot.state == "free"]
    title, rate = offer.instrument.title, offer.hourly_rate
    price = f"  {rate.amount} {rate.currency}/h" if rate else ""
    session.out.print(f"[bold]{escape(title)}[/bold]{price}  ({offer.time_zone})")
    if not free:
        session.stop(SOME_REFUSED, bilingual("cli.booking.nothing-free-these-days"))
    number = 0
    for day in offer.days:
        slots = [slot for slot in day.slots if slot.state == "free"]
        if slots:
            session.out.print(
                f"{day.date}  "
                + "  ".join(f"[{number + at + 1}] {slot.start[11:16]}" for at, slot in enumerate(slots)),
                markup=False,
            )
            number += len(slots)
    if not is_interactive():
        session.note(bilingual("cli.booking.add-start-time-book"), "default")
        return None
    chosen = typer.prompt(bilingual("cli.booking.number")[session.language], type=int, default=0)
    if not 0 < chosen <= len(free):
        return None
    return free[chosen - 1].start, free[chosen - 1].end


def _interval(session: Session, offer: Availability, start: str, end: str) -> tuple[str, str]:
    zone = ZoneInfo(offer.time_zone)
    begins = _moment(session, "--start", start, zone)
    slot = timedelta(minutes=offer.slot_minutes)
    return begins.isoformat(), (_moment(session, "--end", end, zone) if end else begins + slot).isoformat()


def _moment(session: Session, option: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        session.stop(WRONG_USAGE, bilingual("cli.booking.takes-time-such-t09", option=option))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _booked(session: Session, client: HubClient, instrument: str, interval: tuple[str, str], purpose: str) -> int:
    # As it was typed: the API checks it, and says what is wrong in the reader's language.
    body = NewBooking.model_construct(instrument=instrument, start=interval[0], end=interval[1], purpose=purpose)
    try:
        made = client.call(BOOK, body, headers={"Idempotency-Key": str(uuid.uuid4())})
    except ApiProblem as refusal:
        if refusal.status != 409:
            raise
        for line in refusal.messages:
            session.note(line, "red")
        return SOME_REFUSED
    calendar = address(CALENDAR, booking_id=made.id)
    status = STATUS.get(made.status, Bilingual(made.status, made.status))
    price = f"{made.price.amount} {made.price.currency}" if made.price else ""
    session.say(bilingual("cli.booking.made", status=status, title=made.instrument.title), "green")
    session.say(bilingual("cli.booking.to", start=made.start, end=made.end, price=price))
    session.say(bilingual("cli.booking.booking-calendar", id=made.id, url=client.url, calendar=calendar))
    return FINE
