"""Erasing what is known of people: of a company, a connection or an account, with the ledger of its lines kept.

Of what is deleted everything that names somebody goes. Of what is live only the texts of lines that are in Sage, and
what was written about them: Sage still has to be told the rest. Slice by slice, each a transaction of its own: whoever
dies in the middle runs it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import retention
from bankfeeds.flows.context import World
from bankfeeds.store import audit, erased, erasing
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.erased import Span
from bankfeeds.store.erasing import Account, Piece, Scope

Kind = Literal["company", "connection", "account"]
_FIND: dict[Kind, Callable[[Read, str], Scope | None]] = {
    "company": erasing.of_company,
    "connection": erasing.of_connection,
    "account": erasing.of_account,
}


@dataclass(slots=True)
class Erased:
    """`lines` lost their texts, `lines_kept` still have them; `rows` by table. `live`: accounts not deleted."""

    accounts: int
    live: list[str]
    lines: int = 0
    lines_kept: int = 0
    rows: dict[str, int] = field(default_factory=dict[str, int])


def erase(world: World, actor: str, kind: Kind, name: str, reason: str, *, is_rehearsal: bool = False) -> Erased:
    """NotFound if there never was such a thing. A rehearsal only counts, and leaves no trace."""
    reason = check_reason(reason)
    scope = world.db.read(lambda tx: _FIND[kind](tx, name) if is_storable(name) else None)
    if scope is None:
        raise NotFound(kind, f"there never was {_NAMED[kind]} {name}")
    told = Erased(len(scope.accounts), [each.name for each in scope.accounts if not each.is_deleted])
    subject = f"{kind}:{scope.accounts[0].external_id if kind == 'account' else name}"
    if not is_rehearsal:
        _record(world, actor, f"{kind}.erase", subject, reason, {})
    for account in scope.accounts:
        _lines(world, account, told, is_rehearsal=is_rehearsal)
    for piece in erasing.pieces(scope):
        count = _count(world, piece) if is_rehearsal else _erase(world, piece)
        if count:
            told.rows[piece.table.name] = told.rows.get(piece.table.name, 0) + count
    if not is_rehearsal:
        detail: dict[str, object] = {
            "accounts": told.accounts,
            "lines": told.lines,
            "linesKept": told.lines_kept,
            "rows": told.rows,
        }
        _record(world, actor, f"{kind}.erased", subject, reason, detail)
    return told


_NAMED: dict[Kind, str] = {"company": "a company", "connection": "a connection", "account": "an account"}


def _lines(world: World, account: Account, told: Erased, *, is_rehearsal: bool) -> None:
    """Of a live account those in Sage, whatever their date."""
    after_seq, has_more, lines = 0, True, 0
    while has_more:
        span = world.db.read(lambda tx, after=after_seq: _span(tx, account, after))
        lines += len(span.lines) if is_rehearsal else _erase_lines(world, account, span)
        after_seq, has_more = span.looked_seq, not span.is_last
    left = world.db.read(lambda tx: erased.count_left(tx, account.pk))
    told.lines += lines
    told.lines_kept += left - lines if is_rehearsal else left


def _span(tx: Read, account: Account, after_seq: int) -> Span:
    if account.is_deleted:
        return erased.every(tx, account.pk, after_seq)
    return erased.in_sage(tx, account.pk, after_seq, date.max)


def _erase_lines(world: World, account: Account, span: Span) -> int:
    return world.db.write(lambda tx: retention.erase(world, tx, account.external_id, span))


def _count(world: World, piece: Piece) -> int:
    return world.db.read(lambda tx: erasing.count(tx, piece))


def _erase(world: World, piece: Piece) -> int:
    total = 0
    while True:
        count = world.db.write(lambda tx: erasing.erase_some(tx, piece))
        total += count
        if count < erasing.ROWS_AT_ONCE:
            return total


def _record(world: World, actor: str, action: str, subject: str, reason: str, detail: dict[str, object]) -> None:
    entry = AuditEntry(world.clock(), actor, action, subject, reason, detail)

    def run(tx: Write) -> None:
        audit.record(tx, entry)

    world.db.write(run)
