"""The reader's language on the command line, and texts that are written in both."""

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from hub.text.language import DEFAULT_LANGUAGE, Language
from hub.text.messages import bilingual

BETWEEN = "\x1f"
_PANELS = {"argument": bilingual("cli.wording.panels.argument"), "option": bilingual("cli.wording.panels.option")}
_COMMANDS = bilingual("cli.wording.commands")
_HELP = bilingual("cli.wording.help")


def t(code: str, **values: object) -> str:
    """Help in both languages, of which `localise` leaves one."""
    both = bilingual(code, **values)
    return f"{both.zh}{BETWEEN}{both.en}"


def language_from(environment: Mapping[str, str]) -> Language:
    """By LC_ALL, LC_MESSAGES or LANG, the first that is set (POSIX).

    English for every language but Chinese; the hub's first language where the environment tells none.
    """
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    tag = locale.replace("-", "_").split("_")[0].split(".")[0].casefold()
    if tag in ("", "c", "posix"):
        return DEFAULT_LANGUAGE
    return "zh" if tag == "zh" else "en"


def split_language(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without `--lang`, which may stand anywhere before `--`, and what it says."""
    rest: list[str] = []
    chosen: str | None = None
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*rest, word, *words], chosen
        if word == "--lang":
            chosen = next(words, "")
        elif word.startswith("--lang="):
            chosen = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, chosen


def localise(command: Any, language: Language) -> Any:
    """Leave the texts of one language in a command, its parameters and the commands below it."""
    for name in ("help", "short_help", "epilog"):
        setattr(command, name, _chosen(getattr(command, name, None), language))
    for parameter in command.params:
        parameter.help = _chosen(parameter.help, language)
        parameter.rich_help_panel = _PANELS[parameter.param_type_name][language]
    if option := command.get_help_option(typer.Context(command)):  # made once and kept by the command
        option.help, option.rich_help_panel = _HELP[language], _PANELS["option"][language]
    for below in getattr(command, "commands", {}).values():
        below.rich_help_panel = _COMMANDS[language]
        localise(below, language)
    return command


def _chosen(text: str | None, language: Language) -> str | None:
    if text is None or BETWEEN not in text:
        return text
    zh, _, en = text.partition(BETWEEN)
    return zh if language == "zh" else en
