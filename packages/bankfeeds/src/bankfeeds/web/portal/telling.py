"""Instants, ages, numbers and amounts as operators read them: in the page's language, exact, and without guessing."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from markupsafe import Markup

from bankfeeds.domain.money import EXPONENTS
from bankfeeds.web.portal.phrases import told
from bankfeeds.web.words import Words


def instant(at: datetime | None) -> str:
    """The same in every language, and in every time zone."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def age(since: datetime | None, now: datetime) -> str:
    """In the largest unit that fits; nothing if there is no beginning."""
    if since is None:
        return ""
    return lasting((now - since).total_seconds())


def lasting(seconds: float) -> str:
    whole = max(int(seconds), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if whole >= length:
            return f"{whole // length}\u00a0{unit}"
    return f"{whole}\u00a0s"


@dataclass(frozen=True, slots=True)
class Teller:
    """What templates have as functions, in the page's language."""

    words: Words
    now: datetime

    def when(self, at: datetime | None) -> Markup:
        if at is None:
            return Markup("\u2013")
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), instant(at))

    def age(self, since: datetime | None) -> str:
        return age(since, self.now)

    def told(self, text: str | None) -> str:
        """What the program says in English, in the page's language."""
        return told(self.words.language, text or "")

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", self.words["thousands"]).replace("-", "\u2212")

    def count(self, name: str, value: int) -> str:
        """`{name}_one` or `{name}_many` of the catalogue; in French nothing is singular, as one is."""
        is_one = value == 1 or (self.words.language == "fr" and value == 0)
        return self.words[f"{name}_one" if is_one else f"{name}_many"].format(n=self.number(value))

    def amount(self, value: Decimal | None, currency: str | None) -> str:
        return amount(self.words, value, currency)

    def query(self, **parts: object) -> str:
        """A query string of the parts that are something."""
        return urlencode({name: str(part) for name, part in parts.items() if part not in {None, ""}})


def amount(words: Words, value: Decimal | None, currency: str | None) -> str:
    """With the currency's decimals at least, grouped as the language does it."""
    if value is None:
        return ""
    exponent = value.as_tuple().exponent
    places = max(-exponent if isinstance(exponent, int) else 0, EXPONENTS.get(currency or "", 0))
    whole, _, part = f"{value:,.{places}f}".partition(".")
    grouped = whole.replace(",", words["thousands"]).replace("-", "\u2212")
    return f"{grouped}{words['decimals']}{part}" if part else grouped
