"""A transaction as a line of an account's stream: read from what the institution sent, checked, never rewritten.

`read_lines` looks at each item alone (shape, amounts, dates, text); `check_order` and `check_against` look at the
lines together and at what was accepted before. All the rules are those of the Codat contract, 4.4, for Sage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol

from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.money import amount_flaw
from bankfeeds.domain.text import is_storable, tidy

LINES_MAX = 1000
FLAWS_MAX = 50
TYPES = (
    "Unknown", "Credit", "Debit", "Int", "Div", "Fee", "SerChg", "Dep", "Atm", "Pos", "Xfer", "Check", "Payment",
    "Cash", "DirectDep", "DirectDebit", "RepeatPmt", "Other",
)  # fmt: skip
DAY_LENGTH = 10
UNKNOWN = "Unknown"
NUMBER_LENGTH_MAX = 64
_MISSING = "is missing; Sage needs it on every transaction"


@dataclass(frozen=True, slots=True)
class TextLimits:
    """Characters kept; Sage's own limits are not public (its strings are assumed to hold 255)."""

    id_max: int = 255
    description_max: int = 255
    counterparty_max: int = 255
    reference_max: int = 255


class RawLine(Protocol):
    """What the institution sent, of the right JSON types; amounts as their JSON text, empty if absent."""

    @property
    def id(self) -> str | None: ...
    @property
    def date(self) -> str | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def amount(self) -> bytes: ...
    @property
    def balance(self) -> bytes: ...
    @property
    def transactionType(self) -> str | None: ...  # noqa: N802 - the wire's own spelling, matched structurally
    @property
    def counterparty(self) -> str | None: ...
    @property
    def reference(self) -> str | None: ...


class Line(NamedTuple):
    """A tuple because a push has a thousand of them; the order of fields is the order of the table's columns."""

    id: str
    on: date
    amount: Decimal
    balance: Decimal
    type: str
    description: str
    counterparty: str | None
    reference: str | None


class KnownLine(NamedTuple):
    """A line as it is stored. With a `texts_digest` its texts are erased, and that tells whether others are equal."""

    seq: int
    line: Line
    texts_digest: str | None


@dataclass(slots=True)
class Reading:
    """Lines in the order sent, with what was wrong and what was worth a warning."""

    lines: list[Line] = field(default_factory=list[Line])
    flaws: list[Flaw] = field(default_factory=list[Flaw])
    warnings: list[Flaw] = field(default_factory=list[Flaw])

    @property
    def is_hopeless(self) -> bool:
        return len(self.flaws) >= FLAWS_MAX


def parse_day(text: str) -> date | None:
    """The calendar day as written: a local date, or a date-time whose offset is ignored. None if it is neither."""
    head, tail = text[:DAY_LENGTH], text[DAY_LENGTH:]
    if len(head) != DAY_LENGTH or head[4] != "-" or head[7] != "-":
        return None
    try:
        day = date.fromisoformat(head)
        if tail:
            if tail[0] not in "T ":
                return None
            time.fromisoformat(tail[1:])
    except ValueError:
        return None
    return day


def read_lines(items: Sequence[RawLine], exponent: int, limits: TextLimits) -> Reading:
    """Each item as a Line. A reading with flaws has no use for its lines; after FLAWS_MAX it stops looking."""
    reading = Reading()
    days: dict[str, date | None] = {}
    for position, item in enumerate(items):
        line = _read_line(item, f"transactions[{position}]", exponent, limits, days, reading)
        if line is not None:
            reading.lines.append(line)
        elif reading.is_hopeless:
            break
    return reading


def _read_line(
    item: RawLine, where: str, exponent: int, limits: TextLimits, days: dict[str, date | None], out: Reading,
) -> Line | None:  # fmt: skip
    before = len(out.flaws)
    line_id = item.id
    if not line_id:
        out.flaws.append(Flaw(f"{where}.id", _MISSING))
    elif len(line_id) > limits.id_max or not is_storable(line_id) or not line_id.isprintable():
        out.flaws.append(Flaw(f"{where}.id", f"must be 1 to {limits.id_max} printable characters"))
    amount = _read_number(item.amount, f"{where}.amount", exponent, out)
    balance = _read_number(item.balance, f"{where}.balance", exponent, out)
    day = _read_day(item.date, where, days, out)
    texts = _read_texts(item, where, limits, out)
    if len(out.flaws) > before or texts is None:
        return None
    if not line_id or day is None or amount is None or balance is None:
        raise AssertionError(f"{where} passed without a mandatory field")
    _warn_of_sign(item.transactionType, amount, where, out)
    return Line(line_id, day, amount, balance, item.transactionType or UNKNOWN, *texts)


