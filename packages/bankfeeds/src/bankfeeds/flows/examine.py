"""A push before anything of it is stored: is the request whole, may the account take it, which lines are new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bankfeeds.domain.columns import Columns, columns_of, read_columns
from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.erasure import differing
from bankfeeds.domain.errors import Flaw, Invalid, NotFound, one_flaw
from bankfeeds.domain.feed import why_withheld
from bankfeeds.domain.late_line import LateState
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.ports import Sealer
from bankfeeds.domain.source_account import AccountStatus, SourceAccount
from bankfeeds.domain.transaction import (
    FLAWS_MAX,
    LINES_MAX,
    Line,
    RawLine,
    TextLimits,
    check_against,
    check_order,
    check_repeats,
    latest_day,
    read_lines,
)
from bankfeeds.store import connections, erased, feeds, late_lines, lines, source_accounts
from bankfeeds.store.engine import Read


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One create-bank-transactions request, its JSON already of the right types. `key` is that of its push operation;
    None: a new one is made. `late_reason`: why late lines are presented though the account is not set to.
    """

    company_id: str
    connection_id: str
    account_id: str
    body_account_id: str | None
    items: Sequence[RawLine]
    timeout_minutes: int | None = None
    key: str | None = None
    late_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """New lines, those of them that come late and are presented, sequence numbers of known ones, and warnings."""

    new: list[Line]
    late: list[Line]
    known: list[int]
    warnings: list[Flaw]


def read(request: PushRequest, exponent: int, limits: TextLimits) -> tuple[Columns, tuple[Flaw, ...]]:
    """The lines, all at once if nothing is odd about them, else one by one; with what is worth a warning."""
    columns = read_columns(request.items, exponent, limits)
    warnings: tuple[Flaw, ...] = ()
    if columns is None:
        reading = read_lines(request.items, exponent, limits)
        if reading.flaws:
            raise refused(reading.flaws)
        columns, warnings = columns_of(reading.lines), tuple(reading.warnings)
    if columns.has_repeats:
        raise refused(check_repeats(columns.lines()))
    return columns, warnings


def check_frame(request: PushRequest) -> None:
    if request.body_account_id is None:
        raise one_flaw("accountId", "is missing; repeat the account id of the path")
    if request.body_account_id != request.account_id:
        raise one_flaw("accountId", f"is {request.body_account_id!r} but the path names {request.account_id!r}")
    if not request.items:
        raise one_flaw("transactions", "is empty; send at least one transaction")
    if len(request.items) > LINES_MAX:
        raise one_flaw("transactions", f"has {len(request.items)} items; at most {LINES_MAX} go into one request")


def account(tx: Read, request: PushRequest) -> SourceAccount:
    account = source_accounts.find(tx, request.company_id, request.connection_id, request.account_id)
    return ready(tx, request, account)


def ready(tx: Read, request: PushRequest, account: SourceAccount | None) -> SourceAccount:
    """The account, if lines can be accepted for it now."""
    connection = connections.find(tx, request.company_id, request.connection_id)
    if connection is None:
        raise NotFound("connection", f"Data connection {request.connection_id} was not found")
    if account is None:
        raise NotFound("source_account", f"Source account {request.account_id} was not found")
    if connection.status is not ConnectionStatus.linked:
        remedy = "transactions can be sent once its user has linked it in Sage"
        raise one_flaw("connectionId", f"the connection is {connection.status.value}; {remedy}", "not_linked")
    if account.status is not AccountStatus.connected:
        remedy = "its user has to select it in Sage first"
        raise one_flaw("accountId", f"the account is {account.status.value}; {remedy}", "not_connected")
    if account.currency not in EXPONENTS:
        raise one_flaw("accountId", "the account has no currency; make it again with one", "no_currency")
    return account


def refused(flaws: Sequence[Flaw]) -> Invalid:
    kept = tuple(flaws[:FLAWS_MAX])
    first = kept[0]
    others = f" (and {len(kept) - 1} more)" if len(kept) > 1 else ""
    return Invalid("transactions", f"{first.field}: {first.message}{others}", kept)


