"""The admin API: what a test sets, moves and reads; no secret guards it, so it belongs on loopback alone.

Beside the calls of the interface: `POST /admin/banks` {name, countryCode, callbackURLs, headerName, headerValue,
externalRef?, url?, providerId?} and `PUT /admin/banks/{bankId}` (any of these) register out of band;
`POST /admin/plant` {bankAccountId, transactions, ledgerBalance?} stores lines past every rule, for the judge's
own tests; `POST /admin/bankaccounts/{id}/confirm` is the user's Confirm while `pendingConfirmation` is on.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import faults, linking, statements, verdict, wire
from sage_sandbox.consumer import line_view
from sage_sandbox.exchange import answer, no_content, read, world_of
from sage_sandbox.records import (
    Authorisation,
    Bank,
    BankAccount,
    ExpectedAccount,
    ExpectedLine,
    Fault,
    FaultAction,
    Lines,
    Notification,
    Statement,
)
from sage_sandbox.refusals import Refusal, refuse, schema_problem
from sage_sandbox.settings import Settings
from sage_sandbox.wire import Amount, Balances, CallbackURLs, Line
from sage_sandbox.world import World

# --- reading ------------------------------------------------------------------------------------------------


async def get_authorisations(request: Request) -> Response:
    world = world_of(request)
    for authorisation in world.book.authorisations.values():
        linking.expire(world, authorisation)
    return answer([_authorisation_view(a) for a in world.book.authorisations.values()])


def _authorisation_view(authorisation: Authorisation) -> dict[str, object]:
    accounts = [
        {
            "externalId": account.bank_account_external_id,
            "accountName": account.account_name,
            "bankIdentifier": account.bank_identifier,
            "branchIdentifier": account.branch_identifier,
            "accountIdentifier": account.account_identifier,
        }
        for account in authorisation.accounts
    ]
    return {
        "authorisationId": authorisation.authorisation_id,
        "bankId": authorisation.bank_id,
        "state": authorisation.state,
        "redirectUri": authorisation.redirect_uri,
        "status": authorisation.status,
        "kind": authorisation.kind,
        "createdAt": authorisation.created_at,
        "bankAccountId": authorisation.bank_account_id,
        "accounts": accounts,
    }


async def get_notifications(request: Request) -> Response:
    return answer([_notification_view(n) for n in world_of(request).book.notifications.values()])


def _notification_view(notification: Notification) -> dict[str, object]:
    return {
        "id": notification.notification_id,
        "name": notification.name,
        "type": notification.type,
        "resourceType": notification.resource_type,
        "resourceId": notification.resource_id,
        "url": notification.url,
        "attempts": notification.attempts,
        "status": notification.status,
        "lastStatusCode": notification.last_status_code,
        "createdAt": notification.created_at,
        "nextAt": notification.next_at if notification.status == "pending" else None,
    }


async def get_bank_accounts(request: Request) -> Response:
    world = world_of(request)
    return answer(
        [
            {
                "bankAccountId": account.bank_account_id,
                "externalId": account.external_id,
                "bankId": account.bank_id,
                "organisationId": account.organisation_id,
                "companyId": account.company_id,
                "accountName": account.account_name,
                "defaultCurrency": account.default_currency,
                "requestedStartDate": account.requested_start_date,
                "status": account.status,
                "balances": account.balances,
                "lines": world.ledger(account.bank_account_id).count,
            }
            for account in world.book.bank_accounts.values()
        ]
    )


async def get_statements(request: Request) -> Response:
    wanted = request.query_params.get("bankAccountId")
    found = world_of(request).book.statements.values()
    return answer([_statement_view(s) for s in found if wanted in {None, s.bank_account_id}])


def _statement_view(statement: Statement) -> dict[str, object]:
    return {
        "statementId": statement.statement_id,
        "bankAccountId": statement.bank_account_id,
        "status": statement.status,
        "accountStatus": statement.account_status,
        "transactionDetailsCount": statement.transaction_details_count,
        "balances": statement.balances,
        "receivedAt": statement.received_at,
        "finishedAt": statement.finished_at,
        "errors": statement.errors,
        "warnings": statement.warnings,
        "planted": statement.planted,
    }


async def get_transactions(request: Request) -> Response:
    """Lines in the order in which they were stored, of one bank account or of all that share an externalId."""
    world, query = world_of(request), request.query_params
    wanted_id, wanted_external = query.get("bankAccountId"), query.get("externalId")
    views = [
        line_view(number, line) | {"bankAccountId": account.bank_account_id, "externalId": account.external_id}
        for account in world.book.bank_accounts.values()
        if wanted_id in {None, account.bank_account_id} and wanted_external in {None, account.external_id}
        for number, line in world.ledger(account.bank_account_id).numbered()
    ]
    return answer(views)


async def get_calls(request: Request) -> Response:
    return answer(list(world_of(request).calls))


async def get_verdict(request: Request) -> Response:
    world = world_of(request)
    return answer(
        verdict.judge(
            world.book.bank_accounts.values(), world.ledgers, world.book.expectations, world.settings.amount_unit
        )
    )


# --- settings, clock, reset ---------------------------------------------------------------------------------


async def get_settings(request: Request) -> Response:
    return answer(world_of(request).settings)


_object_body = wire.decoder(dict[str, Any])


async def put_settings(request: Request) -> Response:
    """Change the settings named; the others stay."""
    world = world_of(request)
    changes = await read(request, _object_body)
    known = {f.encode_name for f in msgspec.structs.fields(Settings)}
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise refuse(400, "SCHEMA_INVALID", f"No setting is called `{unknown[0]}`", unknown[0])
    merged = cast("dict[str, Any]", msgspec.to_builtins(world.settings)) | changes
    try:
        world.use_settings(msgspec.convert(merged, Settings))
    except msgspec.ValidationError as error:
        raise Refusal(400, schema_problem(error)) from None
    return answer(world.settings)


class _Advance(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    advance_seconds: Annotated[float, msgspec.Meta(ge=0, le=315_360_000)]


_advance = wire.decoder(_Advance)


async def get_clock(request: Request) -> Response:
    clock = world_of(request).clock
    return answer({"now": clock.now(), "advancedSeconds": clock.advanced.total_seconds()})


async def post_clock(request: Request) -> Response:
    world = world_of(request)
    world.clock.advance((await read(request, _advance)).advance_seconds)
    world.keep_switches()
    world.timers.fire_due()
    return await get_clock(request)


async def post_reset(request: Request) -> Response:
    await world_of(request).reset()
    return no_content()


# --- faults -------------------------------------------------------------------------------------------------


class _FaultBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    on: str
    action: FaultAction
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 500
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    bank_account_id: str | None = None


_fault_body = wire.decoder(_FaultBody)


async def post_fault(request: Request) -> Response:
    world = world_of(request)
    body = await read(request, _fault_body)
    fault = Fault(
        fault_id=world.new_id(),
        on=body.on,
        action=body.action,
        status=body.status,
        delay_ms=body.delay_ms,
        times=body.times,
        probability=1.0 if body.probability is None else body.probability,
        seed=body.seed or 0,
        bank_account_id=body.bank_account_id,
    )
    world.keep(faults.check(fault))
    return answer({"faultId": fault.fault_id}, 201)


async def get_faults(request: Request) -> Response:
    return answer(list(world_of(request).book.faults.values()))


def _lift(world: World, fault: Fault) -> None:
    world.forget(fault)
    statements.release(world, fault.fault_id)


async def delete_faults(request: Request) -> Response:
    world = world_of(request)
    for fault in list(world.book.faults.values()):
        _lift(world, fault)
    return no_content()


async def delete_fault(request: Request) -> Response:
    world = world_of(request)
    fault = world.book.faults.get(request.path_params["fault_id"])
    if fault is None:
        raise refuse(404, "FAULT_NOT_FOUND", "No such fault", "faultId")
    _lift(world, fault)
    return no_content()


# --- expectations and planted lines -------------------------------------------------------------------------


class _ExpectedAccountBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    external_id: str
    lines: list[ExpectedLine]


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
    return no_content()


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
    account = _bank_account(world, body.bank_account_id)
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
    world.keep(Lines(statement_id=statement.statement_id, lines=lines))
    statements.store_lines(world, account, statement, lines)
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


def _bank_account(world: World, bank_account_id: str) -> BankAccount:
    account = world.book.bank_accounts.get(bank_account_id)
    if account is None:
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "No such bank account", "bankAccountId")
    return account


async def post_confirm(request: Request) -> Response:
    world = world_of(request)
    account = _bank_account(world, request.path_params["bank_account_id"])
    if account.status != "pendingConfirmation":
        raise refuse(409, "NOT_PENDING_CONFIRMATION", f"The bank account is {account.status}", "bankAccountId")
    linking.confirm(world, account)
    return answer({"bankAccountId": account.bank_account_id, "status": account.status})


# --- banks, out of band -------------------------------------------------------------------------------------


class _BankBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    name: str | None = None
    country_code: str | None = None
    callbacks: CallbackURLs | None = msgspec.field(default=None, name="callbackURLs")
    header_name: str | None = None
    header_value: str | None = None
    external_ref: str | None = None
    url: str | None = None
    supportiframe: bool | None = None
    provider_id: str | None = None


_bank_body = wire.decoder(_BankBody)


async def get_banks(request: Request) -> Response:
    return answer(list(world_of(request).book.banks.values()))


async def post_bank(request: Request) -> Response:
    world = world_of(request)
    body = await read(request, _bank_body)
    for name, value in (("name", body.name), ("countryCode", body.country_code)):
        if not value:
            raise refuse(400, "SCHEMA_INVALID", f"Object missing required field `{name}`", name)
    provider_id = body.provider_id or next(iter(world.book.providers))
    if provider_id not in world.book.providers:
        raise refuse(400, "SCHEMA_INVALID", "No such provider", "providerId")
    bank = Bank(bank_id=world.new_id(), provider_id=provider_id, name="", country_code="")
    _change(bank, body)
    world.keep(bank)
    return answer({"bankId": bank.bank_id}, 201)


async def put_bank(request: Request) -> Response:
    world = world_of(request)
    bank = world.book.banks.get(request.path_params["bank_id"])
    if bank is None:
        raise refuse(404, "BANK_NOT_FOUND", "No such bank", "bankId")
    body = await read(request, _bank_body)
    if body.provider_id is not None and body.provider_id != bank.provider_id:
        raise refuse(400, "SCHEMA_INVALID", "A bank stays with its provider", "providerId")
    _change(bank, body)
    return answer(world.keep(bank))


def _change(bank: Bank, body: _BankBody) -> None:
    for field in msgspec.structs.fields(_BankBody):
        value = getattr(body, field.name)
        if value is not None and field.name != "provider_id":
            setattr(bank, field.name, value)
