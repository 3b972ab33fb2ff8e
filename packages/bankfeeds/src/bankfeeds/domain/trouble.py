"""Why a feed stands still, in kinds that a person can be told about in plain language.

Sage's error codes are not public (Sage contract, 6.6): what a code means is an assumption, and one that is not known
here is told as such, with Sage's own words beside it.
"""

import re
from enum import StrEnum


class Trouble(StrEnum):
    """What Sage refuses a statement or a line for."""

    form = "form"
    order = "order"
    window = "window"
    known = "known"
    sums = "sums"
    account = "account"
    gone = "gone"
    size = "size"
    other = "other"


_BY_CODE = {
    "SCHEMA_INVALID": Trouble.form,
    "DATE_ORDER": Trouble.order,
    "DATE_WINDOW": Trouble.window,
    "DUPLICATE_TRANSACTION": Trouble.known,
    "DUPLICATE_IN_STATEMENT": Trouble.known,
    "EXPECTED_MISMATCH": Trouble.sums,
    "BANK_ACCOUNT_MISMATCH": Trouble.account,
    "ACCOUNT_DETAILS_COUNT": Trouble.account,
    "BANK_ACCOUNT_NOT_FOUND": Trouble.gone,
    "BANK_ACCOUNT_CANCELLED": Trouble.gone,
    "TOO_MANY_TRANSACTIONS": Trouble.size,
}
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def trouble_in(told: str | None) -> Trouble:
    """The first code that is known in what Sage said."""
    return next((_BY_CODE[code] for code in _CODE.findall(told or "") if code in _BY_CODE), Trouble.other)
