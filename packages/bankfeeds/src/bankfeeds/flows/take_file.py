"""Taking a statement file: looked at (`look`), put down (`put_down`), then pushed as the API's requests are (`take`).

What is put down says which pushes the file is to become, by keys that they have not got yet; the file itself is not
kept. Killed between two pushes, it is taken again: what was accepted is known by its lines and passed over.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.domain.errors import Conflict, Invalid, NotFound, one_flaw
from bankfeeds.domain.late_line import LateLine, LateState, came
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.statement_file import AccountLines, FileAccount, FileLine, Proof, StatementDraft
from bankfeeds.domain.statement_import import BookedLine, Sorted, contradicts, names, proved_since, rebalanced, sort_out
from bankfeeds.domain.statement_ledger import ZERO, accounts_of, finish
from bankfeeds.domain.taken_file import OriginalFile, TakenFile, TakenPart
from bankfeeds.domain.transaction import LINES_MAX, Line, latest_day
from bankfeeds.flows import examine, named
from bankfeeds.flows.accept import accept_in_turn
from bankfeeds.flows.context import World
from bankfeeds.flows.examine import PushRequest
from bankfeeds.flows.push_item import of_file
from bankfeeds.store import audit, late_lines, lines, source_accounts, statement_files
from bankfeeds.store.engine import Read, Write

Finder = Callable[[Read, FileAccount], SourceAccount]
NAMESAKES_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class LateOnes:
    """Of the lines that come late: those to be presented at once, those that wait, and those of days before `first_on`,
    when the first feed of the account began: they are never sent.
    """

    presented: tuple[FileLine, ...] = ()
    waiting: tuple[Line, ...] = ()
    withheld: tuple[Line, ...] = ()
    first_on: date | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done with what a file says of one account. `is_held`: not without a word from somebody. Lines that
    come late go along where the account presents them; else they wait.

    `taken_before`: when the very same bytes were taken for this account for the first time.
    """

    original: OriginalFile
    account: SourceAccount
    lines: AccountLines
    sorted: Sorted
    taken_before: TakenFile | None
    late: LateOnes

    @property
    def is_held(self) -> bool:
        return self.lines.proof is not Proof.proved and bool(self.batches)

    @property
    def batches(self) -> list[tuple[FileLine, ...]]:
        """What each push is to bring: lines in the order of their days, those that come late in pushes of their own."""
        return [
            lines[start : start + LINES_MAX]
            for lines in (self.sorted.new, self.late.presented)
            for start in range(0, len(lines), LINES_MAX)
        ]


@dataclass(frozen=True, slots=True)
class Taking:
    """A plan that was put down, with the keys of the pushes that it becomes."""

    plan: Planned
    file_id: str
    push_keys: tuple[str, ...]


def look(world: World, original: OriginalFile, drafts: Sequence[StatementDraft], find: Finder) -> list[Planned]:
    """One for each account that the file names; refused whole if the platform does not know one of them."""
    file = original.name

    def read(tx: Read) -> list[Planned]:
        accounts = {draft.account.key: find(tx, draft.account) for draft in drafts}
        told = [_told(draft, accounts[draft.account.key]) for draft in drafts]
        accounts = {of.account.key: accounts[draft.account.key] for of, draft in zip(told, drafts, strict=True)}
        finished = finish(file, told, lambda account: accounts[account.key].external_id)
        return [_plan(world, tx, original, accounts[each.account.key], each) for each in accounts_of(finished)]

    plans = world.db.read(read)
    latest_on = latest_day(world.clock().date())
    for plan in plans:
        if plan.sorted.new and plan.sorted.new[-1].date > latest_on:
            told = f"{plan.sorted.new[-1].date} is in the future; only booked lines can be sent"
            raise one_flaw("date", f"{file}: {told}", "future")
    if len({plan.account.pk for plan in plans}) != len(plans):
        raise one_flaw("account", f"{file} names two accounts that are both {plans[0].account.id!r} here", "ambiguous")
    return plans


def by_number(tx: Read, file: FileAccount) -> SourceAccount:
    """The only source account with the number that the file gives."""
    if not file.id:
        raise one_flaw("account", "the file does not say whose it is; name its account", "no_account")
    found = source_accounts.numbered(tx, file.id, NAMESAKES_SHOWN_MAX)
    if file.number != file.id:
        found += source_accounts.numbered(tx, file.number, NAMESAKES_SHOWN_MAX)
    same = [account for account in found if names(file, account)]
    if not same:
        raise NotFound(
            "source_account",
            f"no source account has the number {file.id} in {file.currency}; name the account",
        )
    if len(same) > 1:
        told = ", ".join(f"{account.connection_id}/{account.id}" for account in same)
        raise Conflict("ambiguous", f"several source accounts have the number {file.id}; name one of them: {told}")
    return same[0]


