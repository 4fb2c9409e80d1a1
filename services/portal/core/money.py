"""Amounts of money as people write them in both languages."""

from hub.text.language import Language
from schemas.http.booking import Price


def money_text(price: Price, language: Language) -> str:
    """300 元; CNY 300. Thousands apart, no empty decimals; other currencies by their code of ISO 4217."""
    whole, _, decimals = price.amount.partition(".")
    amount = f"{int(whole):,}" if whole.isdigit() else whole
    amount += f".{decimals}" if decimals.strip("0") else ""
    if language == "en":
        return f"{price.currency} {amount}"
    return f"{amount} 元" if price.currency == "CNY" else f"{amount} {price.currency}"
