"""`hub import`, `hub template`, `hub export`: files of records in and out."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli import transfer
from app.cli.session import (
    FINE,
    SHOWN_PROBLEMS,
    SOME_REFUSED,
    UNREACHABLE,
    WRONG_USAGE,
    Data,
    Session,
    Token,
    Url,
    operators,
    session,
)
from app.cli.transfer import Document
from app.cli.wording import t
from hub.kernel.language import Bilingual
from hub.kernel.operation import Operation
from hub.web.client import ApiProblem, HubClient, Query
from schemas.http.catalog import SEARCH, SearchQuery
from schemas.http.ingest import REFUSED, TEMPLATE, GivebackFormat, Receipt, RefusedQuery, TableFormat, TemplateQuery

PAGE = 100
MISTYPED = frozenset({"unknown-kind", "unknown-source"})
"""Problems of the command line rather than of the file."""
TABLES: Mapping[str, TableFormat] = {".csv": "csv", ".xlsx": "xlsx"}
FORMATS: Mapping[str, GivebackFormat] = {
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
}
IMPORT_HELP = t(
    """导入文件：边读边发，逐行检查，显示被拒绝的行和原因。

格式按文件内容识别：CSV、Excel、JSON、NDJSON、XML（UNIQUIP、PIDINST、CERIF、ROR），可为 .gz。

示例：

`hub import 仪器.xlsx --kind instrument --source owner`

`hub import *.csv --kind expert --source zhejiang --refused 待改.csv`

退出码：0 全部接收；1 有的行被拒绝；2 用法有误；3 枢纽无法访问或整个文件被拒绝。""",
    """Import files: rows are streamed, checked one by one, and the refused ones are shown with their reasons.

The format is recognised: CSV, Excel, JSON, NDJSON, XML (UNIQUIP, PIDINST, CERIF, ROR), each also as .gz.

Examples:

`hub import instruments.xlsx --kind instrument --source owner`

`hub import *.csv --kind expert --source zhejiang --refused mend.csv`

Exit codes: 0 every row taken; 1 some rows refused; 2 wrong usage; 3 hub not reachable, or a whole file refused.""",
)
TEMPLATE_HELP = t(
    """保存某类记录的导入模板（表头、示例行、填写说明）。

示例：`hub template instrument -o 仪器模板.xlsx`""",
    """Save an import template of a kind: headings, an example row, hints.

Example: `hub template instrument -o instruments.xlsx`""",
)
EXPORT_HELP = t(
    """把某类记录的公开字段导出为 NDJSON，每行一条。

示例：`hub export instrument -o instruments.ndjson`""",
    """Export the public fields of a kind's records as NDJSON, one record a line.

Example: `hub export instrument -o instruments.ndjson`""",
)
Kind = Annotated[str, typer.Option("--kind", "-k", help=t("记录类别，见 hub kinds", "record kind; see hub kinds"))]
Output = Annotated[Path, typer.Option("--output", "-o", help=t("写入的文件", "file to write"))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import", help=IMPORT_HELP)(import_files)
    app.command("template", help=TEMPLATE_HELP)(template)
    app.command("export", help=EXPORT_HELP)(export)


def import_files(
    context: typer.Context,
    *,
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, readable=True, help=t("要导入的文件", "files to import")),
    ],
    kind: Kind,
    source: Annotated[
        str,
        typer.Option(
            "--source", "-s", help=t("以哪个数据来源的名义，如 owner", "on behalf of which source, such as owner")
        ),
    ],
    format_name: Annotated[
        str, typer.Option("--format", help=t("格式；不填即自动识别", "format; recognised if not given"))
    ] = "",
    refused: Annotated[
        Path | None,
        typer.Option(
            "--refused",
            help=t(
                "把被拒绝的行连同原因存为文件（.csv .xlsx .ndjson），改好后可直接再导入",
                "save refused rows with their reasons (.csv .xlsx .ndjson), to be mended and imported as they are",
            ),
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help=t("等到可以检索为止", "wait until the rows can be found"))
    ] = True,
    url: Url = None,
    token: Token = None,
    data: Data = None,
) -> None:
    """Import each file; the exit code tells the worst of them."""
    told = session(context)
    if refused and refused.suffix.casefold() not in FORMATS:
        told.stop(
            WRONG_USAGE,
            Bilingual(
                "--refused 的文件名应以 .csv、.xlsx 或 .ndjson 结尾",
                "--refused takes a name that ends in .csv, .xlsx or .ndjson",
            ),
        )
    with told.client(data, url, token or operators(data)) as client:
        codes = []
        for path in files:
            saved = beside(refused, path, len(files)) if refused else None
            try:
                receipt = submitted(told, client, Document.of(path, kind, source, format_name))
                codes.append(reported(told, client, receipt, saved, wait))
            except ApiProblem as problem:
                told.refused(problem)
                codes.append(WRONG_USAGE if problem.codes & MISTYPED else UNREACHABLE)
    raise typer.Exit(max(codes))


@contextmanager
def bar(told: Session, what: Bilingual, unit: Bilingual) -> Iterator[transfer.Progress]:
    """A progress bar on standard error; what it calls takes what is done and what there is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeElapsedColumn())
    with Progress(*columns, console=told.err, transient=told.err.is_terminal) as progress:
        task = progress.add_task(escape(what[told.language]), total=None, told="")

        def on_progress(done: int, total: int) -> None:
            words = f"{done:,} / {total:,} {unit[told.language]}" if total else f"{done:,} {unit[told.language]}"
            progress.update(task, completed=done, total=total or None, told=words)

        yield on_progress


