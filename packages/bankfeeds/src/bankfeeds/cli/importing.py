"""`bankfeeds import`: statement files of the institution's own, taken as the API takes pushes."""

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.errors import Refusal, Unavailable
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.statement_file import FileBalance, FileLine, Proof, StatementDraft, UnreadableFile
from bankfeeds.flows import take_file
from bankfeeds.flows.context import World
from bankfeeds.flows.take_file import Planned, Taking
from bankfeeds.readers import Hints, original, read_drafts
from bankfeeds.readers.csv_profile import CsvProfile, ProfileError, parse_profile, write_profile
from bankfeeds.readers.csv_suggest import SAMPLE_BYTES, suggest
from bankfeeds.readers.text import ENCODINGS, known_encoding

DONE, REFUSED = 0, 1
LATE_SHOWN_MAX = 20
GARBAGE_THRESHOLD = 100_000
"""A file's lines make no cycles: looking through all of them for garbage every 700 new ones only costs time."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for, for each file alike."""

    account: str | None
    dry_run: bool
    partial: bool
    reason: str | None
    hints: Hints
    tell: Callable[[str], None]
    """Where what happens is told, for people."""


@dataclass(slots=True)
class Result:
    """What became of one file, for programs. `state` is taken, held, refused, or looked at (`dry_run`)."""

    file: str
    state: str = "refused"
    id: str | None = None
    accounts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    problems: list[str] = field(default_factory=list[str])


def import_(
    *files: Path,
    account: str | None = None,
    dry_run: bool = False,
    partial: bool = False,
    accept_unproved: bool = False,
    reason: str | None = None,
    encoding: str | None = None,
    profile: Path | None = None,
    json: bool = False,
) -> int:
    """Take the lines of bank statement files; lines that are there already are passed over.

    Each file is taken whole or not at all, the ones beside it all the same. Exit code 1: something was not taken.

    Args:
        files: statement files.
        account: whose they are: CONNECTION/ACCOUNT, or its external id. Without it, by the number in the file.
        dry_run: say what would be done, and do nothing.
        partial: of a damaged file, take the statements before the damage.
        accept_unproved: take lines that the file's own balances do not prove; needs --reason.
        reason: why, for the audit trail.
        encoding: of files that do not say it themselves, such as windows-1252; UTF-8 otherwise.
        profile: a mapping profile for CSV files; `bankfeeds csv-profile` makes one.
        json: for programs.
    """
    if not files:
        raise WrongUsage("import: name at least one file")
    if accept_unproved and not reason:
        raise WrongUsage("--accept-unproved: say why with --reason")
    tell = _nobody if json else output.show_line
    order = Order(account, dry_run, partial, reason if accept_unproved else None, hints_of(encoding, profile), tell)
    gc.set_threshold(GARBAGE_THRESHOLD)
    with opening.world() as world:
        results = [import_one(world, path, order) for path in files]
    if json:
        output.show_json([output.fields_of(result) for result in results])
    return REFUSED if any(result.problems for result in results) else DONE


def csv_profile(file: Path) -> int:
    """Suggest how a CSV file is to be read: the profile as JSON, and why, line by line, on standard error.

    Look it over, complete what the file leaves open, keep it as a file, and name it with `bankfeeds import --profile`.

    Args:
        file: a CSV file of the bank's.
    """
    try:
        with file.open("rb") as stream:
            suggestion = suggest(stream.read(SAMPLE_BYTES))
    except OSError as error:
        raise WrongUsage(f"{file.name}: it cannot be read: {error.strerror}") from error
    except ProfileError as error:
        raise WrongUsage(f"{file.name}: {error}") from error
    for reason in suggestion.reasons:
        sys.stderr.write(output.shown(reason) + "\n")
    sys.stdout.write(write_profile(suggestion.profile).decode())
    return DONE


