"""Found records as cards."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.kernel.language import Language
from services.portal.core.marks import unmarked
from services.portal.core.messages import translator
from services.portal.core.money import money_text

SNIPPETS = 2
Json = Mapping[str, Any]


def hit_view(hit: Json, language: Language) -> Json:
    """A hit as a card shows it: the title with its marks, and the other places where the words were found."""
    highlights = list(hit["highlights"].values())
    marked = next((html for html in highlights if unmarked(html) == hit["title"]), None)
    told = f"{hit['title']}\n{hit['subtitle']}"
    distance = hit["distance_km"]
    return {
        **hit,
        "href": hit["url"],
        "marked": marked,
        "snippets": [html for html in highlights if unmarked(html) not in told][:SNIPPETS],
        "distance": None if distance is None else f"{distance:,.1f}" if distance < 100 else f"{distance:,.0f}",
        "terms": list(_terms(hit["fields"], language)) if hit["bookable"] else [],
    }


def _terms(fields: Json, language: Language) -> Iterator[str]:
    """What a booking costs and whether it waits for its owner."""
    t = translator(language)
    rate = fields.get("hourly_rate")
    if isinstance(rate, Mapping) and rate.get("amount") is not None:
        price = {"amount": str(rate["amount"]), "currency": str(rate.get("currency", "CNY"))}
        yield t("card.rate", rate=money_text(price, language))
    yield t("card.automatic" if fields.get("booking_confirmation") == "automatic" else "card.owner")
