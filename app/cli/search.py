"""`hub search` and `hub kinds`."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.session import FINE, SOME_REFUSED, WRONG_USAGE, Data, Session, Token, Url, session
from app.cli.wording import t
from hub.kernel.language import Bilingual
from schemas.http.catalog import SEARCH, Hit, SearchPage

SEARCH_HELP = t(
    """检索公开记录。

示例：

`hub search 质谱`

`hub search 质谱仪 --kind instrument --filter status=in_service`

`hub search --kind instrument --near 30.26,120.12,20 --size 5 --json`

退出码：0 有结果；1 没有结果；2 参数有误；3 枢纽无法访问。""",
    """Search the public records.

Examples:

`hub search "mass spectrometer"`

`hub search orbitrap --kind instrument --filter status=in_service`

`hub search --kind instrument --near 30.26,120.12,20 --size 5 --json`

Exit codes: 0 something found; 1 nothing found; 2 wrong usage; 3 hub not reachable.""",
)
KINDS_HELP = t(
    "列出记录类别，以及每类由什么识别一条记录。", "List the record kinds, and what identifies a record of each."
)

HEADINGS = {"类别": "kind", "名称": "name", "编号": "id"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("search", help=SEARCH_HELP)(search)
    app.command("kinds", help=KINDS_HELP)(kinds)


def search(
    context: typer.Context,
    *,
    text: Annotated[
        list[str] | None, typer.Argument(help=t("检索词；可不填", "what to look for; may be left out"))
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", "-k", help=t("只看此类记录；可重复", "only this kind; can be repeated")),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", "-f", metavar="PATH=VALUE", help=t("按字段筛选；可重复", "filter by a field; can be repeated")
        ),
    ] = None,
    near: Annotated[
        str,
        typer.Option(
            metavar="LAT,LON[,KM]",
            help=t("附近（WGS 84，默认 50 公里）", "close to a point (WGS 84; 50 km if not given)"),
        ),
    ] = "",
    sort: Annotated[str, typer.Option(help=t("排序", "order"))] = "",
    size: Annotated[int, typer.Option(min=1, max=100, help=t("条数", "how many"))] = 20,
    as_json: Annotated[bool, typer.Option("--json", help=t("原样输出 JSON", "print the answer as JSON"))] = False,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Ask the catalogue and show the hits, or the whole answer as JSON."""
    told = session(context)
    parameters = [("q", " ".join(text or ())), ("size", str(size)), *_near(told, near)]
    parameters += [("kind", name) for name in kind or ()] + [_filter(told, item) for item in filters or ()]
    parameters += [("sort", sort)] if sort else []
    with told.client(data, url, token) as client:
        found = client.call(SEARCH, query=[item for item in parameters if item[1]])
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _show(told, found)
    raise typer.Exit(FINE if found.total else SOME_REFUSED)


def _near(told: Session, near: str) -> list[tuple[str, str]]:
    if not near:
        return []
    parts = [part.strip() for part in near.replace("，", ",").split(",")]
    if len(parts) not in (2, 3):
        told.stop(WRONG_USAGE, Bilingual("--near 应为 纬度,经度[,公里]", "--near takes LAT,LON[,KM]"))
    return [("near", ",".join(parts[:2])), ("within_km", parts[2] if len(parts) == 3 else "50")]


def _filter(told: Session, item: str) -> tuple[str, str]:
    path, equals, value = item.partition("=")
    if not (path.strip() and equals and value.strip()):
        told.stop(
            WRONG_USAGE, Bilingual(f"--filter 应为 字段=值，而不是 {item}", f"--filter takes PATH=VALUE, not {item}")
        )
    return f"f.{path.strip()}", value.strip()


def _show(told: Session, found: SearchPage) -> None:
    rows = [(hit.kind_label, hit.title, _beneath(hit), hit.id) for hit in found.hits]
    if told.out.is_terminal:
        _table(told, rows)
    else:
        for row in rows:
            typer.echo("\t".join(row))
    shown, total = len(rows), found.total
    told.note(Bilingual(f"共 {total} 条，显示 {shown} 条", f"{total} found, {shown} shown"), "dim")


def _beneath(hit: Hit) -> str:
    far = "" if hit.distance_km is None else f"{hit.distance_km:.1f} km"
    return "  ".join(part for part in (hit.subtitle, far) if part)


def _table(told: Session, rows: list[tuple[str, str, str, str]]) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading, folds in (("类别", False), ("名称", True), ("编号", False)):
        table.add_column(HEADINGS[heading] if told.language == "en" else heading, overflow="fold", no_wrap=not folds)
    for kind, title, beneath, record_id in rows:
        below = f"\n[dim]{escape(beneath)}[/dim]" if beneath else ""
        table.add_row(escape(kind), escape(title) + below, record_id)
    told.out.print(table)


def kinds(context: typer.Context) -> None:
    """List the kinds that this installation knows; needs no running hub."""
    from schemas.kind import kinds as known

    told = session(context)
    zh = told.language == "zh"
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("类别", "名称", "可预约", "由何识别") if zh else ("kind", "name", "bookable", "identified by"):
        table.add_column(heading)
    for kind in known().values():
        ways = dict.fromkeys(" + ".join(identity.paths) for identity in kind.identity)
        table.add_row(kind.name, kind.label[told.language], "✓" if kind.bookable else "", " | ".join(ways))
    told.out.print(table)
