"""`hub dead-letters`: input that could not be used, looked at and replayed."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.markup import escape

from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session_of, settings_for
from app.cli.wording import t
from hub.kernel.deadletters import SUFFIX
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

if TYPE_CHECKING:
    from app.operations.dead_letters import DeadLetters, Replayed

SHOWN_CHARS = 20_000
Topic = Annotated[str, typer.Option("--topic", help=t("cli.dead_letters.topic-alone-such-submissions"))]


def list_letters(
    context: typer.Context,
    topic: Topic = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help=t("cli.dead_letters.list-letters.limit"))] = 20,
    data: Data = None,
) -> None:
    """A line a topic, or a line a letter."""
    from app.operations.dead_letters import TOPICS, headers_of

    session = session_of(context)
    settings = _settings(session, data)
    chosen = _topics(session, topic, TOPICS)
    with telling_failures(session, settings), _opened(settings) as letters:
        counts = [letters.count(name) for name in chosen]
        newest = letters.newest(chosen[0], limit) if topic else []
    table = session.table(*(f"cli.heading.{name}" for name in ("topic", "letters", "waiting", "reasons")))
    for count in counts:
        reasons = ", ".join(f"{code} {number}" for code, number in count.reasons.items())
        table.add_row(count.topic, str(count.kept), str(count.waiting), escape(reasons))
    session.out.print(table)
    if newest:
        table = session.table(*(f"cli.heading.{name}" for name in ("number", "time", "key", "reason")))
        for letter in newest:
            headers = headers_of(letter)
            key = letter.key.decode(errors="replace")
            reason = f"{headers.get('reason_code', '')}: {headers.get('reason', '')}"
            table.add_row(str(letter.offset), headers.get("ce_time", "-"), escape(key), escape(reason))
        session.out.print(table)
    raise typer.Exit(SOME_REFUSED if any(count.waiting for count in counts) else FINE)


def show(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help=t("cli.dead_letters.show.topic"))],
    number: Annotated[int, typer.Argument(min=0, help=t("cli.dead_letters.show.number"))],
    data: Data = None,
) -> None:
    """Headers, a blank line, the content."""
    from app.operations.dead_letters import TOPICS, headers_of

    session = session_of(context)
    settings = _settings(session, data)
    (name,) = _topics(session, topic, TOPICS)
    with telling_failures(session, settings), _opened(settings) as letters:
        letter = letters.letter(name, 0, number)
    if letter is None:
        session.stop(WRONG_USAGE, bilingual("cli.dead_letters.no-dead-letter", name=name, number=number))
    for header, value in headers_of(letter).items():
        session.out.print(f"{header}: {value}", markup=False)
    session.out.print()
    session.out.print(_content(letter.value), markup=False)


def replay(
    context: typer.Context,
    topic: Topic = "",
    limit: Annotated[int | None, typer.Option(min=1, help=t("cli.dead_letters.replay.limit"))] = None,
    again: Annotated[bool, typer.Option("--all", help=t("cli.dead_letters.replay.again"))] = False,
    data: Data = None,
) -> None:
    """A line a topic."""
    from app.operations.dead_letters import REPLAYABLE
    from hub.ports.eventlog import Fenced

    session = session_of(context)
    settings = _settings(session, data)
    chosen = _topics(session, topic, REPLAYABLE)
    if again and limit is not None:
        session.stop(
            WRONG_USAGE,
            bilingual("cli.dead_letters.all-limit-do-not"),
            bilingual("cli.dead_letters.limit-goes-where-last"),
        )
    with telling_failures(session, settings), _opened(settings) as letters:
        try:
            for name in chosen:
                _tell(session, letters.replay(name, limit, again=again))
        except Fenced:
            session.stop(UNREACHABLE, bilingual("cli.dead_letters.another-replay-work"))


def _tell(session: Session, done: "Replayed") -> None:
    parts = [bilingual("cli.dead_letters.replayed", topic=done.topic, count=done.replayed)]
    for count, words in (
        (done.outdated, bilingual("cli.dead_letters.outdated")),
        (done.foreign, bilingual("cli.dead_letters.no-dead-letters")),
        (done.left, bilingual("cli.dead_letters.wait")),
    ):
        if count:
            parts.append(bilingual("cli.dead_letters.part", words=words, count=count))
    session.say(bilingual("cli.comma").join(parts))


@contextmanager
def _opened(settings: Settings) -> "Iterator[DeadLetters]":
    from app.composition import resources
    from app.operations.dead_letters import DeadLetters
    from hub.runtime.manifest import EVENT_LOG, RECORD_STORE

    with closing(resources(settings)) as on:
        yield DeadLetters(on.get(EVENT_LOG), on.get(RECORD_STORE))


def _settings(session: Session, data: Data) -> Settings:
    settings = settings_for(data)
    if settings.profile == "embedded" and not (settings.data_dir / "log.db").exists():
        session.stop(WRONG_USAGE, bilingual("cli.dead_letters.no-data-hub", data_dir=settings.data_dir))
    return settings


def _topics(session: Session, wanted: str, among: Sequence[str]) -> list[str]:
    """The topics to look at: all, or the one that was named, with or without the ending of its dead letters."""
    name = wanted.removesuffix(SUFFIX)
    if name and name not in among:
        listed = ", ".join(among)
        session.stop(WRONG_USAGE, bilingual("cli.dead_letters.no-topic", wanted=wanted, listed=listed))
    return [name] if name else list(among)


def _content(value: bytes | None) -> str:
    """JSON with a line a member, other text as it is; a part of what is long."""
    try:
        text = orjson.dumps(orjson.loads(value or b""), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        text = (value or b"").decode(errors="backslashreplace")
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} … ({len(text)})"