def hints_of(encoding: str | None, profile: Path | None) -> Hints:
    """What the command line says of files that do not say it themselves."""
    codec = known_encoding(encoding) if encoding is not None else None
    if encoding is not None and codec is None:
        raise WrongUsage(f"--encoding {encoding}: expected one of {', '.join(ENCODINGS)}")
    return Hints(codec, _profile(profile) if profile is not None else None)


def _profile(path: Path) -> CsvProfile:
    try:
        return parse_profile(path.read_bytes())
    except OSError as error:
        raise WrongUsage(f"--profile {path}: it cannot be read: {error.strerror}") from error
    except ProfileError as error:
        raise WrongUsage(f"--profile {path}: {error}") from error


def import_one(world: World, path: Path, order: Order) -> Result:
    result = Result(path.name)
    try:
        with path.open("rb") as stream:
            _import_stream(world, stream, order, result)
    except OSError as error:
        _refused(order, result, str(UnreadableFile(path.name, None, None, f"it cannot be read: {error.strerror}")))
    return result


def _import_stream(world: World, stream: BinaryIO, order: Order, result: Result) -> None:
    """What is read is what its digest is of: the file is opened once."""
    file = original(stream, result.file)
    drafts = _read(stream, order, result)
    if not drafts:
        return
    find = take_file.called(order.account) if order.account is not None else take_file.by_number
    try:
        plans = take_file.look(world, file, drafts, find)
    except Unavailable:
        raise  # says nothing of the file
    except Refusal as refusal:
        _refused(order, result, refusal.message)
        return
    del drafts  # a large file is held once, not twice
    if held := [plan for plan in plans if plan.is_held and order.reason is None]:
        _tell_held(order, result, plans, held)
    elif order.dry_run:
        result.state = "looked at"
        for plan in plans:
            _tell_plan(order, result, plan)
            _tell(order, result.file, f"would take {len(plan.sorted.new)} lines (--dry-run: nothing was done)")
    else:
        takings = take_file.put_down(world, opening.actor(), plans, order.reason)
        result.id, result.state = takings[0].file_id, "taken"
        _tell(order, result.file, f"on record as {result.id}")
        for taking in takings:
            _take(world, taking, order, result)


def _read(stream: BinaryIO, order: Order, result: Result) -> list[StatementDraft]:
    drafts: list[StatementDraft] = []
    try:
        for draft in read_drafts(stream, result.file, hints=order.hints):
            drafts.append(draft)  # noqa: PERF402 - what came before an error is kept
    except UnreadableFile as error:
        if not order.partial or not drafts:
            _refused(order, result, str(error))
            return []
        _trouble(order, result, f"damaged, only the statements before the damage are taken: {error}")
    return drafts


def _tell_plan(order: Order, result: Result, plan: Planned) -> dict[str, Any]:
    told = _fields(plan)
    result.accounts.append(told)
    if plan.taken_before is not None:
        before = plan.taken_before
        when = output.instant(before.taken_at)
        _tell(order, result.file, f"the very same file was taken on {when} by {before.taken_by} as {before.id}")
    _tell(order, result.file, _about(plan))
    if plan.sorted.late:
        _tell_late(order, result, plan)
    return told


def _take(world: World, taking: Taking, order: Order, result: Result) -> None:
    told = _tell_plan(order, result, taking.plan)
    operations: list[PushOperation] = []
    try:
        for operation in take_file.take(world, opening.actor(), taking):
            operations.append(operation)
            _tell_push(order, result.file, operation)
    except Unavailable:
        raise
    except Refusal as refusal:
        _trouble(order, result, f"not taken: {refusal.message}")
    told["pushOperationKeys"] = [operation.key for operation in operations]


def _tell_push(order: Order, file: str, operation: PushOperation) -> None:
    count = 0
    if operation.first_seq is not None and operation.last_seq is not None:
        count = operation.last_seq - operation.first_seq + 1
    _tell(order, file, f"took {count} lines: push operation {operation.key}, {operation.status.value}")
    for warning in operation.warnings:
        _tell(order, file, f"warning: {warning.field} {warning.message}")


