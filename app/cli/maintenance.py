"""`hub rebuild` and `hub doctor`."""

from contextlib import closing

import httpx
import typer
from rich.markup import escape

from app.cli.files import bar
from app.cli.servers import telling_failures
from app.cli.session import FINE, SOME_REFUSED, WRONG_USAGE, Data, Session, session_of, settings_for
from hub.runtime.settings import Settings
from hub.text.messages import bilingual

ANSWER_SECONDS = 5.0


def rebuild(context: typer.Context, data: Data = None) -> None:
    """Rebuild under the folder's lock, or beside services on servers."""
    session = session_of(context)
    settings = settings_for(data)
    if settings.profile == "real":
        with telling_failures(session, settings):
            httpx.get(settings.elasticsearch_url, timeout=ANSWER_SECONDS)  # else a long patience begins without a word
            count = _rebuilt(session, settings)
    else:
        count = _rebuilt_alone(session, settings)
    session.say(bilingual("cli.maintenance.catalogue-rebuilt-records", count=count), "green")


def _rebuilt_alone(session: Session, settings: Settings) -> int:
    if not (settings.data_dir / "records.db").exists():
        session.stop(WRONG_USAGE, bilingual("cli.maintenance.no-record-store", data_dir=settings.data_dir))
    taken = bilingual("cli.maintenance.hub-running", data_dir=settings.data_dir)
    with session.lock(settings.data_dir, taken, bilingual("cli.maintenance.stop-then-rebuild")):
        return _rebuilt(session, settings)


def _rebuilt(session: Session, settings: Settings) -> int:
    from app.composition import resources
    from hub.runtime.manifest import CATALOGUE, RECORD_STORE
    from services.catalog.service import rebuild as build

    title, unit = bilingual("cli.maintenance.rebuilding-catalogue"), bilingual("cli.maintenance.records")
    with closing(resources(settings)) as on, bar(session, title, unit) as progress:
        return build(on.get(RECORD_STORE), on.get(CATALOGUE), lambda done: progress(done, 0))


def doctor(context: typer.Context, data: Data = None) -> None:
    """Print a line a check."""
    from app.operations.doctor.checks import examine

    session = session_of(context)
    settings = settings_for(data)
    findings = examine(settings)
    for finding in findings:
        mark = "[green]✓[/green]" if finding.fine else "[red]✗[/red]"
        session.out.print(f"{mark} {escape(finding.what[session.language])}")
        if finding.remedy and not finding.fine:
            session.out.print(f"    → {escape(finding.remedy[session.language])}")
    wrong = sum(not finding.fine for finding in findings)
    if wrong:
        session.say(bilingual("cli.maintenance.checks-failed", wrong=wrong, total=len(findings)), "red")
    raise typer.Exit(SOME_REFUSED if wrong else FINE)