def sort_out(
    tx: Read, sealer: Sealer, account: SourceAccount, sent: Sequence[Line], now: datetime, *, presents: bool
) -> Sorted:
    """Invalid if a known id comes with other content, or a new line breaks a rule of dates or order. `presents`: lines
    that come late are not refused but presented on another day.
    """
    existing = lines.existing(tx, account.pk, [line.id for line in sent])
    came_late = late_lines.called(tx, account.pk, [line.id for line in sent])
    has_erased = any(known.texts_digest is not None for known in existing.values())
    key = erased.opened_key(tx, sealer) if has_erased else None
    positions: list[int] = []
    known: list[int] = []
    warnings: list[Flaw] = []
    conflicts: list[Flaw] = []
    for position, line in enumerate(sent):
        before, late = existing.get(line.id), came_late.get(line.id)
        where = f"transactions[{position}].id"
        if before is None and late is not None and late.state is LateState.dropped:
            conflicts.append(
                Flaw(where, f"{line.id!r} came late before and was dropped; it is never sent: leave it out")
            )
        elif before is None and late is not None and not _comes_late(account, line):
            conflicts.append(Flaw(where, f"{line.id!r} came late before and waits for a decision: leave it out"))
        elif before is None:
            positions.append(position)
        elif (late is None or not late.is_same(line)) and (fields := differing(before, line, account.external_id, key)):
            told = f"{line.id!r} was accepted before with another {' and '.join(fields)}; ids are for ever"
            conflicts.append(Flaw(where, told))
        else:
            known.append(before.seq)
            warnings.append(Flaw(where, f"{line.id!r} was accepted before with the same content; passed over"))
    if conflicts:
        raise refused(conflicts)
    new = [sent[position] for position in positions]
    flaws = check_order(new, positions, latest_day(now.date()))
    flaws += _never_sent(tx, account, new, positions) if presents else check_against(new, positions, account.newest_on)
    if flaws:
        raise refused(flaws)
    count = sum(_comes_late(account, line) for line in new)
    warnings += [
        Flaw(
            f"transactions[{position}].date",
            f"{line.on} is before {account.newest_on}, the newest line accepted: "
            "presented on the day it came, with its own in the text",
        )
        for position, line in zip(positions[:count], new[:count], strict=True)
    ]
    return Sorted(new[count:], new[:count], known, warnings)


def _comes_late(account: SourceAccount, line: Line) -> bool:
    return account.newest_on is not None and line.on < account.newest_on


def _never_sent(tx: Read, account: SourceAccount, new: Sequence[Line], positions: Sequence[int]) -> list[Flaw]:
    """Late lines of days before any feed of the account began."""
    first_on = first_day_of_any(tx, account)
    if account.newest_on is None or first_on is None:
        return []
    first_on = min(account.newest_on, first_on)
    return [
        Flaw(
            f"transactions[{position}].date",
            f"{line.on} is before {account.newest_on}, the newest line accepted for this account, "
            f"and before {first_on}, the first day of its feed; leave it out",
        )
        for position, line in zip(positions, new, strict=True)
        if line.on < first_on
    ][:FLAWS_MAX]


def first_day_of_any(tx: Read, account: SourceAccount) -> date | None:
    """Before it no live feed of the account began; None if there is none, or one whose first day Sage has not told."""
    starts = [feed.start_on for feed in feeds.live_of_account(tx, account.pk)]
    known = [on for on in starts if on is not None]
    return min(known) if known and len(known) == len(starts) else None


def withheld_warnings(tx: Read, account: SourceAccount, new: Columns) -> list[Flaw]:
    """Lines dated before the first day of a feed are kept, told, and never sent."""
    starts = [feed.start_on for feed in feeds.live_of_account(tx, account.pk) if feed.start_on is not None]
    told: list[Flaw] = []
    for start_on in sorted(set(starts)):
        count = new.count_before(start_on)
        if count:
            why = why_withheld(start_on, account.cut_over_on)
            message = f"{count} dated before {start_on}, {why}: withheld, never sent"
            told.append(Flaw("transactions", message))
    return told
