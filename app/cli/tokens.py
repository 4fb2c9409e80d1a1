"""`hub token`: who may do what."""

from typing import Annotated, cast, get_args

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.session import WRONG_USAGE, Data, session, settings_for
from app.cli.wording import t
from hub.auth.sources import load_sources
from hub.auth.tokens import ACCESS_FILE, AccessFile
from hub.kernel.access import Role
from hub.kernel.language import Bilingual

ROLES: tuple[Role, ...] = get_args(Role)
GROUP_HELP = t("发放和列出访问令牌。", "Issue and list access tokens.")
ISSUE_HELP = t(
    """发放令牌，只显示一次。正在运行的枢纽立即认可。

角色：member 看会员字段、预约；submitter 以所列来源的名义提交；agency 看主管部门字段、裁定；operator 全部。

示例：`hub token issue 宁波大学 --role submitter --source owner`""",
    """Issue a token, shown once; a running hub knows it at once.

Roles: member sees member fields and books; submitter submits for the given sources; agency sees agency fields and
settles conflicts; operator may do everything.

Example: `hub token issue "Ningbo University" --role submitter --source owner`""",
)
LIST_HELP = t(
    "列出已发放的令牌（名称、角色、来源）；令牌本身没有保存。",
    "List the issued tokens: names, roles, sources; tokens are not kept.",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help=GROUP_HELP, no_args_is_help=True)
    group.command("issue", help=ISSUE_HELP)(issue)
    group.command("list", help=LIST_HELP)(list_tokens)
    app.add_typer(group, name="token")


def issue(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=t("发给谁", "whom it is for"))],
    roles: Annotated[
        list[str] | None,
        typer.Option("--role", "-r", help=t("角色；可重复，默认 member", "role; can be repeated; member if not given")),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", "-s", help=t("可代表的数据来源；* 为全部", "source it may speak for; * for all")),
    ] = None,
    data: Data = None,
) -> None:
    """Write the token's digest into the data folder and print the token."""
    told = session(context)
    settings = settings_for(data)
    known = {source.id for source in load_sources(settings.sources_file)} | {"*"}
    for given, among, zh, en in ((roles, set(ROLES), "角色", "role"), (sources, known, "数据来源", "source")):
        if wrong := set(given or ()) - among:
            names, listed = ", ".join(sorted(wrong)), ", ".join(sorted(among))
            told.stop(WRONG_USAGE, Bilingual(f"没有{zh} {names}；有 {listed}", f"no {en} {names}; there are {listed}"))
    chosen = cast(list[Role], roles or ["member"])
    if "submitter" in chosen and not sources:
        told.stop(
            WRONG_USAGE,
            Bilingual("submitter 需要 --source 说明代表哪个来源", "a submitter needs --source: whom it may speak for"),
        )
    token = AccessFile(settings.data_dir).issue(name, chosen, sources or ())
    typer.echo(token)
    told.note(Bilingual("请妥善保存：令牌不会再次显示。", "Keep it safe: it is not shown again."))


def list_tokens(context: typer.Context, data: Data = None) -> None:
    """Print a line a token."""
    told = session(context)
    folder = settings_for(data).data_dir
    if not (folder / ACCESS_FILE).exists():
        told.stop(WRONG_USAGE, Bilingual(f"{folder} 不是枢纽的数据文件夹", f"{folder} is no data folder of a hub"))
    zh = told.language == "zh"
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("名称", "角色", "来源") if zh else ("name", "roles", "sources"):
        table.add_column(heading)
    for principal in AccessFile(folder).principals():
        table.add_row(escape(principal.name), ", ".join(sorted(principal.roles)), ", ".join(sorted(principal.sources)))
    told.out.print(table)
