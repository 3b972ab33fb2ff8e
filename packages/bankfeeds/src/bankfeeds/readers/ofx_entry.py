"""One OFX transaction (`STMTTRN`) as an entry: the day as written, the amount exact, FITID the bank's own reference."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bankfeeds.domain.line_identity import digest
from bankfeeds.domain.statement_file import Entry
from bankfeeds.readers.values import AMOUNT_DIGITS_MAX, quoted

FALLBACK_TEXT = "Bank transaction"
_DAY = re.compile(r"[0-9]{8}(?:[0-9]{2,6}(?:[.:][0-9]+)?)?(?:\[[^\]]{1,20}\])?")
_AMOUNT = re.compile(r"([+-]?)0*([0-9]+)(?:[.,]([0-9]*))?|([+-]?)[.,]([0-9]+)")
_TYPES = {
    "INT": "Int", "DIV": "Div", "FEE": "Fee", "SRVCHG": "SerChg", "DEP": "Dep", "ATM": "Atm", "POS": "Pos",
    "XFER": "Xfer", "CHECK": "Check", "PAYMENT": "Payment", "CASH": "Cash", "DIRECTDEP": "DirectDep",
    "DIRECTDEBIT": "DirectDebit", "REPEATPMT": "RepeatPmt", "OTHER": "Other",
}  # fmt: skip


class OfxError(Exception):
    """What is wrong; `element` where it is another than the one being read."""

    def __init__(self, reason: str, element: str | None = None) -> None:
        self.element = element
        super().__init__(reason)


def entry_of(fields: Mapping[str, str]) -> Entry:
    """OfxError names the element."""
    amount = read_amount(fields.get("TRNAMT", ""), "TRNAMT")
    name, memo = (" ".join(fields.get(key, "").split()) for key in ("NAME", "MEMO"))
    number = fields.get("CHECKNUM", "")
    reference = fields.get("REFNUM", "") or (number if number.strip("0") else "")
    by_sign = "Debit" if amount < 0 else "Credit"
    return Entry(
        date=read_day(fields.get("DTPOSTED", ""), "DTPOSTED"),
        amount=amount,
        description=memo or name or FALLBACK_TEXT,
        counterparty=name or None,
        reference=reference or None,
        transaction_type=_TYPES.get(fields.get("TRNTYPE", "").upper(), by_sign),
        bank_reference=fields.get("FITID") or None,
        fingerprint=digest((name, memo, number, fields.get("REFNUM", ""), fields.get("TRNTYPE", ""))),
    )


@lru_cache(maxsize=4096)
def read_day(text: str, element: str) -> date:
    """YYYYMMDD, whatever time of day and zone follow."""
    if not text:
        raise OfxError(f"{element} is missing", element)
    if not _DAY.fullmatch(text):
        raise OfxError(f"{quoted(text)} is not written as 20260131 or 20260131093000", element)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise OfxError(f"{quoted(text)} is not a day of the calendar", element) from None


def read_amount(text: str, element: str) -> Decimal:
    """A point or a comma before the decimals, nothing between thousands."""
    if not text:
        raise OfxError(f"{element} is missing", element)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise OfxError(f"{quoted(text)} is not an amount", element)
    sign, whole, decimals = (match[1], match[2], match[3] or "") if match[2] else (match[4], "0", match[5])
    if len(whole) + len(decimals) > AMOUNT_DIGITS_MAX:
        raise OfxError(f"{quoted(text)} has more than {AMOUNT_DIGITS_MAX} digits", element)
    return Decimal(f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}")
