"""Found records as cards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from hub.text.language import Language
from schemas.http.booking import Price
from schemas.http.catalog import Hit, Position
from services.portal.core.marks import unmarked
from services.portal.core.messages import translator
from services.portal.core.times import money_text

SNIPPETS = 2


@dataclass(frozen=True, slots=True)
class Card:
    """A hit as a card shows it: the title with its marks, and the other places where the words were found."""

    kind: str
    kind_label: str
    title: str
    subtitle: str
    href: str
    geo: Position | None
    bookable: bool
    marked: str | None
    snippets: tuple[str, ...]
    distance: str | None
    terms: tuple[str, ...]

    @classmethod
    def of(cls, hit: Hit, language: Language) -> "Card":
        highlights = list(hit.highlights.values())
        heading, km = f"{hit.title}\n{hit.subtitle}", hit.distance_km
        return cls(
            kind=hit.kind,
            kind_label=hit.kind_label,
            title=hit.title,
            subtitle=hit.subtitle,
            href=hit.url,
            geo=hit.geo,
            bookable=hit.bookable,
            marked=next((html for html in highlights if unmarked(html) == hit.title), None),
            snippets=tuple(html for html in highlights if unmarked(html) not in heading)[:SNIPPETS],
            distance=None if km is None else f"{km:,.1f}" if km < 100 else f"{km:,.0f}",
            terms=tuple(_terms(hit.fields, language)) if hit.bookable else (),
        )


def _terms(fields: Mapping[str, JsonValue], language: Language) -> Iterator[str]:
    """What a booking costs and whether it waits for its owner."""
    t = translator(language)
    rate = fields.get("hourly_rate")
    if isinstance(rate, dict) and rate.get("amount") is not None:
        price = Price(amount=str(rate["amount"]), currency=str(rate.get("currency", "CNY")))
        yield t("card.rate", rate=money_text(price, language))
    yield t("card.automatic" if fields.get("booking_confirmation") == "automatic" else "card.owner")
