"""One entry (`Ntry`) of a camt statement as an `Entry`, or held back because it is not booked.

One line for each entry, as the bank booked it: a batch of several transactions (`TxDtls`) stays the one
amount that moved on the account, and its text tells how many there were.

A reversal (`RvslInd`) is not turned round. ISO 20022 has `CdtDbtInd` give the direction of the entry
itself: with the indicator set, CRDT means that the original entry was a debit (Reversal Indicator, usage
note in the message definition report for camt.053). Turning it round would book the original a second time.
The parties stay those of the original transaction, so the other side of a reversed debit is still its
creditor.
"""

from datetime import date
from typing import NamedTuple

from bankfeeds.domain.line_identity import digest, is_placeholder
from bankfeeds.domain.statement_file import Entry
from bankfeeds.readers.camt_codes import code_of, transaction_type
from bankfeeds.readers.values import need, quoted, read_currency, read_day, read_signed, unreadable
from bankfeeds.readers.xml import Element

BOOKED = "BOOK"
HELD_BACK = frozenset({"PDNG", "INFO", "FUTR"})
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", ""})
_COUNT_DIGITS_MAX = 15
FALLBACK_TEXT = "Bank transaction"


class ReadEntry(NamedTuple):
    """A booked entry, with what only the statement can judge: its currency, and whose date it bears."""

    entry: Entry
    currency: str
    amount_at: Element
    has_booking_date: bool


class Details:
    """The transactions (`TxDtls`) of the entry being read: how many, and the first; no others are kept."""

    def __init__(self) -> None:
        self.count = 0
        self.first: Element | None = None

    def add(self, transaction: Element) -> None:
        self.count += 1
        self.first = self.first or transaction


def is_booked(file: str, element: Element) -> bool:
    """By `Sts`, or `Sts/Cd` in later versions. A status of the bank's own making is not booked."""
    status = need(file, element, "Sts")
    code = status.find_text("Cd") or status.text
    if code == BOOKED:
        return True
    if code in HELD_BACK or status.find("Prtry") is not None:
        return False
    raise unreadable(file, status, f"{quoted(code)} is not a status of an entry (BOOK, PDNG, INFO or FUTR)")


def read_entry(file: str, element: Element, details: Details) -> ReadEntry:
    """A booked entry; the caller has asked `is_booked`."""
    amount = read_signed(file, element)
    amount_at = need(file, element, "Amt")
    day, has_booking_date = _read_date(file, element)
    count = _count_transactions(element, details)
    first = _Transaction(details.first) if details.first is not None else None
    only = first if count == 1 else None
    code = code_of(element) or (code_of(details.first) if details.first else ())
    was_debit = (amount < 0) is not _read_reversal(file, element)
    own = _Own(element)
    entry = Entry(
        date=day,
        amount=amount,
        description=_describe(own, only, code, count),
        # The other side of the original transaction: who was paid or, of money received, who paid.
        counterparty=((only.creditor if was_debit else only.debtor) or None) if only is not None else None,
        reference=_reference(own, only),
        transaction_type=transaction_type(code, amount),
        bank_reference=element.find_text("AcctSvcrRef") or None,
        fingerprint=_fingerprint(own, first, code),
    )
    return ReadEntry(entry, read_currency(file, amount_at), amount_at, has_booking_date)


class _Own:
    """Texts of the entry itself, each looked up once."""

    __slots__ = ("additional", "message_id", "payment_id", "reference")

    def __init__(self, entry: Element) -> None:
        self.reference = entry.find_text("NtryRef")
        self.additional = entry.find_text("AddtlNtryInf")
        batch = entry.find("NtryDtls", "Btch")
        self.payment_id = batch.find_text("PmtInfId") if batch is not None else ""
        self.message_id = batch.find_text("MsgId") if batch is not None else ""


class _Transaction:
    """Texts of a `TxDtls`, each looked up once; "" where there is none."""

    __slots__ = ("additional", "asked", "creditor", "debtor", "references", "remittance")

    def __init__(self, transaction: Element) -> None:
        refs = transaction.find("Refs")
        names = ("EndToEndId", "InstrId", "TxId", "AcctSvcrRef")
        self.references = [refs.find_text(name) if refs is not None else "" for name in names]
        self.additional = transaction.find_text("AddtlTxInf")
        information = transaction.find("RmtInf")
        self.asked = information.find_text("Strd", "CdtrRefInf", "Ref") if information is not None else ""
        self.remittance = _remittance(information) if information is not None else ""
        parties = transaction.find("RltdPties")
        self.creditor = _party(parties, "Cdtr", "UltmtCdtr") if parties is not None else ""
        self.debtor = _party(parties, "Dbtr", "UltmtDbtr") if parties is not None else ""

    @property
    def end_to_end(self) -> str:
        return self.references[0]


def _read_date(file: str, element: Element) -> tuple[date, bool]:
    """The booking date; without one, the value date."""
    booked, valued = element.find("BookgDt"), element.find("ValDt")
    if booked is not None:
        return read_day(file, booked), True
    if valued is not None:
        return read_day(file, valued), False
    raise unreadable(file, element, "it has neither a booking date (BookgDt) nor a value date (ValDt)")


def _read_reversal(file: str, element: Element) -> bool:
    indicator = element.find("RvslInd")
    if indicator is None or indicator.text in _FALSE:
        return False
    if indicator.text not in _TRUE:
        raise unreadable(file, indicator, f"{quoted(indicator.text)} is neither true nor false")
    return True


def _count_transactions(element: Element, details: Details) -> int:
    """As listed, or as told (`Btch/NbOfTxs`) where that is more; 1 where the bank says nothing."""
    told = 0
    for group in element.find_all("NtryDtls"):
        text = group.find_text("Btch", "NbOfTxs")
        if text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS_MAX:
            told += int(text)
    return max(told, details.count, 1)


def _describe(own: _Own, only: _Transaction | None, code: tuple[str, ...], count: int) -> str:
    text = own.additional
    if not text and only is not None:
        text = only.remittance or only.additional
    if not text:
        text = " ".join((FALLBACK_TEXT, "-".join(part for part in code if part))).rstrip()
    return f"{text} ({count} transactions)" if count > 1 else text


def _remittance(information: Element) -> str:
    free = [text for line in information.find_all("Ustrd") if (text := line.text)]
    if free:
        return " ".join(free)
    return " ".join([line.text for part in information.find_all("Strd") for line in part.find_all("AddtlRmtInf")])


def _party(parties: Element, *roles: str) -> str:
    """The name of whoever has the first of these roles that has one."""
    for role in roles:
        party = parties.find(role)
        if party is not None and (name := party.find_text("Nm") or party.find_text("Pty", "Nm")):
            return name
    return ""


def _reference(own: _Own, only: _Transaction | None) -> str | None:
    """What the payer gave, then what the payee asked for, then the entry's own; for a batch, the batch's."""
    of_payment = (only.end_to_end, only.asked) if only is not None else ()
    candidates = (*of_payment, own.reference, own.payment_id, own.message_id)
    return next((text for text in candidates if text and not is_placeholder(text)), None)


def _fingerprint(own: _Own, first: _Transaction | None, code: tuple[str, ...]) -> str:
    """Part of the lines' ids (`line_identity`): adding or removing a text here makes every line new."""
    texts = [own.reference, own.additional, own.payment_id, own.message_id, "-".join(code)]
    if first is not None:
        texts += (
            *first.references,
            first.asked,
            first.remittance,
            first.additional,
            first.creditor,
            first.debtor,
        )
    return digest(texts)
