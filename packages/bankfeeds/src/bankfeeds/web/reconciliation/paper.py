"""A reconciliation to be printed: one HTML file, its style in it, nothing from elsewhere."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import jinja2

from bankfeeds.domain.money import EXPONENTS
from bankfeeds.flows.reconcile import Reconciled

DAYS_SHOWN_MAX = 2000
"""Of each account the last days; those with a gap are told apart from them in any case."""
_pages = jinja2.Environment(
    loader=jinja2.PackageLoader("bankfeeds.web.reconciliation", "."),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _amount(value: Decimal, currency: str) -> str:
    """With its currency's decimals, a true minus sign and groups of three."""
    return f"{value:,.{EXPONENTS.get(currency, 2)}f}".replace("-", "−")  # noqa: RUF001 - a minus sign


cast("dict[str, Any]", _pages.filters)["amount"] = _amount


def paper(institution: str, found: Sequence[Reconciled]) -> str:
    return _pages.get_template("report.html").render(
        institution=institution, found=found, css=_pages.get_template("report.css").render(), days_max=DAYS_SHOWN_MAX
    )
