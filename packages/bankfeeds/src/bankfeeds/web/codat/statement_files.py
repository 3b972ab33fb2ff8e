"""Beyond Codat: a bank's statement file as the body, its new lines pushed as if the institution had sent them."""

from io import BytesIO

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.statement_file import StatementDraft, UnreadableFile
from bankfeeds.domain.taken_file import TakenFile
from bankfeeds.flows import take_file, taken_files
from bankfeeds.flows.take_file import Planned
from bankfeeds.flows.taken_files import Part
from bankfeeds.readers import Hints, original
from bankfeeds.readers.csv_profile import ProfileError, parse_profile
from bankfeeds.readers.text import ENCODINGS, known_encoding
from bankfeeds.web import statement_file
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat.body import reply
from bankfeeds.web.codat.exchange import Api, account_id, company_id, connection_id
from bankfeeds.web.codat.paging import page, window
from bankfeeds.web.codat.transactions import flag
from bankfeeds.web.endpoint import Answer, Call

NAME = "statementFile"


def create(api: Api, call: Call, actor: str) -> Answer:
    """200 with a push operation for every 1,000 new lines; 400, and nothing taken, for a file that is refused."""
    drafts, damage = _drafts(call)
    find = take_file.of_path(company_id(call), connection_id(call), account_id(call))
    file = original(BytesIO(call.body), call.first("fileName") or NAME)
    (plan,) = take_file.look(api.world, file, drafts, find)
    reason = call.first("reason") if flag(call, "acceptUnproved") else None
    if plan.is_held and not reason:
        raise one_flaw(
            "body",
            f"the file is held: {'; '.join(plan.lines.warnings)}. If its lines are right all the same, send it again "
            "with acceptUnproved=true and a reason",
            plan.lines.proof.value,
        )
    if flag(call, "dryRun"):
        return reply(_told(plan, None, [], damage))
    (taking,) = take_file.put_down(api.world, actor, [plan], reason)
    pushes = [translate.push_operation(each) for each in take_file.take(api.world, actor, taking)]
    return reply(_told(plan, taking.file_id, pushes, damage))


def listed(api: Api, call: Call, _actor: str) -> Answer:
    """Those taken for the account, newest first."""
    view = window(call)
    path = company_id(call), connection_id(call), account_id(call)
    found, total = taken_files.of_account(api.world, path, view.offset, view.size)
    return reply(page(call, view, [_shown(file, part) for file, part in found], total))


def _shown(file: TakenFile, part: Part) -> wire.StatementFile:
    said, original_file = part.said, file.original
    return wire.StatementFile(
        id=file.id,
        name=original_file.name,
        format=original_file.format,
        size_bytes=original_file.size_bytes,
        sha256=original_file.sha256,
        taken_at=file.taken_at,
        taken_by=file.taken_by,
        proof=said.proof.value,
        lines=said.lines,
        accepted=said.new,
        duplicates=said.known,
        late=said.late,
        pending=said.pending,
        push_operation_keys=[key for key in said.push_keys if key not in part.missing_keys],
        missing=len(part.missing_keys),
        opening_balance=said.opening,
        closing_balance=said.closing,
    )


def _drafts(call: Call) -> tuple[list[StatementDraft], str | None]:
    """What was read, and with `partial=true` what of a damaged file was not."""
    try:
        found = statement_file.read(call.body, NAME, _hints(call))
    except UnreadableFile as error:
        raise one_flaw("body", str(error), "unreadable") from error
    if found.damage is not None and not flag(call, "partial"):
        raise one_flaw("body", str(found.damage), "unreadable") from found.damage
    return found.drafts, str(found.damage) if found.damage is not None else None


def _hints(call: Call) -> Hints:
    named, profile = call.first("encoding"), call.first("profile")
    codec = known_encoding(named) if named is not None else None
    if named is not None and codec is None:
        raise one_flaw("encoding", f"must be one of {', '.join(ENCODINGS)}")
    try:
        return Hints(codec, parse_profile(profile.encode()) if profile else None)
    except ProfileError as error:
        raise one_flaw("profile", str(error)) from error


def _told(
    plan: Planned, file_id: str | None, pushes: list[wire.PushOperation], damage: str | None
) -> wire.StatementFileTaken:
    stated, found, before = plan.lines, plan.sorted, plan.taken_before
    return wire.StatementFileTaken(
        id=file_id,
        sha256=plan.original.sha256,
        taken_before=wire.TakenBefore(before.id, before.taken_at) if before else None,
        account_number=stated.account.id,
        currency=stated.account.currency,
        proof=stated.proof.value,
        lines=len(stated.lines),
        accepted=len(found.new),
        duplicates=found.known + found.alike,
        late=[line.id for line in found.late],
        pending=stated.pending,
        warnings=list(stated.warnings),
        opening_balance=stated.opening.amount if stated.opening else None,
        closing_balance=stated.closing.amount if stated.closing else None,
        push_operations=pushes,
        damage=damage,
    )
