"""`hub dead-letters`: input that could not be used, looked at and replayed."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.wording import t
from hub.kernel.deadletters import SUFFIX
from hub.kernel.language import Bilingual
from hub.runtime.settings import Settings

if TYPE_CHECKING:
    from app.operations.dead_letters import DeadLetters, Replayed

SHOWN_CHARS = 20_000
GROUP_HELP = t(
    "查看和重放死信：无法处理而被搁置的输入，连同原因保留 90 天；枢纽运行时也可用，两种运行方式均可。",
    "Look at dead letters and replay them: input that could not be used, kept with its reason for 90 days. Also while "
    "the hub runs, on either profile.",
)
LIST_HELP = t(
    """列出各主题的死信数、待重放数和原因；给出 --topic 则逐条列出最新的几条。

示例：`hub dead-letters list --topic submissions`

退出码：0 没有待重放的；1 有；2 没有这个主题；3 服务器无法访问。""",
    """List how many dead letters each topic has, how many were not replayed, and why; with --topic the newest ones.

Example: `hub dead-letters list --topic submissions`

Exit codes: 0 none waits to be replayed; 1 some do; 2 no such topic; 3 a server cannot be reached.""",
)
SHOW_HELP = t(
    """显示一条死信：原因、来处、各属性和内容。编号见 list。

示例：`hub dead-letters show submissions 17`""",
    """Show a dead letter: its reason, where it came from, its attributes and its content. `list` gives its number.

Example: `hub dead-letters show submissions 17`""",
)
REPLAY_HELP = t(
    """把死信原样送回其主题再处理一次，例如升级修复之后；仍无法处理的会再次成为死信。已重放的不再重放，除非加 --all。

中断后可再来一次：每一步都可重复。已有更新版本的记录不会送回。使用指标由原始数据重新统计，不重放。

示例：`hub dead-letters replay --topic submissions --limit 100`

退出码：0 已重放；2 用法有误；3 服务器无法访问，或另一个重放正在进行。""",
    """Send dead letters back to their topics as they were, such as after an upgrade that can use them; what cannot
even now becomes a dead letter again. What was replayed is not replayed again, except with --all.

It can be repeated after an interruption, since every effect can. Records of which there is a newer version are left
out. Indicators of use are counted anew and not replayed.

Example: `hub dead-letters replay --topic submissions --limit 100`