def submitted(told: Session, client: HubClient, document: Document) -> Receipt:
    """The receipt of a document, sent with a progress bar."""
    with bar(
        told, Bilingual(f"发送 {document.name}", f"Sending {document.name}"), Bilingual("字节", "bytes")
    ) as progress:
        receipt = transfer.send(client, document, progress)
    accepted, refused = receipt.accepted, receipt.refused
    told.say(
        Bilingual(
            f"{document.name}：接收 {accepted} 行，拒绝 {refused} 行，回执 {receipt.id}",
            f"{document.name}: {accepted} rows taken, {refused} refused, receipt {receipt.id}",
        )
    )
    return receipt


def reported(told: Session, client: HubClient, receipt: Receipt, saved: Path | None, wait: bool) -> int:
    """Tell what was refused, save it if asked to, wait if asked to; the exit code of this file."""
    for problem in receipt.problems[:SHOWN_PROBLEMS]:
        told.note(Bilingual(problem.message, problem.message), "red")
    refused = receipt.refused
    if refused and saved:
        form = RefusedQuery(format=FORMATS[saved.suffix.casefold()])
        download(client, saved, REFUSED, form, receipt_id=receipt.id)
        told.note(
            Bilingual(
                f"被拒绝的行已存入 {saved}，改好后可直接再导入",
                f"Refused rows are in {saved}; mend them and import it as it is",
            )
        )
    elif refused:
        told.note(
            Bilingual(
                "加 --refused 文件名 可把这些行连同原因存下来",
                "Add --refused FILE to save these rows with their reasons",
            )
        )
    code = SOME_REFUSED if refused else FINE
    if wait and receipt.accepted:
        code = max(code, followed(told, client, receipt))
    return code


def followed(told: Session, client: HubClient, receipt: Receipt) -> int:
    """Wait until every accepted row is settled; the exit code of that."""
    try:
        with bar(told, Bilingual("等待可检索", "Waiting until searchable"), Bilingual("行", "rows")) as progress:
            states = transfer.follow(client, receipt, progress)
    except TimeoutError:
        told.note(
            Bilingual(
                "枢纽迟迟没有处理完；数据已收下，可用 hub doctor 检查",
                "The hub is slow to process the rows; they are safe, see hub doctor",
            )
        )
        return UNREACHABLE
    searchable, stale, dead = (states.get(name, 0) for name in transfer.SETTLED)
    told.say(Bilingual(f"{searchable} 行已可检索", f"{searchable} rows can be found now"), "green")
    if stale:
        told.note(
            Bilingual(
                f"{stale} 行比该来源已有的版本旧，未采用",
                f"{stale} rows are older than what the source said before, and were left aside",
            )
        )
    if dead:
        told.note(
            Bilingual(f"{dead} 行无法处理，已转入死信队列", f"{dead} rows could not be processed and are dead letters"),
            "red",
        )
    return SOME_REFUSED if dead else FINE


def beside(refused: Path, path: Path, files: int) -> Path:
    """The file for one of several files' refused rows: named after it."""
    return refused if files == 1 else refused.with_stem(f"{refused.stem}-{path.name.split('.')[0]}")


def private(path: Path) -> BinaryIO:
    """A new file to write, for its owner alone: what is exported may be more than everybody may see."""
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def download(client: HubClient, target: Path, operation: Operation[bytes], query: Query, **names: str) -> None:
    """Save what the hub gives; nothing is left half written under the name."""
    part = target.with_name(target.name + ".part")
    with client.download(operation, query, **names) as chunks, private(part) as file:
        for chunk in chunks:
            file.write(chunk)
    part.replace(target)


def template(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=t("记录类别，见 hub kinds", "record kind; see hub kinds"))],
    output: Output,
    url: Url = None,
    data: Data = None,
) -> None:
    """Save the template in the format of the file's name."""
    told = session(context)
    form = TABLES.get(output.suffix.casefold())
    if form is None:
        told.stop(WRONG_USAGE, Bilingual("文件名应以 .csv 或 .xlsx 结尾", "the name ends in .csv or .xlsx"))
    with told.client(data, url, None) as client:
        download(client, output, TEMPLATE, TemplateQuery(format=form), kind=kind)
    told.say(Bilingual(f"模板已存入 {output}", f"The template is in {output}"))


def export(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=t("记录类别，见 hub kinds", "record kind; see hub kinds"))],
    output: Output,
    url: Url = None,
    data: Data = None,
) -> None:
    """Page through the kind and write a record a line, with its id and version."""
    told = session(context)
    part, count, cursor = output.with_name(output.name + ".part"), 0, None
    exported, unit = Bilingual(f"导出 {kind}", f"Exporting {kind}"), Bilingual("条", "records")
    with told.client(data, url, None) as client, private(part) as file, bar(told, exported, unit) as progress:
        while True:
            page = client.call(SEARCH, query=SearchQuery(kind=(kind,), size=PAGE, cursor=cursor))
            for hit in page.hits:
                file.write(orjson.dumps({"_id": hit.id, "_version": hit.version, **hit.fields}) + b"\n")
            count += len(page.hits)
            progress(count, page.total)
            cursor = page.next_cursor
            if cursor is None:
                break
    part.replace(output)
    told.say(Bilingual(f"{count} 条记录已存入 {output}", f"{count} records are in {output}"))