def _read_number(raw: bytes, where: str, exponent: int, out: Reading) -> Decimal | None:
    text = bytes(raw).decode()
    if text in {"", "null"}:
        out.flaws.append(Flaw(where, _MISSING))
        return None
    if text[0] not in "-0123456789":
        out.flaws.append(Flaw(where, "expected a number in plain decimals, without quotes"))
        return None
    if len(text) > NUMBER_LENGTH_MAX:
        out.flaws.append(Flaw(where, f"is written with more than {NUMBER_LENGTH_MAX} characters"))
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")  # an exponent past what a Decimal can hold
    flaw = amount_flaw(number, exponent)
    if flaw is not None:
        out.flaws.append(Flaw(where, flaw))
        return None
    return number


def _read_day(text: str | None, where: str, days: dict[str, date | None], out: Reading) -> date | None:
    if not text:
        out.flaws.append(Flaw(f"{where}.date", _MISSING))
        return None
    if text not in days:
        days[text] = parse_day(text)
    day = days[text]
    if day is None:
        out.flaws.append(Flaw(f"{where}.date", f"{text[:40]!r} is not a date; write it as 2026-01-31"))
    return day


def _read_texts(
    item: RawLine, where: str, limits: TextLimits, out: Reading
) -> tuple[str, str | None, str | None] | None:
    description = _read_text(item.description, f"{where}.description", limits.description_max, out)
    counterparty = _read_text(item.counterparty, f"{where}.counterparty", limits.counterparty_max, out)
    reference = _read_text(item.reference, f"{where}.reference", limits.reference_max, out)
    if not description:
        out.warnings.append(Flaw(f"{where}.description", "is empty; the line will have no text in Sage"))
    return description or "", counterparty, reference


def _read_text(text: str | None, where: str, length_max: int, out: Reading) -> str | None:
    if not text:
        return None
    if not is_storable(text):
        out.flaws.append(Flaw(where, "holds a NUL character or half a surrogate pair; remove it"))
        return None
    tidied = tidy(text, length_max)
    if tidied != text:
        out.warnings.append(Flaw(where, f"was tidied (composed, control characters out, {length_max} characters)"))
    return tidied or None


def _warn_of_sign(kind: str | None, amount: Decimal, where: str, out: Reading) -> None:
    if (kind == "Credit" and amount < 0) or (kind == "Debit" and amount > 0):
        out.warnings.append(
            Flaw(
                f"{where}.transactionType",
                f"says {kind} but the amount is {amount}; the amount's sign counts",
            )
        )


def check_repeats(lines: Sequence[Line]) -> list[Flaw]:
    """No id twice in one request; the lines are all of the request's, in its order."""
    flaws: list[Flaw] = []
    seen: set[str] = set()
    for position, line in enumerate(lines):
        if line.id in seen:
            flaws.append(Flaw(f"transactions[{position}].id", f"{line.id!r} stands twice in this request"))
        seen.add(line.id)
    return flaws[:FLAWS_MAX]


def check_order(lines: Sequence[Line], positions: Sequence[int], latest_on: date) -> list[Flaw]:
    """Oldest first, none in the future; `positions` are the lines' places in the request."""
    flaws: list[Flaw] = []
    previous: date | None = None
    for line, position in zip(lines, positions, strict=True):
        where = f"transactions[{position}].date"
        if previous is not None and line.on < previous:
            flaws.append(Flaw(where, f"{line.on} follows {previous}; send transactions oldest first"))
        if line.on > latest_on:
            flaws.append(Flaw(where, f"{line.on} is in the future; only booked lines can be sent"))
        previous = line.on
    return flaws[:FLAWS_MAX]


def check_against(lines: Sequence[Line], positions: Sequence[int], newest_on: date | None) -> list[Flaw]:
    """None older than the newest line accepted before, delivered or not."""
    if newest_on is None:
        return []
    late = [(p, line) for p, line in zip(positions, lines, strict=True) if line.on < newest_on]
    return [
        Flaw(
            f"transactions[{position}].date",
            f"{line.on} is before {newest_on}, the newest line accepted for this account; "
            "Sage takes lines in date order only: leave it out, or send it with a later date",
        )
        for position, line in late[:FLAWS_MAX]
    ]


def latest_day(today_utc: date) -> date:
    """The furthest calendar day that is today somewhere (UTC+14): dates come without a zone."""
    return today_utc + timedelta(days=1)
