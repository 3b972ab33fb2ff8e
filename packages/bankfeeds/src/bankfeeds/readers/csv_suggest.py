"""A mapping profile suggested from a CSV file, with the reason for every choice; what the file leaves open stays open.

A person looks it over before it is used: nothing that is suggested here reaches a line by itself.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from bankfeeds.readers.csv_profile import Columns, CsvProfile, DateOrder, ProfileError, Sign
from bankfeeds.readers.csv_values import read_amount, read_day

SAMPLE_BYTES = 256 * 1024
_ROWS = 300
_HEADER_LINES_MAX = 30
_COLUMNS_MIN = 2
_ORDERS: tuple[DateOrder, ...] = ("ymd", "dmy", "mdy")
_DELIMITERS: tuple[Literal[",", ";", "\t", "|"], ...] = (";", "\t", "|", ",")
_NAMES = {
    "date": "booking date|transaction date|posting date|buchungstag|buchungsdatum|date|datum|fecha|data",
    "debit": "debit|paid out|money out|withdrawal|soll|débit|belastung|cargo|out",
    "credit": "credit|paid in|money in|deposit|haben|crédit|gutschrift|abono|in",
    "amount": "amount|betrag|montant|importe|bedrag|value|umsatz",
    "balance": "balance|saldo|solde|kontostand",
    "counterparty": "counterparty|counter party|payee|name|beneficiary|auftraggeber|empfänger|tegenpartij|merchant",
    "reference": "reference|referenz|référence|referencia|end-to-end|kundenreferenz|cheque number",
    "bank_reference": "transaction id|bank reference|transaction reference|bankreferenz",
    "currency": "currency|ccy|währung|devise|munt|moneda",
    "account": "account number|iban|account|konto|rekening|compte",
    "indicator": "debit/credit|dr/cr|af bij|type|soll/haben|d/c",
    "description": "description|details|narrative|memo|text|verwendungszweck|buchungstext|libellé|omschrijving",
}
_OUT_WORDS = frozenset({"d", "dr", "dbit", "debit", "s", "soll", "af", "debet", "-"})
_IN_WORDS = frozenset({"c", "cr", "crdt", "credit", "h", "haben", "bij", "+"})


@dataclass(slots=True)
class Suggestion:
    """`reasons`: one for each choice. `first`: the first rows as the profile's columns have them."""

    profile: CsvProfile
    reasons: list[str] = field(default_factory=list[str])


def suggest(head: bytes) -> Suggestion:
    """Of a file's first SAMPLE_BYTES. ProfileError if they do not look like CSV with days and amounts."""
    reasons: list[str] = []
    encoding, text = _decoded(head, reasons)
    lines = text.splitlines()
    if len(head) >= SAMPLE_BYTES:
        lines = lines[:-1]
    delimiter, rows = _split(lines, reasons)
    header, headings, body = _heading(rows, reasons)
    cells = [list(column) for column in zip(*body, strict=True)]
    order, days = _days(cells, headings, reasons)
    decimal, numbers = _numbers(cells, days, reasons)
    columns = _columns(headings, cells, days, numbers, reasons)
    out, into = _words(cells, columns, headings, reasons)
    profile = CsvProfile(
        encoding=encoding,
        delimiter=delimiter,
        header_line=header,
        columns=columns,
        date_order=order,
        decimal=decimal,
        sign=_sign(cells, headings, columns, decimal, reasons),
        debit_words=out,
        credit_words=into,
    )
    return Suggestion(profile, reasons)