def called(name: str) -> Finder:
    """The account that an operator names: CONNECTION/ACCOUNT or external id."""

    def find(tx: Read, file: FileAccount) -> SourceAccount:
        return _checked(named.account(tx, name), file)

    return find


def of_path(company_id: str, connection_id: str, account_id: str) -> Finder:
    """The account that a request's path names."""

    def find(tx: Read, file: FileAccount) -> SourceAccount:
        account = source_accounts.find(tx, company_id, connection_id, account_id)
        if account is None:
            raise NotFound("source_account", f"Source account {account_id} was not found")
        return _checked(account, file)

    return find


def put_down(world: World, actor: str, plans: Sequence[Planned], reason: str | None = None) -> list[Taking]:
    """The file is on record from now on. `reason`: why lines are taken that the file's balances do not prove."""
    file = TakenFile(world.ids.uuid(), plans[0].original, world.clock(), actor)
    takings = [Taking(plan, file.id, _keys(world, plan)) for plan in plans]
    entries = [_unproved(file, plan, reason) for plan in plans if plan.is_held and reason is not None]
    entries += [_withheld(file, plan) for plan in plans if plan.late.withheld]

    def write(tx: Write) -> None:
        statement_files.insert(tx, file, [_part(taking) for taking in takings])
        for plan in plans:
            late_lines.insert(tx, _late_rows(file, plan))
        for entry in entries:
            audit.record(tx, entry)

    world.db.write(write)
    return takings


def take(world: World, actor: str, taking: Taking) -> Iterator[PushOperation]:
    """The new lines, at most LINES_MAX to a push operation; each is durable as it comes."""
    batches, taken = taking.plan.batches, 0
    operations = accept_in_turn(world, actor, _requests(taking.plan.account, batches, taking.push_keys))
    for batch in batches:
        try:
            yield next(operations)
        except Invalid as refusal:
            where = f"{taking.plan.original.name}, lines {taken + 1} to {taken + len(batch)} of the new ones: "
            raise Invalid(refusal.code, where + refusal.message, refusal.flaws) from refusal
        taken += len(batch)


def _requests(
    account: SourceAccount, batches: Sequence[Sequence[FileLine]], keys: Sequence[str]
) -> Iterator[PushRequest]:
    for batch, key in zip(batches, keys, strict=True):
        items = [of_file(line) for line in batch]
        yield PushRequest(account.company_id, account.connection_id, account.id, account.id, items, key=key)


def _keys(world: World, plan: Planned) -> tuple[str, ...]:
    return tuple(world.ids.uuid() for _ in plan.batches)


def _late_rows(file: TakenFile, plan: Planned) -> list[LateLine]:
    """What is not presented now: it waits, or is put down as dropped."""
    waiting, withheld = (
        [came(plan.account.pk, line, file.taken_at, file.taken_by, file.id) for line in lines]
        for lines in (plan.late.waiting, plan.late.withheld)
    )
    reason = _why_withheld(plan.late)
    ended = {"state": LateState.dropped, "ended_at": file.taken_at, "ended_by": file.taken_by, "reason": reason}
    return [*waiting, *(replace(line, **ended) for line in withheld)]


def _why_withheld(late: LateOnes) -> str:
    return f"of before {late.first_on}, the first day of its feed"


def _withheld(file: TakenFile, plan: Planned) -> AuditEntry:
    detail = {"lines": len(plan.late.withheld), "file": file.original.name, "id": file.id}
    subject = f"account:{plan.account.external_id}"
    return AuditEntry(file.taken_at, file.taken_by, "late.drop", subject, _why_withheld(plan.late), detail)


def _late_ones(world: World, tx: Read, account: SourceAccount, late: Sequence[FileLine]) -> LateOnes:
    """What waits is as it would be accepted: Invalid for what never could be."""
    if not late:
        return LateOnes()
    first_on = examine.first_day_of_any(tx, account)
    early = tuple(line for line in late if first_on is not None and line.date < first_on)
    rest = tuple(late[len(early) :])
    withheld = _as_accepted(world, account, early)
    if account.presents_late:
        return LateOnes(rest, (), withheld, first_on)
    return LateOnes((), _as_accepted(world, account, rest), withheld, first_on)