def _tell_held(order: Order, result: Result, plans: Sequence[Planned], held: Sequence[Planned]) -> None:
    for plan in plans:
        result.accounts.append(_fields(plan))
        _tell(order, result.file, _about(plan))
    result.state = "held"
    failed = any(plan.lines.proof is Proof.failed for plan in held)
    because = "its balances do not add up" if failed else "its balances prove nothing"
    _trouble(
        order,
        result,
        f"held, nothing was taken from it: {because}; if its lines are right all the same, "
        "import it again with --accept-unproved --reason",
    )


def _tell_late(order: Order, result: Result, plan: Planned) -> None:
    """They wait for somebody, which is trouble, or are presented, or are never sent, which is not."""
    late, withheld = plan.late, len(plan.late.withheld)
    _tell_lines(order, result.file, "late, never sent", plan.sorted.late[:withheld])
    _tell_lines(order, result.file, "late, waits" if late.waiting else "late", plan.sorted.late[withheld:])
    told = (
        f"come too late: they are dated before {plan.account.newest_on}, the newest line accepted; "
        "Sage takes lines in date order only"
    )
    if late.presented:
        told_today = "they are presented on the day they come, with their own date in the text"
        _tell(order, result.file, f"{len(late.presented)} lines {told}; {told_today}")
    if late.withheld:
        told_never = f"of before {late.first_on}, the first day of the account's feed, they are never sent"
        _tell(order, result.file, f"{len(late.withheld)} lines {told}; {told_never}")
    if late.waiting:
        name = f"{plan.account.connection_id}/{plan.account.id}"
        told_queue = f"once the file is taken they wait: bankfeeds late list {name}"
        _trouble(order, result, f"{len(late.waiting)} lines {told}; {told_queue}")


def _tell_lines(order: Order, file: str, what: str, late: Sequence[FileLine]) -> None:
    for line in late[:LATE_SHOWN_MAX]:
        _tell(order, file, f"{what}: {line.date} {line.amount} {line.description}")
    if len(late) > LATE_SHOWN_MAX:
        _tell(order, file, f"{what}: {len(late) - LATE_SHOWN_MAX} more")


def _about(plan: Planned) -> str:
    stated, found = plan.lines, plan.sorted
    warnings = "".join(f"; {warning}" for warning in stated.warnings)
    return (
        f"{stated.account.id} {stated.account.currency} is {plan.account.connection_id}/{plan.account.id}: "
        f"opens {_balance(stated.opening)}, {len(stated.lines)} lines, closes {_balance(stated.closing)}, "
        f"{stated.proof.value}; {len(found.new)} new, {found.known + found.alike} there already, "
        f"{len(found.late)} too late, {stated.pending} not booked yet and held back{warnings}"
    )


def _balance(balance: FileBalance | None) -> str:
    return f"{balance.amount} on {balance.on}" if balance else "unknown"


def _fields(plan: Planned) -> dict[str, Any]:
    stated, found = plan.lines, plan.sorted
    return {
        "number": stated.account.id,
        "currency": stated.account.currency,
        "connectionId": plan.account.connection_id,
        "accountId": plan.account.id,
        "openingBalance": stated.opening.amount if stated.opening else None,
        "closingBalance": stated.closing.amount if stated.closing else None,
        "proof": stated.proof.value,
        "lines": len(stated.lines),
        "new": len(found.new),
        "known": found.known,
        "alike": found.alike,
        "late": [line.id for line in found.late],
        "pending": stated.pending,
        "warnings": list(stated.warnings),
        "takenBefore": plan.taken_before.id if plan.taken_before else None,
        "pushOperationKeys": [],
    }


def _tell(order: Order, file: str, words: str) -> None:
    order.tell(f"{file}: {words}")


def _nobody(_words: str) -> None:
    """A program reads the end of it."""


def _refused(order: Order, result: Result, why: str) -> None:
    _trouble(order, result, f"refused, nothing was taken from it: {why}")


def _trouble(order: Order, result: Result, words: str) -> None:
    result.problems.append(words)
    _tell(order, result.file, words)
