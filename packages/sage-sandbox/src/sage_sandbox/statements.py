"""POST and GET /v1/statements, and the processing in between (6.3, 6.4, 9.3)."""

from datetime import timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import faults, rules, wire
from sage_sandbox.calls.rules import cited
from sage_sandbox.exchange import answer, world_of
from sage_sandbox.lines import lines_of, read
from sage_sandbox.provider import authenticate
from sage_sandbox.records import BankAccount, Lines, Provider, Statement
from sage_sandbox.refusals import NOT_JSON, Problem, Refusal, refuse, schema_problem
from sage_sandbox.wire import AccountDetails, Line, StatementBody, StatementData
from sage_sandbox.world import World

_body = wire.decoder(StatementBody)
_WORDS = {"completed": "successful", "failed": "error"}


_every_line = wire.decoder(list[msgspec.Raw])
_line = wire.decoder(Line)
_lines = wire.decoder(list[Line])
_LINES = "data.transactionDetails"


def decode_statement(body: bytes) -> tuple[StatementData, bytes]:
    """The statement and its lines as they came; or a refusal that names every line at fault, not the first alone."""
    try:
        loose = _body.decode(body).data
    except msgspec.ValidationError as error:
        raise Refusal(400, schema_problem(error)) from None
    except NOT_JSON as error:
        raise refuse(400, "SCHEMA_INVALID", f"The body is not JSON: {error}") from None
    raw = bytes(loose.transaction_details)
    try:
        lines = _lines.decode(raw)
    except msgspec.ValidationError as error:
        raise Refusal(400, *_every_problem(raw, schema_problem(error, _LINES))) from None
    except NOT_JSON as error:
        raise refuse(400, "SCHEMA_INVALID", f"The body is not JSON: {error}") from None
    data = StatementData(loose.principal_id, loose.bank_id, loose.account_details, lines, loose.expected)
    if not wire.is_text(body, data):
        raise refuse(400, "SCHEMA_INVALID", "The body holds half of a surrogate pair", "data")
    return data, raw


def _every_problem(lines: bytes, first: Problem) -> list[Problem]:
    if not first.path.startswith(f"{_LINES}["):
        return [first]
    problems: list[Problem] = []
    for at, raw in enumerate(_every_line.decode(lines)):
        try:
            _line.decode(raw)
        except msgspec.ValidationError as error:
            problems.append(schema_problem(error, f"{_LINES}[{at}]"))
    return problems or [first]


def account_of(world: World, bank_account_id: str, provider: Provider) -> BankAccount:
    account = world.book.bank_accounts.get(bank_account_id)
    bank = world.book.banks.get(account.bank_id) if account else None
    if account is None or bank is None or bank.provider_id != provider.provider_id:
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "No such bank account", "data.principalId")
    if account.status == "pendingConfirmation":
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "The bank account is not confirmed yet", "data.principalId")
    if account.status == "cancelled":
        raise refuse(409, "BANK_ACCOUNT_CANCELLED", "The bank account is cancelled", "data.principalId")
    return account


