"""`hub rebuild` and `hub doctor`."""

from contextlib import closing

import httpx
import typer
from rich.markup import escape

from app.cli.files import bar
from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, UNREACHABLE, WRONG_USAGE, Data, Session, session, settings_for
from app.cli.wording import t
from hub.runtime.lock import Busy, FolderLock
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

ANSWER_SECONDS = 5.0

REBUILD_HELP = t("cli.maintenance.rebuild-help")
DOCTOR_HELP = t("cli.maintenance.doctor-help")


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
    told.say(bilingual("cli.maintenance.catalogue-rebuilt-records", count=count), "green")


def _rebuilt_alone(told: Session, settings: Settings) -> int:
    if not (settings.data_dir / "records.db").exists():
        told.stop(
            WRONG_USAGE,
            bilingual("cli.maintenance.no-record-store", data_dir=settings.data_dir),
        )
    try:
        lock = FolderLock(settings.data_dir)
    except Busy:
        told.stop(
            UNREACHABLE,
            bilingual("cli.maintenance.hub-running", data_dir=settings.data_dir),
            bilingual("cli.maintenance.stop-then-rebuild"),
        )
    with lock:
        return _rebuilt(told, settings)


def _rebuilt(told: Session, settings: Settings) -> int:
    from app.composition import resources
    from hub.runtime.manifest import CATALOGUE, RECORD_STORE
    from services.catalog.service import rebuild as build

    with (
        closing(resources(settings)) as on,
        bar(told, bilingual("cli.maintenance.rebuilding-catalogue"), bilingual("cli.maintenance.records")) as progress,
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
        told.say(bilingual("cli.maintenance.checks-failed", wrong=wrong, total=len(findings)), "red")
    raise typer.Exit(SOME_REFUSED if wrong else FINE)
