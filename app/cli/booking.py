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
    session,
)
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.web.client import ApiProblem, HubClient
from hub.web.routes import address
from schemas.http.booking import AVAILABILITY, BOOK, CALENDAR, Availability, AvailabilityQuery, NewBooking
from schemas.http.catalog import SEARCH, SearchQuery

BOOK_HELP = t(
    """预约仪器。不写 --start 时列出空闲时段；在终端里可直接选一个预约。

示例：

`hub book instrument-7k3mdp2qv5x4c6aj7k3m`

`hub book 轨道阱 --days 3`

`hub book instrument-7k3mdp2qv5x4c6aj7k3m --start "2026-12-01 09:00" --purpose "蛋白质鉴定"`

不带时区的时间按仪器所在时区。退出码：0 成功；1 没有空闲时段或时段已被占用；2 参数有误；3 枢纽无法访问或令牌无效。""",
    """Book an instrument. Without --start the free times are listed, and in a terminal one can be chosen.

Examples:

`hub book instrument-7k3mdp2qv5x4c6aj7k3m`

`hub book orbitrap --days 3`

`hub book instrument-7k3mdp2qv5x4c6aj7k3m --start "2026-12-01 09:00" --purpose "protein identification"`

Times without an offset are the instrument's. Exit codes: 0 fine; 1 nothing free, or the time is taken; 2 wrong usage;
3 hub not reachable, or no valid token.""",
)
_ID = re.compile(r"[a-z_]+-[a-z2-7]{20}")
CANDIDATES = 8
STATUS = {
    "requested": Bilingual("已提交，待确认", "requested; the owner will confirm"),
    "confirmed": Bilingual("已确认", "confirmed"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("book", help=BOOK_HELP)(book)


def book(
    context: typer.Context,
    *,
    instrument: Annotated[str, typer.Argument(help=t("仪器编号，或能检索到它的词", "its id, or words that find it"))],
    start: Annotated[
        str, typer.Option(help=t("开始时间，如 2026-12-01T09:00", "start, such as 2026-12-01T09:00"))
    ] = "",
    end: Annotated[str, typer.Option(help=t("结束时间；默认一个时段", "end; one slot if not given"))] = "",
    purpose: Annotated[str, typer.Option(help=t("用途", "what for"))] = "",
    days: Annotated[int, typer.Option(min=1, max=31, help=t("列出几天", "how many days to list"))] = 7,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """List what is free, or book."""
    told = session(context)
    with told.client(data, url, token or demo_companys(data) or operators(data)) as client:
        wanted = instrument if _ID.fullmatch(instrument) else _found(told, client, instrument)
        offer = client.call(AVAILABILITY, query=AvailabilityQuery(days=days), instrument_id=wanted)
        if not offer.bookable:
            told.stop(SOME_REFUSED, Bilingual(f"不能预约：{offer.reason}", f"Not bookable: {offer.reason}"))
        if start:
            interval = _interval(told, offer, start, end)
        else:
            chosen = _listed(told, offer)
            if chosen is None:
                return
            interval = chosen
        raise typer.Exit(_booked(told, client, wanted, interval, purpose))


def _found(told: Session, client: HubClient, words: str) -> str:
    """The id of the one instrument that the words find; stops with the candidates where there are several."""
    page = client.call(SEARCH, query=SearchQuery(q=words, kind=("instrument",), size=CANDIDATES))
    if not page.total:
        told.stop(WRONG_USAGE, Bilingual(f"没有找到仪器“{words}”", f"No instrument found by “{words}”"))
    if page.total > 1:
        for hit in page.hits:
            told.out.print(f"{hit.id}  {escape(hit.title)}")
        told.stop(
            WRONG_USAGE,
            Bilingual(
                f"“{words}”找到 {page.total} 台仪器，请用编号指明一台",
                f"“{words}” finds {page.total} instruments; name one by its id",
            ),
        )
    return page.hits[0].id


def _listed(told: Session, offer: Availability) -> tuple[str, str] | None:
    """Show the free slots; the one that a person at a terminal chooses."""
    free = [slot for day in offer.days for slot in day.slots if slot.state == "free"]
    title, rate = offer.instrument.title, offer.hourly_rate
    price = f"  {rate.amount} {rate.currency}/h" if rate else ""
    told.out.print(f"[bold]{escape(title)}[/bold]{price}  ({offer.time_zone})")
    if not free:
        told.stop(SOME_REFUSED, Bilingual("这几天没有空闲时段", "Nothing is free on these days"))
    number = 0
    for day in offer.days:
        slots = [slot for slot in day.slots if slot.state == "free"]
        if slots:
            told.out.print(
                f"{day.date}  "
                + "  ".join(f"[{number + at + 1}] {slot.start[11:16]}" for at, slot in enumerate(slots)),
                markup=False,
            )
            number += len(slots)
    if not is_interactive():
        told.note(Bilingual("加 --start 时间 即可预约", "Add --start TIME to book"), "default")
        return None
    chosen = typer.prompt("编号（0 不预约）" if told.language == "zh" else "Number (0 for none)", type=int, default=0)
    if not 0 < chosen <= len(free):
        return None
    return free[chosen - 1].start, free[chosen - 1].end


def _interval(told: Session, offer: Availability, start: str, end: str) -> tuple[str, str]:
    zone = ZoneInfo(offer.time_zone)
    begins = _moment(told, "--start", start, zone)
    slot = timedelta(minutes=offer.slot_minutes)
    return begins.isoformat(), (_moment(told, "--end", end, zone) if end else begins + slot).isoformat()


def _moment(told: Session, option: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        told.stop(
            WRONG_USAGE,
            Bilingual(f"{option} 应为时间，如 2026-12-01T09:00", f"{option} takes a time such as 2026-12-01T09:00"),
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _booked(told: Session, client: HubClient, instrument: str, interval: tuple[str, str], purpose: str) -> int:
    # As it was typed: the API checks it, and says what is wrong in the reader's language.
    body = NewBooking.model_construct(instrument=instrument, start=interval[0], end=interval[1], purpose=purpose)
    try:
        made = client.call(BOOK, body, headers={"Idempotency-Key": str(uuid.uuid4())})
    except ApiProblem as refusal:
        if refusal.status != 409:
            raise
        for line in refusal.messages:
            told.note(Bilingual(line, line), "red")
        return SOME_REFUSED
    calendar = address(CALENDAR, booking_id=made.id)
    status = STATUS.get(made.status, Bilingual(made.status, made.status))
    price = f"{made.price.amount} {made.price.currency}" if made.price else ""
    told.say(Bilingual(f"{status.zh}：{made.instrument.title}", f"{status.en}: {made.instrument.title}"), "green")
    told.say(Bilingual(f"{made.start} 至 {made.end}  {price}", f"{made.start} to {made.end}  {price}"))
    told.say(
        Bilingual(
            f"预约号 {made.id}；日历 {client.url}{calendar}",
            f"Booking {made.id}; calendar {client.url}{calendar}",
        )
    )
    return FINE