def _decoded(head: bytes, reasons: list[str]) -> tuple[str, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        reasons.append("encoding utf-16: the file begins with its byte order mark")
        return "utf-16", head[: len(head) // 2 * 2].decode("utf-16", "replace")
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3 or len(head) < SAMPLE_BYTES:  # noqa: PLR2004 - a character cut at the sample's end
            reasons.append("encoding windows-1252: it is not UTF-8; LOOK AT NAMES WITH ACCENTS before you use it")
            return "windows-1252", head.decode("cp1252", "replace")
        text = head[: error.start].decode("utf-8-sig")
    reasons.append("encoding utf-8: every byte fits")
    return "utf-8", text


def _split(lines: list[str], reasons: list[str]) -> tuple[Literal[",", ";", "\t", "|"], list[list[str]]]:
    best: tuple[int, Literal[",", ";", "\t", "|"], list[list[str]]] | None = None
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(lines[:_ROWS], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        width = len(rows[-1]) if rows else 0
        alike = sum(len(row) == width for row in rows) if width >= _COLUMNS_MIN else 0
        if alike and (best is None or alike * width > best[0]):
            best = (alike * width, delimiter, rows)
    if best is None:
        raise ProfileError("this does not look like CSV: no delimiter (comma, semicolon, tab, bar) makes columns of it")
    reasons.append(f"delimiter {best[1]!r}: it makes {len(best[2][-1])} columns")
    return best[1], best[2]


def _heading(rows: list[list[str]], reasons: list[str]) -> tuple[int, list[str], list[list[str]]]:
    """The line of the heading, 0 if there is none; the headings or numbers; the rows below."""
    width = len(rows[-1])
    start = next(number for number, row in enumerate(rows) if len(row) == width)
    body = [row for row in rows[start:] if len(row) == width]
    if start > _HEADER_LINES_MAX:
        raise ProfileError("this does not look like CSV: its first lines are not like its last ones")
    if any(_any_day(cell) for cell in body[0]):
        reasons.append("header_line 0: the first row has a day in it, so there is no heading")
        return 0, [str(number) for number in range(1, width + 1)], body
    reasons.append(f"header_line {start + 1}: {', '.join(body[0])}"[:300])
    if len(body) == 1:
        raise ProfileError("there is no row below the heading")
    return start + 1, [heading.strip() for heading in body[0]], body[1:]


def _any_day(text: str) -> bool:
    return any(read_day(text.strip(), order) for order in _ORDERS)


def _days(cells: list[list[str]], headings: list[str], reasons: list[str]) -> tuple[DateOrder | None, list[int]]:
    """The columns of days, the likeliest first; the order only if no other one fits."""
    days = [place for place, column in enumerate(cells) if all(_any_day(cell) for cell in column)]
    if not days:
        raise ProfileError("no column has a day in every row; a footer may stand in the way")
    days.sort(key=lambda place: _rank("date", headings[place]))
    column = cells[days[0]]
    fits: list[DateOrder] = [order for order in _ORDERS if all(read_day(cell.strip(), order) for cell in column)]
    if len(fits) != 1:
        reasons.append(f"date_order: SET IT YOURSELF, the file fits {' and '.join(fits)} (such as {column[0]})")
        return None, days
    reasons.append(f"date_order {fits[0]}: the only one in which every day of {headings[days[0]]!r} is in the calendar")
    return fits[0], days


def _numbers(cells: list[list[str]], days: list[int], reasons: list[str]) -> tuple[Literal[",", "."] | None, list[int]]:
    marks: tuple[Literal[",", "."], ...] = (",", ".")
    fits = {mark: _fitting(cells, days, mark) for mark in marks}
    most = max(map(len, fits.values()))
    if not most:
        raise ProfileError("no column has amounts")
    best: list[Literal[",", "."]] = [mark for mark in marks if len(fits[mark]) == most]
    if len(best) == 1:
        reasons.append(f"decimal {best[0]!r}: only so are all amounts amounts")
        return best[0], fits[best[0]]
    dotted = {
        mark: any(re.search(rf"\{mark}\d\d?$", cell.strip()) for at in fits[mark] for cell in cells[at])
        for mark in marks
    }
    sure: list[Literal[",", "."]] = [mark for mark in marks if dotted[mark]]
    if len(sure) == 1:
        reasons.append(f"decimal {sure[0]!r}: one or two digits follow it")
        return sure[0], fits[sure[0]]
    reasons.append("decimal: SET IT YOURSELF, the amounts fit both")
    return None, fits["."]


def _fitting(cells: list[list[str]], days: list[int], mark: str) -> list[int]:
    found: list[int] = []
    for place, column in enumerate(cells):
        values = [cell.strip() for cell in column if cell.strip()]
        if place not in days and values and all(read_amount(value, mark) is not None for value in values):
            found.append(place)
    return found


def _rank(field_name: str, heading: str) -> int:
    """How well a heading fits: the place of the first word that it has; beyond all if none."""
    words = _NAMES[field_name].split("|")
    plain = heading.casefold()
    for place, word in enumerate(words):
        if plain == word:
            return place
    for place, word in enumerate(words):
        if re.search(rf"\b{re.escape(word)}", plain):
            return len(words) + place
    return 1000


def _columns(
    headings: list[str], cells: list[list[str]], days: list[int], numbers: list[int], reasons: list[str]
) -> Columns:
    taken: set[int] = {days[0]}

    def pick(name: str, among: Sequence[int], fits: Callable[[int], bool] = lambda _: True) -> str | int | None:
        ranked = sorted((_rank(name, headings[at]), at) for at in among if at not in taken and fits(at))
        if not ranked or ranked[0][0] >= 1000:  # noqa: PLR2004 - no heading fits
            return None
        return claim(ranked[0][1])

    def claim(at: int) -> str | int:
        taken.add(at)
        return headings[at] if headings.count(headings[at]) == 1 and not headings[at].isdigit() else at + 1

    balance = pick("balance", numbers)
    gappy = [at for at in numbers if not all(cell.strip() for cell in cells[at])]
    debit, credit = pick("debit", gappy), pick("credit", gappy)
    amount = None
    if debit is None and credit is None:
        whole = [at for at in numbers if at not in gappy]
        amount = pick("amount", whole)
        if amount is None:
            left = [at for at in whole if at not in taken]
            if not left:
                raise ProfileError("no column has an amount in every row, and none are called debit and credit")
            amount = claim(left[0])
    texts = [at for at in range(len(headings)) if at not in numbers and at not in days]
    is_word: Callable[[int], bool] = lambda at: {c.strip().casefold() for c in cells[at]} <= _OUT_WORDS | _IN_WORDS  # noqa: E731
    indicator = next((claim(at) for at in texts if at not in taken and is_word(at)), None) if amount else None
    is_currency: Callable[[int], bool] = lambda at: all(re.fullmatch("[A-Z]{3}", c.strip()) for c in cells[at])  # noqa: E731
    currency = pick("currency", texts, is_currency)
    references = [at for at in range(len(headings)) if at not in days and at not in taken]
    bank_reference, reference = pick("bank_reference", references), pick("reference", references)
    account = pick("account", references, lambda at: len(set(cells[at])) == 1)
    description = pick("description", texts)
    counterparty = pick("counterparty", texts)
    if description is None:
        longest = max((at for at in texts if at not in taken), key=lambda at: sum(map(len, cells[at])), default=None)
        description = claim(longest) if longest is not None else None
    columns = Columns(
        date=headings[days[0]] if not headings[days[0]].isdigit() else days[0] + 1,
        amount=amount, debit=debit, credit=credit, indicator=indicator, balance=balance,
        description=() if description is None else (description,),
        counterparty=counterparty, reference=reference, bank_reference=bank_reference,
        currency=currency, account=account,
    )  # fmt: skip
    chosen = ", ".join(f"{name} {value!r}" for name in columns.__struct_fields__ if (value := getattr(columns, name)))
    reasons.append(f"columns: {chosen}")
    return columns


def _words(
    cells: list[list[str]], columns: Columns, headings: list[str], reasons: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if columns.indicator is None:
        return (), ()
    words = sorted({cell.strip() for cell in cells[_at(columns.indicator, headings)]})
    out = tuple(word for word in words if word.casefold() in _OUT_WORDS)
    into = tuple(word for word in words if word.casefold() in _IN_WORDS)
    reasons.append(f"debit_words {', '.join(out) or 'none'}; credit_words {', '.join(into) or 'none'}")
    return out or ("D",), into or ("C",)


def _sign(
    cells: list[list[str]], headings: list[str], columns: Columns, decimal: str | None, reasons: list[str]
) -> Sign:
    """Proved by the balances where there are any; otherwise as almost every bank has it."""
    if columns.amount is None or columns.indicator is not None:
        return "money in is positive"
    if columns.balance is None or decimal is None:
        reasons.append('sign "money in is positive": usual, BUT NOTHING IN THE FILE PROVES IT')
        return "money in is positive"
    amounts = [read_amount(cell.strip(), decimal) or Decimal(0) for cell in cells[_at(columns.amount, headings)]]
    balances = [read_amount(cell.strip(), decimal) or Decimal(0) for cell in cells[_at(columns.balance, headings)]]
    plain, turned = (
        max(_follow(amounts, balances, sign), _follow(amounts[::-1], balances[::-1], sign)) for sign in (1, -1)
    )
    if turned > plain:
        reasons.append('sign "money out is positive": so the balances follow from one another')
        return "money out is positive"
    proof = "so the balances follow from one another" if plain > turned else "NOT PROVED"
    reasons.append(f'sign "money in is positive": {proof}')
    return "money in is positive"


def _follow(amounts: Sequence[Decimal], balances: Sequence[Decimal], sign: int) -> int:
    """How many balances are the one before plus the amount."""
    steps = zip(pairwise(balances), amounts[1:], strict=True)
    return sum(before + sign * amount == after for (before, after), amount in steps)


def _at(column: str | int, headings: list[str]) -> int:
    return column - 1 if isinstance(column, int) else headings.index(column)
