"""A push rehearsed: what would become of it, by the rules and the stored state of now, with nothing stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bankfeeds.domain.columns import Batch, Columns, columns_of
from bankfeeds.domain.errors import Flaw
from bankfeeds.domain.feed import AGE_SPREAD
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.transaction import Line
from bankfeeds.flows import examine, late_lines
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.store import feeds
from bankfeeds.store.engine import Read

_UNKNOWN_START = "Sage has not told the start date yet that its user chose: some lines may be withheld once it has"


@dataclass(frozen=True, slots=True)
class StatementDraft:
    """One statement that Sage would get if nothing else waited. Amounts are the account's own, whatever unit Sage
    takes: the sums are of the lines in, and of those out with their sign, the balance is after the last line.
    """

    bank_account_id: str
    line_count: int
    credit_sum: Decimal
    debit_sum: Decimal
    ledger: Decimal
    ledger_on: date


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`accepted` new lines, of which `withheld` go to no feed; `duplicates` are known with the same content."""

    accepted: int
    duplicates: int
    withheld: int
    warnings: tuple[Flaw, ...]
    statements: list[StatementDraft]


def rehearse(world: World, request: PushRequest) -> Rehearsal:
    """Raises what `accept` would raise for the same request."""
    examine.check_frame(request)
    now = world.clock()

    def look(tx: Read) -> Rehearsal:
        account = examine.account(tx, request)
        columns, warnings = examine.read(request, EXPONENTS[account.currency or ""], world.limits.text)
        found = examine.sort_out(tx, world.sealer, account, columns.lines(), now, presents=account.presents_late)
        told = [*warnings, *found.warnings]
        new = [*found.new, *late_lines.placed(tx, account, found.new, found.late, now.date(), world.limits.text)]
        if not new:
            return Rehearsal(0, len(found.known), 0, tuple(told), [])
        live = feeds.live_of_account(tx, account.pk)
        told += examine.withheld_warnings(tx, account, columns_of(new))
        if any(feed.start_on is None for feed in live):
            told.append(Flaw("transactions", _UNKNOWN_START))
        days = [line.on for line in (*found.new, *found.late)]
        sent = {feed.bank_account_id: _sent(new, days, feed.start_on) for feed in live}
        withheld = min((len(new) - len(each) for each in sent.values()), default=0)
        limit = world.limits.lines_per_statement_max
        drafts = [draft for name, each in sent.items() for draft in _statements(name, each, limit)]
        return Rehearsal(len(new), len(found.known), withheld, tuple(told), drafts)

    return world.db.read(look)


def _sent(new: Sequence[Line], days: Sequence[date], start_on: date | None) -> list[Line]:
    """Without those of before a feed's first day; `days` are the lines' own, on which they came or not."""
    return [line for line, on in zip(new, days, strict=True) if start_on is None or on >= start_on]


def _statements(bank_account_id: str, lines: Sequence[Line], limit: int) -> list[StatementDraft]:
    found: list[StatementDraft] = []
    while lines:
        columns = columns_of(lines)
        count = len(Batch(range(len(lines)), columns).cut(limit, AGE_SPREAD))
        found.append(_statement(bank_account_id, columns.first(count)))
        lines = lines[count:]
    return found


def _statement(bank_account_id: str, columns: Columns) -> StatementDraft:
    amounts = [Decimal(amount) for amount in columns.amounts]
    return StatementDraft(
        bank_account_id,
        len(columns),
        sum((amount for amount in amounts if amount > 0), Decimal(0)),
        sum((amount for amount in amounts if amount < 0), Decimal(0)),
        columns.last_balance,
        columns.last_day,
    )