def _as_accepted(world: World, account: SourceAccount, late: Sequence[FileLine]) -> tuple[Line, ...]:
    items = [of_file(line) for line in late]
    if not items:
        return ()
    request = PushRequest(account.company_id, account.connection_id, account.id, account.id, items)
    columns, _ = examine.read(request, EXPONENTS[account.currency or ""], world.limits.text)
    return tuple(columns.lines())


def _part(taking: Taking) -> TakenPart:
    stated, found = taking.plan.lines, taking.plan.sorted
    return TakenPart(
        account_pk=taking.plan.account.pk,
        proof=stated.proof,
        lines=len(stated.lines),
        new=len(found.new),
        known=found.known + found.alike,
        late=len(found.late),
        pending=stated.pending,
        opening=stated.opening.amount if stated.opening else None,
        closing=stated.closing.amount if stated.closing else None,
        push_keys=taking.push_keys,
    )


def _unproved(file: TakenFile, plan: Planned, reason: str) -> AuditEntry:
    """Somebody takes lines although the file's balances do not prove them."""
    detail = {"file": file.original.name, "id": file.id, "proof": plan.lines.proof.value, "new": len(plan.sorted.new)}
    subject = f"account:{plan.account.external_id}"
    return AuditEntry(file.taken_at, file.taken_by, "file.accept_unproved", subject, check_reason(reason), detail)


def _checked(account: SourceAccount, file: FileAccount) -> SourceAccount:
    if contradicts(file, account):
        has = ", ".join(part for part in (account.number, account.currency) if part)
        raise one_flaw(
            "account",
            f"the file names {file.id} in {file.currency}, but account {account.id!r} is {has}",
            "other_account",
        )
    return account


def _told(draft: StatementDraft, account: SourceAccount) -> StatementDraft:
    """A CSV file may say neither number nor currency: they are those of the account that it was said to be of."""
    if draft.account.id and draft.account.currency:
        return draft
    currency = draft.account.currency or account.currency or ""
    stated = replace(draft.account, id=draft.account.id or account.number or account.id, currency=currency)
    opening, closing = (replace(one, currency=currency) if one else None for one in (draft.opening, draft.closing))
    return replace(draft, account=stated, opening=opening, closing=closing)


def _as_they_came(tx: Read, account: SourceAccount, before: Sequence[BookedLine]) -> list[BookedLine]:
    """With the lines that came late on their own days, also those that wait or were dropped."""
    late = {
        line.id: BookedLine(line.id, line.on, line.amount, line.balance, came_late=True)
        for line in late_lines.of_account(tx, account.pk)
    }
    return [*late.values(), *(line for line in before if line.id not in late)]


def _rebalanced_late(tx: Read, account: SourceAccount, late: Sequence[FileLine]) -> tuple[FileLine, ...]:
    """Each day on from what stood before it, so that the day is known when another format brings it with balances."""
    first = lines.first(tx, account) if late else None
    if first is None:
        return tuple(late)
    opening = first.balance - first.amount
    before_first = opening - sum((line.amount for line in late if line.date < first.on), ZERO)
    made: list[FileLine] = []
    for on, of_day in groupby(late, key=lambda line: line.date):
        if on < first.on:
            made += rebalanced(list(of_day), before_first)
            before_first = made[-1].balance
        else:
            before = lines.balance_before(tx, account, on)
            made += rebalanced(list(of_day), opening if before is None else before)
    return tuple(made)


def _plan(world: World, tx: Read, original: OriginalFile, account: SourceAccount, stated: AccountLines) -> Planned:
    before = lines.booked_between(tx, account.pk, stated.lines[0].date, stated.lines[-1].date) if stated.lines else []
    found = sort_out(stated, _as_they_came(tx, account, before), account.newest_on)
    last = lines.last_balance(tx, account)
    if stated.opening is None and stated.closing is None:
        start = last if last is not None else account.balance or ZERO
        found = replace(found, new=rebalanced(found.new, start), late=_rebalanced_late(tx, account, found.late))
    late = _late_ones(world, tx, account, found.late)
    if found.new or late.presented:
        examine.ready(tx, PushRequest(account.company_id, account.connection_id, account.id, account.id, ()), account)
    stated = proved_since(stated, found, last)
    return Planned(original, account, stated, found, statement_files.first_taken(tx, account.pk, original.sha256), late)
