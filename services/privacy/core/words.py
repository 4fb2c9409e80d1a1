"""Entries of the audit trail in words for people."""

import re
from collections.abc import Iterable, Mapping

from hub.text.language import Bilingual, Language
from hub.text.messages import messages, sentence
from schemas.views.titles import kind_label
from services.privacy.core.chain import Entry

COMMAND_LINE, LEGACY = "command-line", "legacy-"
HUBS_OWN = frozenset(
    {
        "session.begin",
        "code.ask",
        "token.use",
        "token.issue",
        "account.add",
        "organisation.add",
        "membership.add",
        "membership.change",
        "invitation.give",
        "managers.name",
        "belonging.assign",
        "steward.same-as",
        "claim.decide",
        "records.export",
        "backup.make",
    }
)
"""Actions whose details are the hub's words, those behind a colon aside; others are what people wrote, or names."""
OF_A_KIND = frozenset({"records.submit", "records.export"})
SAID = ("number", "at", "who", "of", "what", "to", "how", "further")
KEPT = ("account", "organisation", "credential", "action", "subject", "outcome", "detail", "hash")
COLUMNS = (*SAID, *KEPT)
"""Of a table of entries: words first, then what is kept."""
Names = Mapping[str, Bilingual]
_IDS = re.compile(r"\b(?:acc|org)-[0-9a-z]+")
_WORDS = re.compile(r"(?<![\w./@-])[a-z]+(?:-[a-z]+)*(?![\w./@-])")


def ids_in(entries: Iterable[Entry]) -> set[str]:
    """The ids of accounts and organisations that the entries name."""
    found: set[str] = set()
    for entry in entries:
        found |= {entry.account, entry.organisation, *_IDS.findall(entry.subject), *_IDS.findall(entry.detail)}
    return found - {""}


def in_words(entry: Entry, names: Names, language: Language) -> dict[str, str]:
    """What schemas.http.audit.ReadEntry has beside the entry."""
    return {
        "who": _who(entry, names, language),
        "of": _named(entry.organisation, names, language),
        "what": _word(f"privacy.action.{entry.action}", language),
        "to": _subject(entry, names, language),
        "how": _word(f"privacy.outcome.{entry.outcome}", language),
        "further": _detail(entry, names, language),
    }


def headings(language: Language) -> list[str]:
    """Of COLUMNS."""
    return [sentence(f"privacy.column.{name}", language) for name in COLUMNS]


def _who(entry: Entry, names: Names, language: Language) -> str:
    if not entry.account:
        return sentence("privacy.who.nobody", language)
    if entry.credential == COMMAND_LINE:
        return sentence("privacy.who.operator", language)
    if entry.account.startswith(LEGACY):
        return sentence("privacy.who.legacy", language, id=entry.account.removeprefix(LEGACY))
    return _named(entry.account, names, language)


def _subject(entry: Entry, names: Names, language: Language) -> str:
    if entry.action in OF_A_KIND:
        return kind_label(entry.subject, language)
    if entry.subject in names:
        return names[entry.subject][language]
    return _named(entry.subject, names, language)


def _named(text: str, names: Names, language: Language) -> str:
    return _IDS.sub(lambda found: names[found[0]][language] if found[0] in names else found[0], text)


def _word(code: str, language: Language) -> str:
    return sentence(code if code in messages() else "privacy.action.other", language)


def _detail(entry: Entry, names: Names, language: Language) -> str:
    """In the reader's language where it is the hub's; of what was refused the outcome says as much as its codes."""
    if entry.action not in HUBS_OWN:
        return "" if entry.action == "access" else _named(entry.detail, names, language)
    own, colon, written = entry.detail.partition(": ")

    def word(found: re.Match[str]) -> str:
        code = f"privacy.detail.{found[0]}"
        return sentence(code, language) if code in messages() else found[0]

    return _named(_WORDS.sub(word, own).replace("： ", "："), names, language) + colon + written
