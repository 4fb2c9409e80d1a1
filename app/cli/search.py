"""`hub search` and `hub kinds`."""

from typing import Annotated

import typer
from rich.markup import escape

from app.cli.session import FINE, SOME_REFUSED, WRONG_USAGE, Data, Session, Token, Url, session_of
from app.cli.wording import t
from hub.text.messages import bilingual
from schemas.http.catalog import SEARCH, Hit, SearchPage


def search(
    context: typer.Context,
    *,
    text: Annotated[list[str] | None, typer.Argument(help=t("cli.search.search.text"))] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", "-k", help=t("cli.search.search.kind"))] = None,
    filters: Annotated[
        list[str] | None, typer.Option("--filter", "-f", metavar="PATH=VALUE", help=t("cli.search.search.filters"))
    ] = None,
    near: Annotated[str, typer.Option(metavar="LAT,LON[,KM]", help=t("cli.search.search.near"))] = "",
    sort: Annotated[str, typer.Option(help=t("cli.search.search.sort"))] = "",
    size: Annotated[int, typer.Option(min=1, max=100, help=t("cli.search.search.size"))] = 20,
    as_json: Annotated[bool, typer.Option("--json", help=t("cli.search.search.as-json"))] = False,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Ask the catalogue and show the hits, or the whole answer as JSON."""
    session = session_of(context)
    parameters = [("q", " ".join(text or ())), ("size", str(size)), *_near(session, near)]
    parameters += [("kind", name) for name in kind or ()] + [_filter(session, item) for item in filters or ()]
    parameters += [("sort", sort)] if sort else []
    with session.client(data, url, token) as client:
        page = client.call(SEARCH, query=[item for item in parameters if item[1]])
    if as_json:
        typer.echo(page.model_dump_json(indent=2))
    else:
        _show(session, page)
    raise typer.Exit(FINE if page.total else SOME_REFUSED)


def _near(session: Session, near: str) -> list[tuple[str, str]]:
    if not near:
        return []
    parts = [part.strip() for part in near.replace("，", ",").split(",")]
    if len(parts) not in (2, 3):
        session.stop(WRONG_USAGE, bilingual("cli.search.near-takes-lat-lon"))
    return [("near", ",".join(parts[:2])), ("within_km", parts[2] if len(parts) == 3 else "50")]


def _filter(session: Session, item: str) -> tuple[str, str]:
    path, equals, value = item.partition("=")
    if not (path.strip() and equals and value.strip()):
        session.stop(WRONG_USAGE, bilingual("cli.search.filter-takes-path-value", item=item))
    return f"f.{path.strip()}", value.strip()


def _show(session: Session, page: SearchPage) -> None:
    rows = [(hit.kind_label, hit.title, _beneath(hit), hit.id) for hit in page.hits]
    if session.out.is_terminal:
        _table(session, rows)
    else:
        for row in rows:
            typer.echo("\t".join(row))
    count, total = len(rows), page.total
    session.note(bilingual("cli.search.found-shown", total=total, shown=count), "dim")


def _beneath(hit: Hit) -> str:
    far = "" if hit.distance_km is None else f"{hit.distance_km:.1f} km"
    return "  ".join(part for part in (hit.subtitle, far) if part)


def _table(session: Session, rows: list[tuple[str, str, str, str]]) -> None:
    table = session.table("cli.heading.kind", "cli.heading.name", "cli.heading.id", whole=(0, 2))
    for kind, title, beneath, record_id in rows:
        below = f"\n[dim]{escape(beneath)}[/dim]" if beneath else ""
        table.add_row(escape(kind), escape(title) + below, record_id)
    session.out.print(table)


def kinds(context: typer.Context) -> None:
    """List the kinds that this installation knows; needs no running hub."""
    from schemas.kind import kinds as known

    session = session_of(context)
    table = session.table(*(f"cli.heading.{name}" for name in ("kind", "name", "bookable", "identified-by")))
    for kind in known().values():
        ways = dict.fromkeys(" + ".join(identity.paths) for identity in kind.identity)
        table.add_row(kind.name, kind.label[session.language], "✓" if kind.bookable else "", " | ".join(ways))
    session.out.print(table)
