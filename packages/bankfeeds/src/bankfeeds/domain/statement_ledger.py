"""From drafts to statements: ids, date order, running balances, and the proof that opening + lines = closing.

The proof never refuses a file; it says proved, failed or unproved, and a warning names the figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from bankfeeds.domain.line_identity import Scope, line_ids
from bankfeeds.domain.statement_file import (
    AccountLines,
    Entry,
    FileAccount,
    FileBalance,
    FileLine,
    FileStatement,
    Proof,
    StatementDraft,
    StatementFile,
)

ZERO = Decimal(0)


def as_written(account: FileAccount) -> str:
    """The scope of line ids where the file alone says which account it is."""
    return account.id


def finish(name: str, drafts: Sequence[StatementDraft], scope: Scope = as_written) -> StatementFile:
    """The file's statements, in file order. A statement that stands in the file twice is taken once."""
    kept = _without_repeats(drafts)
    ids = line_ids(kept, scope)
    return StatementFile(name, tuple(_finish_one(draft, names) for draft, names in zip(kept, ids, strict=True)))


def accounts_of(file: StatementFile) -> tuple[AccountLines, ...]:
    """Per account, in order of appearance: its statements joined, lines oldest first, balances running on."""
    by_account: dict[tuple[str, str], list[FileStatement]] = {}
    for statement in file.statements:
        by_account.setdefault(statement.account.key, []).append(statement)
    return tuple(_join(statements) for statements in by_account.values())


def _without_repeats(drafts: Sequence[StatementDraft]) -> list[StatementDraft]:
    kept: list[StatementDraft] = []
    seen: dict[tuple[tuple[str, str], str], list[int]] = {}
    for draft in drafts:
        alike = seen.setdefault((draft.account.key, draft.id), [])
        repeated = next((position for position in alike if _same_content(kept[position], draft)), None)
        if repeated is None:
            alike.append(len(kept))
            kept.append(draft)
        else:
            first = kept[repeated]
            warning = f"statement {draft.id} stands in the file more than once; it was taken once"
            kept[repeated] = replace(first, warnings=(*first.warnings, warning))
    return kept


def _same_content(one: StatementDraft, other: StatementDraft) -> bool:
    return (one.opening, one.closing, one.entries) == (other.opening, other.closing, other.entries)


def _finish_one(draft: StatementDraft, ids: Sequence[str]) -> FileStatement:
    total = sum((entry.amount for entry in draft.entries), ZERO)
    proof, warnings = _prove(draft.opening, draft.closing, total, draft.account.currency)
    return FileStatement(
        id=draft.id,
        account=draft.account,
        opening=draft.opening,
        closing=draft.closing,
        lines=tuple(_with_balances(_by_day(ids, draft.entries), _start_of(draft.opening, draft.closing, total))),
        pending=draft.pending,
        proof=proof,
        warnings=(*draft.warnings, *warnings),
    )


def _by_day(ids: Sequence[str], entries: Sequence[Entry]) -> Iterable[tuple[str, Entry]]:
    """Oldest first, which most files are: then nothing is held for it."""
    pairs = zip(ids, entries, strict=True)
    if all(before.date <= after.date for before, after in pairwise(entries)):
        return pairs
    return sorted(pairs, key=lambda pair: pair[1].date)


def _start_of(opening: FileBalance | None, closing: FileBalance | None, total: Decimal) -> Decimal:
    if opening is not None:
        return opening.amount
    return closing.amount - total if closing is not None else ZERO


def _with_balances(ordered: Iterable[tuple[str, Entry]], balance: Decimal) -> Iterable[FileLine]:
    for line_id, entry in ordered:
        balance += entry.amount
        yield FileLine(
            line_id,
            entry.date,
            entry.amount,
            balance,
            entry.description,
            entry.counterparty,
            entry.reference,
            entry.transaction_type,
        )


def _prove(
    opening: FileBalance | None, closing: FileBalance | None, total: Decimal, currency: str
) -> tuple[Proof, tuple[str, ...]]:
    if opening is None and closing is None:
        return Proof.unproved, ("unproved: no opening and no closing booked balance",)
    if opening is None:
        return Proof.unproved, (
            "unproved: no opening booked balance; running balances are computed back from the closing one",
        )
    if closing is None:
        return Proof.unproved, ("unproved: no closing booked balance to check the lines against",)
    reached = opening.amount + total
    if reached == closing.amount:
        return Proof.proved, ()
    warning = (
        f"the balances do not add up: opening {opening.amount} plus lines {total} is {reached} {currency}, "
        f"but the closing balance is {closing.amount} (difference {closing.amount - reached})"
    )
    if total and opening.amount - total == closing.amount:
        return Proof.failed, (f"{warning}; with every sign turned round they do: money in and money out are mixed up",)
    return Proof.failed, (warning,)


def _join(statements: list[FileStatement]) -> AccountLines:
    """Statements by the day they open, then as in the file. A chain runs on from the first opening balance;
    where it is broken, each line keeps the balance that its own statement gives it.
    """
    ordered = sorted(statements, key=_opens_on)
    gaps = tuple(
        f"statement {after.id} opens with {after.opening.amount}, but statement {before.id} closes with "
        f"{before.closing.amount}: a statement between them may be missing"
        for before, after in pairwise(ordered)
        if before.closing and after.opening and before.closing.amount != after.opening.amount
    )
    lines = sorted((line for one in ordered for line in one.lines), key=lambda line: line.date)
    first, last = ordered[0], ordered[-1]
    if not gaps and all(one.proof is Proof.proved for one in ordered) and first.opening:
        lines = _rebalanced(lines, first.opening.amount)
    elif not any(one.opening or one.closing for one in ordered):
        lines = _rebalanced(lines, ZERO)
    return AccountLines(
        account=first.account,
        opening=first.opening,
        closing=last.closing,
        lines=tuple(lines),
        pending=sum(one.pending for one in ordered),
        proof=_proof_of_all(ordered, is_broken=bool(gaps)),
        warnings=(*(warning for one in ordered for warning in one.warnings), *gaps),
    )


def _opens_on(statement: FileStatement) -> int:
    """The day it opens or, without an opening balance, the day of its first line or its closing balance."""
    if statement.opening:
        return statement.opening.on.toordinal()
    if statement.lines:
        return statement.lines[0].date.toordinal()
    return statement.closing.on.toordinal() if statement.closing else 0


def _rebalanced(lines: Sequence[FileLine], balance: Decimal) -> list[FileLine]:
    result: list[FileLine] = []
    for line in lines:
        balance += line.amount
        result.append(line if line.balance == balance else line._replace(balance=balance))
    return result


def _proof_of_all(statements: Sequence[FileStatement], *, is_broken: bool) -> Proof:
    proofs = {statement.proof for statement in statements}
    if Proof.failed in proofs or is_broken:
        return Proof.failed
    return Proof.unproved if Proof.unproved in proofs else Proof.proved
