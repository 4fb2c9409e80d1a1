"""`hub rebuild` and `hub doctor`."""

from contextlib import closing

import httpx
import typer
from rich.markup import escape

from app.cli.files import bar
from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.runtime.lock import Busy, FolderLock
from hub.runtime.settings import Settings

ANSWER_SECONDS = 5.0

REBUILD_HELP = t(
    """从记录库重建检索目录，例如目录损坏或升级之后。

嵌入式枢纽须已停止。HUB_PROFILE=real 时各服务照常运行：在别名之下建立新的索引，建好后一次切换，不影响检索和更新。

示例：`hub rebuild --data /srv/hub`

退出码：0 已重建；2 没有数据；3 枢纽正在运行，或服务器无法访问。""",
    """Build the catalogue anew from the record store, after damage or an upgrade.

An embedded hub must not be running. With HUB_PROFILE=real the services go on: a new index grows beside the one that
serves and takes its place under the alias in one step; searches and changes meanwhile are served and kept.

Example: `hub rebuild --data /srv/hub`

Exit codes: 0 rebuilt; 2 there are no data; 3 the hub runs, or a server cannot be reached.""",
)
DOCTOR_HELP = t(
    """检查数据文件夹、运行环境和（HUB_PROFILE=real）各服务器，逐项说明问题和解决办法；枢纽运行时也可检查，不改动任何数据。

检查：数据文件夹可写、剩余空间、时钟、密钥文件权限、登录服务（若设置）、后台任务的积压、主题设置、目录与记录库一致；
嵌入式另有 SQLite 与全文检索、日志模式、端口；服务器另有 Kafka 副本、PostgreSQL 数据表版本、Elasticsearch 版本与
健康状态及别名、vault.key 与保险库相符。

退出码：0 全部通过；1 有问题。""",
    """Check the data folder, this machine and (HUB_PROFILE=real) the servers, and tell what helps against each finding;
also while the hub runs. Nothing is changed.

Checked: folder writable, free space, clock, modes of key files, the sign-in provider where one is set, what waits for
each worker, topics, catalogue equals record store. Embedded also: SQLite and full-text search, journal mode, port. On
servers also: replicas on Kafka, tables of this release on PostgreSQL, version, health and alias of Elasticsearch,
vault.key opens the vault.

Exit codes: 0 all is well; 1 something is not.""",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("rebuild", help=REBUILD_HELP)(rebuild)
    app.command("doctor", help=DOCTOR_HELP)(doctor)


def rebuild(context: typer.Context, data: Data = None) -> None:
    """Rebuild under the folder's lock, or beside services on servers."""
    told = session(context)
    settings = settings_for(data)
    if settings.profile == "real":
        with telling_failures(told, settings):
            httpx.get(settings.elasticsearch_url, timeout=ANSWER_SECONDS)  # else a long patience begins without a word
            count = _rebuilt(told, settings)
    else:
        count = _rebuilt_alone(told, settings)
    told.say(Bilingual(f"目录已重建：{count} 条记录", f"The catalogue is rebuilt: {count} records"), "green")


def _rebuilt_alone(told: Session, settings: Settings) -> int:
    if not (settings.data_dir / "records.db").exists():
        told.stop(
            WRONG_USAGE,
            Bilingual(f"{settings.data_dir} 里没有记录库", f"There is no record store in {settings.data_dir}"),
        )
    try:
        lock = FolderLock(settings.data_dir)
    except Busy:
        told.stop(
            UNREACHABLE,
            Bilingual(f"{settings.data_dir} 上的枢纽正在运行", f"A hub is running on {settings.data_dir}"),
            Bilingual("请先停止它，再重建。", "Stop it, then rebuild."),
        )
    with lock:
        return _rebuilt(told, settings)


def _rebuilt(told: Session, settings: Settings) -> int:
    from app.composition import resources
    from hub.runtime.manifest import CATALOGUE, RECORD_STORE
    from services.catalog.service import rebuild as build

    with (
        closing(resources(settings)) as on,
        bar(told, Bilingual("重建目录", "Rebuilding the catalogue"), Bilingual("条", "records")) as progress,
    ):
        return build(on.get(RECORD_STORE), on.get(CATALOGUE), lambda done: progress(done, 0))


def doctor(context: typer.Context, data: Data = None) -> None:
    """Print a line a check."""
    from app.operations.doctor.checks import examine

    told = session(context)
    settings = settings_for(data)
    findings = examine(settings)
    for finding in findings:
        mark = "[green]✓[/green]" if finding.fine else "[red]✗[/red]"
        told.out.print(f"{mark} {escape(finding.what[told.language])}")
        if finding.remedy and not finding.fine:
            told.out.print(f"    → {escape(finding.remedy[told.language])}")
    wrong = sum(not finding.fine for finding in findings)
    if wrong:
        told.say(Bilingual(f"{wrong} 项有问题", f"{wrong} of {len(findings)} checks failed"), "red")
    raise typer.Exit(SOME_REFUSED if wrong else FINE)