async def post_statement(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    data, raw = decode_statement(await request.body())
    ids = [line.unique_id for line in data.transaction_details]
    try:
        statement = _take(request, world, provider, data, raw)
    except Refusal as refusal:
        if _is_own(world, data, provider):
            world.offers_to(data.principal_id).refuse(ids, refusal.problems[0].code)
            world.keep(world.offers_to(data.principal_id))
        raise
    world.offers_to(data.principal_id).take(ids)
    return answer({"data": _body_of(statement, world, "pending")}, world.settings.statement_status)


def _is_own(world: World, data: StatementData, provider: Provider) -> bool:
    account = world.book.bank_accounts.get(data.principal_id)
    return account is not None and world.book.banks[account.bank_id].provider_id == provider.provider_id


def _take(request: Request, world: World, provider: Provider, data: StatementData, raw: bytes) -> Statement:
    """Every rule that is checked at once, then the statement."""
    if problems := list(rules.check_counts(data, world.settings)):
        raise Refusal(400, *problems)
    account = account_of(world, data.principal_id, provider)
    if problems := rules.check_statement(data, account, world.settings):
        raise Refusal(400, *problems)
    _check_state(world, account, data)
    strike = request.scope.get(faults.SCRIPTED) or faults.draw_for_statement(world, account.bank_account_id)
    return take_statement(world, account, data, raw, strike)


def _check_state(world: World, account: BankAccount, data: StatementData) -> None:
    if account.status == "authRequired" and not world.settings.post_while_auth_required:
        raise refuse(409, "BANK_ACCOUNT_AUTH_REQUIRED", "The bank account needs re-authorisation", "data.principalId")
    ledger = world.ledger(account.bank_account_id)
    if ledger.in_flight is not None:
        raise refuse(409, "STATEMENT_IN_FLIGHT", f"Statement {ledger.in_flight} is not finished", "data.principalId")
    if world.settings.history_duplicates == "sync":
        repeated = _repeated(world, account, data.transaction_details)
        if repeated:
            raise Refusal(409, *repeated)


def _repeated(world: World, account: BankAccount, lines: list[Line]) -> list[Problem]:
    ledger = world.ledger(account.bank_account_id)
    sent = world.settings.duplicate_scope == "sent"
    return rules.find_repeated(lines, ledger.stored_ids.keys(), ledger.unstored_ids.keys() if sent else frozenset())


def take_statement(
    world: World, account: BankAccount, data: StatementData, raw: bytes, strike: faults.Strike | None = None
) -> Statement:
    """Record a statement that passed the rules and set the timers of its processing."""
    now = world.clock.now()
    details = data.account_details[0]
    statement = Statement(
        statement_id=world.new_id(),
        bank_account_id=account.bank_account_id,
        bank_id=account.bank_id,
        account_status=details.status,
        transaction_details_count=len(data.transaction_details),
        received_at=now,
        due_at=now + timedelta(milliseconds=world.settings.processing_ms),
        expected=data.expected,
        balances=details.balances,
    )
    statement.stuck_by = strike.fault_id if strike and strike.action == "stuck" else None
    statement.failing = strike is not None and strike.action == "fail"
    world.keep(lines_of(statement.statement_id, data.transaction_details, raw))
    world.keep(statement)
    world.ledger(account.bank_account_id).in_flight = statement.statement_id
    schedule(world, statement)
    return statement


def schedule(world: World, statement: Statement) -> None:
    """Set, or set again after a restart, the timers of a statement that is not finished."""
    half = statement.received_at + (statement.due_at - statement.received_at) / 2
    if statement.due_at > world.clock.now():
        world.timers.at(half, lambda: _begin(world, statement))
        if statement.stuck_by is None:
            world.timers.at(statement.due_at, lambda: finish(world, statement))
        return
    _begin(world, statement)
    if statement.stuck_by is None:
        finish(world, statement)


def _begin(world: World, statement: Statement) -> None:
    if statement.status == "pending":
        statement.status = "processing"
        world.keep(statement)


def release(world: World, fault_id: str) -> None:
    """The fault that held statements is gone: process them."""
    for statement in world.book.statements.values():
        if statement.stuck_by == fault_id and statement.finished_at is None:
            statement.stuck_by = None
            schedule(world, statement)


def finish(world: World, statement: Statement) -> None:
    """Process a statement: all of it is stored, or nothing."""
    if statement.finished_at is not None or statement.stuck_by is not None:
        return
    account = world.book.bank_accounts[statement.bank_account_id]
    ledger = world.ledger(account.bank_account_id)
    kept = world.book.lines[statement.statement_id]
    lines = read(kept)
    statement.errors, statement.warnings = _judge(world, account, statement, lines)
    statement.finished_at = world.clock.now()
    statement.status = "failed" if statement.errors else "completed"
    ledger.in_flight = None
    if statement.errors:
        ledger.leave_out(lines)
        del world.book.lines[statement.statement_id]
    else:
        store_lines(world, account, statement, kept, lines)
    world.keep(statement)


def _judge(
    world: World, account: BankAccount, statement: Statement, lines: list[Line]
) -> tuple[list[Problem], list[Problem]]:
    """Errors that fail the statement, and warnings that do not."""
    if statement.failing:
        return [Problem("PROCESSING_FAILED", "The statement could not be processed")], []
    if account.status == "cancelled":
        return [Problem("BANK_ACCOUNT_CANCELLED", "The bank account is cancelled", "data.principalId")], []
    settings = world.settings
    newest_on = world.ledger(account.bank_account_id).newest_on
    days = rules.days_of(lines)
    disorder = list(rules.find_disorder(days, newest_on))
    old = list(rules.find_old(days, newest_on, settings.strict_dates_scope))
    early = list(rules.find_early(days, rules.business_date(account.requested_start_date)))
    future = [] if settings.future_dates == "accept" else list(rules.find_future(days, world.clock.now().date()))
    errors = _repeated(world, account, lines)
    warnings = [*rules.find_long_texts(lines, settings.text_length_max), *rules.find_wrong_signs(lines)]
    (errors if settings.future_dates == "refuse" else warnings).extend(future)
    (errors if settings.strict_order else warnings).extend(disorder)
    (errors if settings.strict_dates else warnings).extend(old)
    (errors if settings.before_start_date == "refuse" else warnings).extend(early)
    return errors, warnings


def store_lines(world: World, account: BankAccount, statement: Statement, kept: Lines, lines: list[Line]) -> None:
    """Number the lines, append them, and let the statement's status and balances take effect."""
    ledger = world.ledger(account.bank_account_id)
    if world.settings.before_start_date == "filter" and not statement.planted:
        start = rules.business_date(account.requested_start_date)
        wanted = [line for line in lines if rules.business_date(line.date_posted) >= start]
        if len(wanted) < len(lines):
            ledger.leave_out(line for line in lines if rules.business_date(line.date_posted) < start)
            lines = wanted
            kept = world.keep(lines_of(statement.statement_id, lines))
    statement.first_transaction_id = ledger.next_id
    statement.stored_count = len(lines)
    ledger.append(statement, kept, lines)
    if lines:
        ledger.next_id += world.settings.transaction_id_gap
    if statement.balances is not None and statement.balances != wire.Balances():
        account.balances = statement.balances
    details = AccountDetails(account.bank_account_id, statement.account_status)
    account.status = rules.next_status(account, details, lines=bool(lines), settings=world.settings)  # pyright: ignore[reportAttributeAccessIssue] - one of the account's statuses
    world.keep(account)


def _body_of(statement: Statement, world: World, status: str | None = None) -> dict[str, object]:
    word = status or statement.status
    if world.settings.statement_words == "successful":
        word = _WORDS.get(word, word)
    body: dict[str, object] = {
        "_id": statement.statement_id,
        "principalId": statement.bank_account_id,
        "bankId": statement.bank_id,
        "status": word,
        "expected": statement.expected,
        "createdAt": statement.received_at,
    }
    if statement.finished_at is not None:
        body["finishedAt"] = statement.finished_at
    if statement.errors:
        body["errors"] = [cited(problem) for problem in statement.errors]
    if statement.warnings:
        body["warnings"] = [cited(problem) for problem in statement.warnings]
    return body


async def get_statement(request: Request) -> Response:
    world = world_of(request)
    provider = authenticate(request)
    statement = world.book.statements.get(request.path_params["statement_id"])
    bank = world.book.banks.get(statement.bank_id) if statement else None
    if statement is None or statement.planted or bank is None or bank.provider_id != provider.provider_id:
        raise refuse(404, "STATEMENT_NOT_FOUND", "No such statement", "statementId")
    return answer({"data": _body_of(statement, world)})
