"""`hub move`, `hub backup` and `hub restore`: the hub's data from one set of adapters to the other, and kept safe."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.files import bar
from app.cli.servers import check_libraries, failures
from app.cli.session import UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.stack import run_stack, tell_how_to_stop
from app.cli.stack_needs import check_machine
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.runtime.lock import Busy, FolderLock
from hub.runtime.settings import Settings

if TYPE_CHECKING:
    from app.devstack.stack import Layout
    from app.operations.move import Moved
    from app.operations.tables import Steps

UNIT = Bilingual("项", "items")
MOVE_HELP = t(
    """把嵌入式枢纽的全部数据搬到 Kafka、Elasticsearch 和 PostgreSQL（由 HUB_* 环境变量指明）；枢纽须已停止。

先处理完等待中的提交，再搬记录与历史版本、回执、保险库、预约、保存的检索和事件，建立检索目录，最后逐表核对校验值。
原文件夹只读不删。目标服务器须是空的。中断后加 --resume 继续，什么也不会丢失或重复。

示例：

`hub move --stack`　在本机启动三个服务器，搬过去，并让它们继续运行

`hub move --data /srv/hub --to /srv/hub-real`

退出码：0 已搬完并核对一致；2 用法有误或目标服务器不是空的；3 枢纽正在运行、服务器无法访问或核对不一致。""",
    """Move all data of an embedded hub to the Kafka, Elasticsearch and PostgreSQL that HUB_* name; the hub must have
been stopped.

Submissions that wait are finished first; then records with their history, receipts, the vault, bookings, saved searches
and events are moved, the catalogue is built, and the digest of every table is compared. The folder stays as it is. The
servers must be empty. After an interruption --resume goes on; nothing is lost or doubled.

Examples:

`hub move --stack` starts the three servers on this machine, moves, and lets them run on

`hub move --data /srv/hub --to /srv/hub-real`

Exit codes: 0 moved and found equal; 2 wrong usage, or the servers are not empty; 3 the hub runs, a server cannot be
reached, or something differs.""",
)
BACKUP_HELP = t(
    """把枢纽的全部数据备份为一个文件（.tar 或 .tar.gz）；枢纽运行时也可备份，备份是同一时刻的状态。

按 HUB_PROFILE 备份嵌入式枢纽的数据文件夹，或 Kafka 与 PostgreSQL 上的枢纽；两种备份格式相同，可互相恢复。
文件含密钥和令牌，只有本人可读；加 --without-key 则不含，须另行保管 vault.key。

示例：`hub backup 2026-03-01.tar.gz --data /srv/hub`

退出码：0 已备份；2 文件已存在或没有数据；3 服务器无法访问或写入失败。""",
    """Back up all of the hub's data into one file (.tar or .tar.gz), as it is at one moment, also while the hub works.

HUB_PROFILE tells whether of an embedded hub's data folder or of a hub on Kafka and PostgreSQL; both give the same form,
and either can be restored from either. The file holds keys and tokens and is readable by you alone; with --without-key
it has none, and vault.key must be kept elsewhere.

Example: `hub backup 2026-03-01.tar.gz --data /srv/hub`

Exit codes: 0 done; 2 the file is there already, or there are no data; 3 a server cannot be reached, or writing
failed.""",
)
RESTORE_HELP = t(
    """从备份恢复：恢复到空的数据文件夹，或（HUB_PROFILE=real）恢复到空的 Kafka、Elasticsearch 和 PostgreSQL。

枢纽须已停止。逐文件、逐表核对校验值，重建检索目录。中断后再运行一次即可。

示例：`hub restore 2026-03-01.tar.gz --data /srv/new`

退出码：0 已恢复并核对一致；2 目标已有数据、缺少密钥或文件不是备份；3 枢纽正在运行、服务器无法访问或核对不一致。""",
    """Restore a backup into an empty data folder, or (HUB_PROFILE=real) onto empty Kafka, Elasticsearch and PostgreSQL.
The hub must have been stopped.

The digests of every file and table are compared, and the catalogue is built anew. After an interruption run it again.

Example: `hub restore 2026-03-01.tar.gz --data /srv/new`

Exit codes: 0 restored and found equal; 2 there are data already, the key is missing, or the file is no backup; 3 the
hub runs, a server cannot be reached, or something differs.""",
)
File = Annotated[Path, typer.Argument(help=t("备份文件", "the backup"), metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("move", help=MOVE_HELP)(move)
    app.command("backup", help=BACKUP_HELP)(backup)
    app.command("restore", help=RESTORE_HELP)(restore)


def move(
    context: typer.Context,
    *,
    stack: Annotated[
        bool,
        typer.Option(
            "--stack",
            help=t(
                "先在本机启动服务器（见 hub stack up），搬完后继续运行",
                "start the servers on this machine first (see hub stack up), and let them run on",
            ),
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help=t("继续中断的搬迁", "go on with a move that broke off"))
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help=t(
                "枢纽今后的数据文件夹（密钥和令牌）；默认为原文件夹",
                "the hub's data folder from now on (keys and tokens); the same one if not given",
            ),
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Check, lock, move, and tell how to go on."""
    told = session(context)
    settings = settings_for(data)
    check_libraries(told)
    if not (settings.data_dir / "records.db").exists():
        _no_data(told, settings.data_dir)
    if not stack:
        _moved(told, settings, to, resume)
        _go_on(told, settings, to, "")
        return
    check_machine(told)

    def then(layout: "Layout") -> None:
        environment = {name.removeprefix("HUB_").lower(): value for name, value in layout.environment().items()}
        _moved(told, Settings.model_validate(settings.model_dump() | environment), to, resume)
        _go_on(told, settings, to, f"set -a; . {settings.data_dir / 'stack' / 'stack.env'}; set +a; ")
        tell_how_to_stop(told)

    run_stack(told, settings.data_dir / "stack", None, then)


