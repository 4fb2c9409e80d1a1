"""`hub rebuild` and `hub doctor`."""

from pathlib import Path

import typer
from rich.markup import escape

from hub.cli.importing import bar
from hub.cli.lock import Busy, FolderLock
from hub.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from hub.cli.wording import t
from hub.kernel.language import Bilingual

REBUILD_HELP = t(
    """从记录库重建检索目录，例如目录损坏或升级之后。枢纽须已停止。

示例：`hub rebuild --data /srv/hub`""",
    """Build the catalogue anew from the record store, after damage or an upgrade. The hub must not be running.

Example: `hub rebuild --data /srv/hub`""",
)
DOCTOR_HELP = t(
    """检查数据文件夹与运行环境，逐项说明问题和解决办法；枢纽运行时也可检查。

检查：数据文件夹可写、剩余空间、SQLite 与全文检索、日志模式、主题设置、后台任务的积压、目录与记录库一致、
密钥文件权限、时钟、端口。

退出码：0 全部通过；1 有问题。""",
    """Check the data folder and this machine, and tell what helps against each finding; also while the hub runs.

Checked: folder writable, free space, SQLite and full-text search, journal mode, topics, lag of each worker, catalogue
equals record store, modes of key files, clock, port.

Exit codes: 0 all is well; 1 something is not.""",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("rebuild", help=REBUILD_HELP)(rebuild)
    app.command("doctor", help=DOCTOR_HELP)(doctor)


def rebuild(context: typer.Context, data: Data = None) -> None:
    """Rebuild under the folder's lock."""
    told = session(context)
    settings = settings_for(data)
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
        count = _rebuilt(told, settings.data_dir)
    told.say(Bilingual(f"目录已重建：{count} 条记录", f"The catalogue is rebuilt: {count} records"), "green")


def _rebuilt(told: Session, folder: Path) -> int:
    from hub.composition import compose
    from services.catalog.service import rebuild as build

    hub = compose(settings_for(folder))
    try:
        with bar(told, Bilingual("重建目录", "Rebuilding the catalogue"), Bilingual("条", "records")) as progress:
            return build(hub.records, hub.catalogue, lambda done: progress(done, 0))
    finally:
        for worker in hub.workers:
            worker.close()
        hub.close()


def doctor(context: typer.Context, data: Data = None) -> None:
    """Print a line a check."""
    from hub.cli.checks import examine

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
