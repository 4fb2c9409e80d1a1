"""What the elements of the OpenAIRE CERIF profile say, as values of the hub."""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from schemas.cells import is_chinese
from schemas.codes import code_list
from schemas.values import credit_code, orcid, pid, ror_id
from services.ingest.formats.xmlrecords import XML_LANG, Element, at, first_text, local, text

_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T.*)?(?:Z|[+-]\d{2}:\d{2})?")
_FUNDREF = re.compile(r"(?:https?://(?:dx\.)?doi\.org/)?10\.13039/(\d+)")

# Codes by the last part of the vocabularies' URIs, beside the hub's own codes and labels.
_MEANINGS: Mapping[str, Mapping[str, str]] = {
    "organisation_type": {
        "highereducation": "university",
        "researchinstitute": "institute",
        "academicinstitute": "institute",
        "commercial": "company",
        "business": "company",
        "sme": "company",
        "privatenonprofit": "nonprofit",
        "charity": "nonprofit",
        "notforprofit": "nonprofit",
        "publicbody": "government",
        "governmental": "government",
        "intergovernmental": "other",
        "fundingorganization": "funder",
        "museum": "archive",
        "library": "archive",
    },
    "project_status": {"ongoing": "active", "finished": "completed", "closed": "completed", "cancelled": "terminated"},
    "gender": {"f": "female", "m": "male"},
}


def by_language(elements: Iterable[Element]) -> tuple[str | None, str | None, list[str]]:
    """The Chinese text, the English one or, lacking that, the first in another language, and all the others.

    A text without a language is Chinese where it has Chinese characters.
    """
    chinese: str | None = None
    english: list[tuple[int, str]] = []
    everything: list[str] = []
    for element in elements:
        if not (wording := text(element)):
            continue
        everything.append(wording)
        language = (element.get(XML_LANG) or "").casefold().partition("-")[0]
        if language == "zh" or (not language and is_chinese(wording)):
            chinese = chinese or wording
        else:
            english.append(({"en": 0, "": 1}.get(language, 2), wording))
    best = min(english, key=lambda item: item[0], default=(0, None))[1]
    return chinese, best, [wording for wording in dict.fromkeys(everything) if wording not in (chinese, best)]


def organisation(party: Element) -> dict[str, str]:
    """An OrgUnit, or a party that only has a DisplayName, as a reference."""
    unit = next(at(party, "OrgUnit"), party)
    chinese, english, _ = by_language(at(unit, "Name"))
    if not (chinese or english):
        chinese, english, _ = by_language([*at(unit, "Acronym"), *at(party, "DisplayName")])
    reference = {
        "ror": checked(ror_id, first_text(unit, "RORID")),
        "uscc": credit_code_of(unit),
        "name_zh": chinese,
        "name_en": english,
    }
    return {name: value for name, value in reference.items() if value}


def person(party: Element) -> dict[str, str]:
    """A Person, or a party that only has a DisplayName, as a reference."""
    one = next(at(party, "Person"), party)
    found = person_names(one)
    if not found and (shown := first_text(party, "DisplayName")):
        found = {"name_zh" if is_chinese(shown) else "name_en": shown}
    known = checked(orcid, first_text(one, "ORCID"))
    return found | ({"orcid": known} if known else {})


def person_names(one: Element) -> dict[str, str]:
    """`name_zh` in Chinese order, `name_en` with the family names last."""
    names: dict[str, str] = {}
    for name in at(one, "PersonName"):
        family, first = first_text(name, "FamilyNames") or "", first_text(name, "FirstNames") or ""
        if is_chinese(family + first):
            names.setdefault("name_zh", family + first)
        elif family or first:
            names.setdefault("name_en", f"{first} {family}".strip())
    return names


def credit_code_of(unit: Element) -> str | None:
    """The first of the identifiers that is a unified social credit code."""
    return next((code for item in at(unit, "Identifier") if (code := checked(credit_code, text(item)))), None)


def checked(check: Callable[[str], str], value: str | None) -> str | None:
    """The value as the check returns it; None where it refuses."""
    try:
        return check(value) if value else None
    except ValueError:
        return None


def code(list_name: str, value: str) -> str | None:
    """The hub's code for a vocabulary's URI, code or label; None where it has none."""
    word = re.split(r"[#/]", value)[-1]
    known = code_list(list_name).code_for(word)
    return known or _MEANINGS.get(list_name, {}).get(re.sub(r"[^a-z]", "", word.casefold()))


def day(value: str, *, last: bool) -> str:
    """A date; of a year or month, which CERIF allows, the first or the last day. Anything else stays as it is."""
    found = _DATE.fullmatch(value)
    if found is None or found[3]:
        return found[0][:10] if found else value
    year, month = int(found[1]), int(found[2] or (12 if last else 1))
    if not 1 <= month <= 12 or year == 0:
        return value
    number = calendar.monthrange(year, month)[1] if last else 1
    return f"{year:04}-{month:02}-{number:02}"


def money(element: Element) -> dict[str, str] | None:
    """An Amount with its currency."""
    amount, currency = text(element).replace(",", ""), element.get("currency")
    return {"amount": amount} | ({"currency": currency} if currency else {}) if amount else None


def fundref(value: str) -> str:
    """A Crossref funder id without its resolver and prefix."""
    found = _FUNDREF.fullmatch(value)
    return found[1] if found else value


def addresses(element: Element) -> dict[str, str]:
    """The first `email`, `phone` and `website` of the electronic addresses."""
    contacts: dict[str, str] = {}
    for item in at(element, "ElectronicAddress"):
        scheme, colon, rest = text(item).partition(":")
        name = {"mailto": "email", "tel": "phone", "http": "website", "https": "website"}.get(scheme.casefold())
        if colon and name:
            contacts.setdefault(name, text(item) if name == "website" else rest)
    return contacts


def typed_identifiers(element: Element) -> Iterator[tuple[str, str]]:
    """Each Identifier as the last part of its type, in lower case, and its value."""
    for item in at(element, "Identifier"):
        if value := text(item):
            yield re.split(r"[#/]", item.get("type") or "")[-1].casefold(), value


def persistent(value: str) -> tuple[str, str] | None:
    """A DOI or Handle that is written with its resolver or prefix, and which of the two it is."""
    if re.match(r"(?i)(?:https?://(?:dx\.)?doi\.org/|doi:|https?://hdl\.handle\.net/|hdl:)", value):
        bare = checked(pid, value)
        return (bare, "DOI" if bare.startswith("10.") else "Handle") if bare else None
    return None


def roles(element: Element, path: str, known: Mapping[str, str]) -> Iterator[tuple[str, Element]]:
    """Those who have a part, each with the role that the name of the element around it means."""
    for container in at(element, path):
        for party in container:
            if role := known.get(local(party)):
                yield role, party