def backup(
    context: typer.Context,
    file: File,
    without_key: Annotated[
        bool, typer.Option("--without-key", help=t("不含密钥和令牌", "leave keys and tokens out"))
    ] = False,
    data: Data = None,
) -> None:
    """Write the file and tell what is in it."""
    from app.operations.backup import backup as save

    told = session(context)
    settings = settings_for(data)
    if settings.profile == "real":
        check_libraries(told)
    with _telling(told):
        manifest = save(settings, file, _steps(told), with_key=not without_key)
    records = manifest.tables["records.records"].count
    told.say(Bilingual(f"{records} 条记录已备份到 {file}", f"{records} records are backed up in {file}"), "green")
    if without_key:
        told.note(
            Bilingual("备份不含 vault.key；没有它，加密的字段无法读出", "Keep vault.key: nothing sealed opens without")
        )


def restore(context: typer.Context, file: File, data: Data = None) -> None:
    """Restore under the folder's lock."""
    from app.operations.restore import restore as bring_back

    told = session(context)
    settings = settings_for(data)
    if settings.profile == "real":
        check_libraries(told)
    with _locked(told, settings.data_dir), _telling(told):
        manifest = bring_back(settings, file, _steps(told))
    records = manifest.tables["records.records"].count
    told.say(
        Bilingual(
            f"已恢复 {manifest.made_at} 的备份：{records} 条记录，校验值一致",
            f"Restored the backup of {manifest.made_at}: {records} records, all digests equal",
        ),
        "green",
    )


def _moved(told: Session, settings: Settings, to: Path | None, resume: bool) -> None:
    from app.operations.move import move as move_all

    with _locked(told, settings.data_dir), _telling(told):
        moved = move_all(settings.data_dir, settings, _steps(told), to=to, resume=resume)
    if moved.already:
        told.say(Bilingual("早已搬完，没有改动。", "It was moved before; nothing was changed."))
    else:
        _report(told, moved)


def _report(told: Session, moved: "Moved") -> None:
    names = {
        "records.records": Bilingual("记录", "records"),
        "records.history": Bilingual("历史版本", "earlier versions"),
        "receipts.receipts": Bilingual("回执", "receipts"),
        "vault.vault": Bilingual("保险库的值", "values in the vault"),
        "bookings.bookings": Bilingual("预约", "bookings"),
        "searches.searches": Bilingual("保存的检索", "saved searches"),
    }
    counts = [(words, moved.tables[name].count) for name, words in names.items()]
    chinese = "，".join(f"{words.zh} {count}" for words, count in counts)
    english = ", ".join(f"{count} {words.en}" for words, count in counts)
    told.say(
        Bilingual(f"已搬完，逐表核对一致：{chinese}。", f"Moved, and every table found equal: {english}."), "bold green"
    )


def _go_on(told: Session, settings: Settings, to: Path | None, environment: str) -> None:
    command = f"{environment}hub serve all --data {to or settings.data_dir}"
    where = Bilingual("在另一个终端运行", "In another terminal") if environment else Bilingual("接着运行", "Go on with")
    told.say(Bilingual(f"{where.zh}：{command}", f"{where.en}: {command}"))
    told.say(
        Bilingual(
            "不要再用 hub up 启动嵌入式枢纽：那里的改动不会再搬。",
            "Do not start the embedded hub again: what is changed there will not be moved.",
        ),
        "dim",
    )


def _steps(told: Session) -> "Steps":
    """A progress bar for each step."""
    return lambda what: bar(told, what, UNIT)


def _no_data(told: Session, folder: Path) -> None:
    told.stop(WRONG_USAGE, Bilingual(f"{folder} 里没有记录库", f"There is no record store in {folder}"))


@contextmanager
def _locked(told: Session, folder: Path) -> Iterator[None]:
    try:
        lock = FolderLock(folder)
    except Busy:
        told.stop(
            UNREACHABLE,
            Bilingual(f"{folder} 上的枢纽正在运行", f"A hub is running on {folder}"),
            Bilingual("请先停止它。", "Stop it first."),
        )
    with lock:
        yield


@contextmanager
def _telling(told: Session) -> Iterator[None]:
    """Tell what went wrong in place of a traceback."""
    from app.operations.archive import NoBackup
    from app.operations.failure import Refused

    try:
        yield
    except Refused as refused:
        told.stop(WRONG_USAGE, refused.why)
    except NoBackup as error:
        told.stop(WRONG_USAGE, Bilingual(f"不是完整的备份：{error}", f"This is no whole backup: {error}"))
    except failures() as error:
        told.stop(
            UNREACHABLE,
            Bilingual(f"没有完成：{error}", f"It was not completed: {error}"),
            Bilingual("排除问题后可以再来一次，什么也不会丢失。", "Mend that and do it again; nothing is lost."),
        )