Exit codes: 0 replayed; 2 wrong usage; 3 a server cannot be reached, or another replay is at work.""",
)
Topic = Annotated[
    str, typer.Option("--topic", help=t("只看这个主题，如 submissions", "this topic alone, such as submissions"))
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("list", help=LIST_HELP)(list_letters)
    group.command("show", help=SHOW_HELP)(show)
    group.command("replay", help=REPLAY_HELP)(replay)
    app.add_typer(group, name="dead-letters")


def list_letters(
    context: typer.Context,
    topic: Topic = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000, help=t("至多列出几条", "how many at most"))] = 20,
    data: Data = None,
) -> None:
    """A line a topic, or a line a letter."""
    from app.operations.dead_letters import TOPICS
    from app.operations.dead_letters import told as headers_of

    told = session(context)
    settings = _settings(told, data)
    chosen = _topics(told, topic, TOPICS)
    with telling_failures(told, settings), _opened(settings) as letters:
        counts = [letters.count(name) for name in chosen]
        newest = letters.newest(chosen[0], limit) if topic else []
    table = _table(told, ("主题", "topic"), ("死信", "letters"), ("待重放", "waiting"), ("原因", "reasons"))
    for count in counts:
        reasons = ", ".join(f"{code} {number}" for code, number in count.reasons.items())
        table.add_row(count.topic, str(count.kept), str(count.waiting), escape(reasons))
    told.out.print(table)
    if newest:
        table = _table(told, ("编号", "number"), ("时间", "time"), ("键", "key"), ("原因", "reason"))
        for letter in newest:
            said = headers_of(letter)
            key = letter.key.decode(errors="replace")
            reason = f"{said.get('reason_code', '')}: {said.get('reason', '')}"
            table.add_row(str(letter.offset), said.get("ce_time", "-"), escape(key), escape(reason))
        told.out.print(table)
    raise typer.Exit(SOME_REFUSED if any(count.waiting for count in counts) else FINE)


def show(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help=t("主题", "topic"))],
    number: Annotated[int, typer.Argument(min=0, help=t("编号", "number"))],
    data: Data = None,
) -> None:
    """Headers, a blank line, the content."""
    from app.operations.dead_letters import TOPICS
    from app.operations.dead_letters import told as headers_of

    told = session(context)
    settings = _settings(told, data)
    (name,) = _topics(told, topic, TOPICS)
    with telling_failures(told, settings), _opened(settings) as letters:
        letter = letters.one(name, 0, number)
    if letter is None:
        told.stop(WRONG_USAGE, Bilingual(f"{name} 没有编号 {number} 的死信", f"{name} has no dead letter {number}"))
    for header, value in headers_of(letter).items():
        told.out.print(f"{header}: {value}", markup=False)
    told.out.print()
    told.out.print(_content(letter.value), markup=False)


def replay(
    context: typer.Context,
    topic: Topic = "",
    limit: Annotated[int | None, typer.Option(min=1, help=t("每个主题至多几条", "how many of a topic at most"))] = None,
    again: Annotated[
        bool, typer.Option("--all", help=t("已重放过的也再重放", "also what was replayed before"))
    ] = False,
    data: Data = None,
) -> None:
    """A line a topic."""
    from app.operations.dead_letters import REPLAYABLE
    from hub.ports.eventlog import Fenced

    told = session(context)
    settings = _settings(told, data)
    chosen = _topics(told, topic, REPLAYABLE)
    if again and limit is not None:
        told.stop(
            WRONG_USAGE,
            Bilingual("--all 不能与 --limit 同时使用", "--all and --limit do not go together"),
            Bilingual("--limit 接着上次重放的地方。", "--limit goes on from where the last replay ended."),
        )
    with telling_failures(told, settings), _opened(settings) as letters:
        try:
            for name in chosen:
                _tell(told, letters.replay(name, limit, again=again))
        except Fenced:
            told.stop(UNREACHABLE, Bilingual("另一个重放正在进行", "Another replay is at work"))


def _tell(told: Session, done: "Replayed") -> None:
    zh = f"{done.topic}：重放 {done.replayed} 条"
    en = f"{done.topic}: {done.replayed} replayed"
    for number, words in (
        (done.outdated, Bilingual("已有更新版本", "outdated")),
        (done.foreign, Bilingual("不是死信", "no dead letters")),
        (done.left, Bilingual("待下次重放", "wait")),
    ):
        if number:
            zh, en = f"{zh}，{words.zh} {number} 条", f"{en}, {number} {words.en}"
    told.say(Bilingual(zh, en))


@contextmanager
def _opened(settings: Settings) -> "Iterator[DeadLetters]":
    from app.composition import resources
    from app.operations.dead_letters import DeadLetters
    from hub.runtime.manifest import EVENT_LOG, RECORD_STORE

    with closing(resources(settings)) as on:
        yield DeadLetters(on.get(EVENT_LOG), on.get(RECORD_STORE))


def _settings(told: Session, data: Data) -> Settings:
    settings = settings_for(data)
    if settings.profile == "embedded" and not (settings.data_dir / "log.db").exists():
        told.stop(
            WRONG_USAGE,
            Bilingual(f"{settings.data_dir} 里没有枢纽的数据", f"There are no data of a hub in {settings.data_dir}"),
        )
    return settings


def _topics(told: Session, wanted: str, among: Sequence[str]) -> list[str]:
    """The topics to look at: all, or the one that was named, with or without the ending of its dead letters."""
    name = wanted.removesuffix(SUFFIX)
    if name and name not in among:
        listed = ", ".join(among)
        told.stop(WRONG_USAGE, Bilingual(f"没有主题 {wanted}；有 {listed}", f"no topic {wanted}; there are {listed}"))
    return [name] if name else list(among)


def _table(told: Session, *headings: tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for zh, en in headings:
        table.add_column(zh if told.language == "zh" else en, overflow="fold")
    return table


def _content(value: bytes | None) -> str:
    """JSON with a line a member, other text as it is; a part of what is long."""
    try:
        text = orjson.dumps(orjson.loads(value or b""), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        text = (value or b"").decode(errors="backslashreplace")
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} … ({len(text)})"
