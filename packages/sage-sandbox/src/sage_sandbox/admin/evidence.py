"""What the judge hears: expectations, planted lines; and what it says."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import statements, verdict, wire
from sage_sandbox.exchange import answer, read, world_of
from sage_sandbox.lines import lines_of
from sage_sandbox.records import BankAccount, ExpectedAccount, ExpectedLine, Statement
from sage_sandbox.refusals import refuse
from sage_sandbox.wire import Amount, Balances, Line
from sage_sandbox.world import World


async def get_verdict(request: Request) -> Response:
    world = world_of(request)
    return answer(
        await verdict.judge(
            world.book.bank_accounts.values(),
            world.ledgers,
            world.book.expectations,
            world.settings.amount_unit,
            world.book.offers,
        )
    )


class _ExpectedAccountBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    external_id: str
    lines: tuple[ExpectedLine, ...]


class _ExpectationsBody(msgspec.Struct, forbid_unknown_fields=True):
    accounts: list[_ExpectedAccountBody]


_expectations_body = wire.decoder(_ExpectationsBody)


async def post_expectations(request: Request) -> Response:
    """What should arrive, in order, in major units; an account posted again replaces its earlier list."""
    world = world_of(request)
    accounts = (await read(request, _expectations_body)).accounts
    for account in accounts:
        world.keep(ExpectedAccount(external_id=account.external_id, lines=account.lines))
    total = sum(len(account.lines) for account in world.book.expectations.values())
    return answer({"accounts": len(world.book.expectations), "lines": total})


async def delete_expectations(request: Request) -> Response:
    world = world_of(request)
    for expected in list(world.book.expectations.values()):
        world.forget(expected)
    return answer({})


class _PlantedLine(msgspec.Struct, rename="camel"):
    unique_id: str
    transaction_amount: Amount
    date_posted: datetime
    transaction_type: str | None = None
    description: str | None = "planted"


class _PlantBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    bank_account_id: str
    transactions: list[_PlantedLine]
    ledger_balance: Amount | None = None


_plant_body = wire.decoder(_PlantBody)


async def post_plant(request: Request) -> Response:
    world = world_of(request)
    body = await read(request, _plant_body)
    account = bank_account(world, body.bank_account_id)
    now = world.clock.now()
    lines = [_planted(account, line) for line in body.transactions]
    statement = Statement(
        statement_id=world.new_id(),
        bank_account_id=account.bank_account_id,
        bank_id=account.bank_id,
        account_status=account.status,
        transaction_details_count=len(lines),
        received_at=now,
        due_at=now,
        finished_at=now,
        status="completed",
        balances=None if body.ledger_balance is None else Balances(ledger_balance=body.ledger_balance),
        planted=True,
    )
    kept = world.keep(lines_of(statement.statement_id, lines))
    statements.store_lines(world, account, statement, kept, lines)
    world.keep(statement)
    return answer({"statementId": statement.statement_id}, 201)


def _planted(account: BankAccount, line: _PlantedLine) -> Line:
    posted = line.date_posted if line.date_posted.tzinfo else line.date_posted.replace(tzinfo=UTC)
    by_sign = "CREDIT" if line.transaction_amount >= 0 else "DEBIT"
    return Line(
        unique_id=line.unique_id,
        bank_account_id=account.bank_account_id,
        transaction_amount=line.transaction_amount,
        transaction_type=line.transaction_type or by_sign,
        transaction_status="posted",
        date_posted=posted,
        description=line.description,
    )


def bank_account(world: World, bank_account_id: str) -> BankAccount:
    account = world.book.bank_accounts.get(bank_account_id)
    if account is None:
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "No such bank account", "bankAccountId")
    return account
