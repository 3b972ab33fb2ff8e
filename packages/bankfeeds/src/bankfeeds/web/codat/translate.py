"""Codat's words to ours and back, all of it: the border of this API."""

from datetime import date
from decimal import Decimal

from bankfeeds.domain import push_operation as pushes
from bankfeeds.domain import source_account as accounts
from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.errors import Flaw, Refusal
from bankfeeds.domain.money import plain
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.receipt import Receipt
from bankfeeds.domain.source_account import AccountStatus
from bankfeeds.flows.companies import CompanyDraft, CompanyView
from bankfeeds.flows.rehearse import Rehearsal, StatementDraft
from bankfeeds.flows.source_accounts import AccountChange
from bankfeeds.web.codat import wire
from bankfeeds.web.codat import wire_institution as words
from bankfeeds.web.codat.errors import items, legible, status_of

PUSH_VALIDATOR = "BankTransactions"


def company_draft(body: wire.CompanyBody) -> CompanyDraft:
    return CompanyDraft(body.name, body.description, body.tags)


def company(view: CompanyView, public_url: str) -> wire.Company:
    found = view.company
    return wire.Company(
        id=found.id,
        name=found.name,
        redirect=f"{public_url}/link/companies/{found.id}",
        created=found.created_at,
        products=view.products,
        tags=dict(found.tags),
        owner_user_ids=(),
        reference_subsidiary_companies=(),
        data_connections=[connection(each, public_url) for each in view.connections],
        description=found.description,
    )


def connection(found: Connection, public_url: str) -> wire.ConnectionBody:
    return wire.ConnectionBody(
        id=found.id,
        link_url=f"{public_url}/link/companies/{found.company_id}/connections/{found.id}",
        status=found.status.value,
        created=found.created_at,
        integration_id=wire.INTEGRATION_ID,
        integration_key=wire.PLATFORM_KEY,
        source_id=wire.SOURCE_ID,
        platform_name=wire.PLATFORM_NAME,
        source_type=wire.SOURCE_TYPE,
    )


def account_draft(body: wire.AccountBody) -> AccountDraft:
    routing, info = body.routing_info, body.account_info
    return AccountDraft(
        id=body.id,
        name=body.account_name,
        type=body.account_type,
        number=body.account_number,
        sort_code=body.sort_code,
        currency=body.currency,
        balance=body.balance,
        routing=accounts.Routing(routing.bank_code, routing.type or "bankcode") if routing else None,
        info=accounts.AccountInfo(info.description, info.nickname, None, info.available_balance) if info else None,
        opened_on=info.account_open_date if info else None,
    )


def account_change(body: wire.AccountPatch) -> AccountChange:
    return AccountChange(body.id, body.account_name, body.status, body.balance)


def account(found: accounts.SourceAccount) -> wire.Account:
    """In the version it was made in."""
    return wire.Account(
        id=found.id,
        status=found.status.value,
        modified_date=found.modified_at,
        account_name=found.name,
        account_type=found.type,
        account_number=found.number,
        sort_code=found.sort_code,
        routing_info=_routing(found.routing),
        currency=found.currency,
        balance=_amount(found.balance),
        account_info=_info(found.info),
        feed_start_date=_start(found),
        requested_start_date=found.requested_start_on.isoformat() if found.requested_start_on else None,
        cut_over_date=found.cut_over_on.isoformat() if found.cut_over_on else None,
        reauthorization_required=found.needs_reauthorisation,
    )


def mapping(found: accounts.SourceAccount) -> words.Mapping:
    start = _start(found)
    return words.Mapping(
        source_account_id=found.id,
        status=found.status.value,
        source_account_name=found.name,
        source_account_number=found.number,
        source_balance=_amount(found.balance),
        source_currency=found.currency,
        feed_start_date=start if start is None or "T" in start else f"{start}T00:00:00Z",
    )


def batch_item(sent_id: str | None, result: accounts.SourceAccount | Refusal) -> wire.BatchItem:
    if isinstance(result, Refusal):
        refused = wire.BatchResult(batch_code(result), error=legible(result.message))
        return wire.BatchItem(legible(sent_id or ""), refused)
    return wire.BatchItem(result.id, wire.BatchResult(201, account=account(result)))


def batch_code(refusal: Refusal) -> str:
    """A string, unlike a success's: only so do Codat's clients read it as an error."""
    return "409" if refusal.code == "account_id_taken" else str(status_of(refusal))


def push_operation(push: pushes.PushOperation) -> wire.PushOperation:
    return wire.PushOperation(
        data_type="bankTransactions",
        company_id=push.company_id,
        push_operation_key=push.key,
        data_connection_key=push.connection_id,
        requested_on_utc=push.requested_at,
        status=push.status.value,
        status_code=pushes.STATUS_CODES[push.status],
        validation=wire.Validation(_items(push.errors), _items(push.warnings)),
        completed_on_utc=push.completed_at,
        timeout_in_minutes=push.timeout_minutes,
        error_message=push.error_message,
        changes=_changes(push),
    )


def rehearsal(found: Rehearsal) -> wire.Rehearsal:
    return wire.Rehearsal(
        accepted=found.accepted,
        duplicates=found.duplicates,
        withheld=found.withheld,
        warnings=_items(found.warnings),
        statements=[_statement(each) for each in found.statements],
    )


def _statement(draft: StatementDraft) -> wire.StatementDraft:
    return wire.StatementDraft(
        bank_account_id=draft.bank_account_id,
        transaction_details_count=draft.line_count,
        expected=wire.ExpectedSums(plain(draft.credit_sum), plain(draft.debit_sum)),
        balances=wire.StatementBalances(plain(draft.ledger), draft.ledger_on.isoformat()),
    )


def receipt(found: Receipt) -> wire.Receipt:
    reason = None if found.reason is None else legible(found.reason)
    return wire.Receipt(found.id, found.state.value, found.at, found.statement_id, reason)


def _items(flaws: tuple[Flaw, ...]) -> list[wire.ValidationItem]:
    return items(flaws, PUSH_VALIDATOR)


def _changes(push: pushes.PushOperation) -> list[wire.Change] | None:
    if push.status is not PushStatus.success:
        return None
    return [wire.Change("Created", wire.RecordRef(push.account_id, "bankTransactions"))]


def _routing(routing: accounts.Routing | None) -> wire.RoutingInfo | None:
    return None if routing is None else wire.RoutingInfo(routing.type, routing.bank_code)


def _info(info: accounts.AccountInfo | None) -> wire.AccountInfo | None:
    if info is None:
        return None
    opened = info.opened_on.isoformat() if info.opened_on else None
    return wire.AccountInfo(info.description, info.nickname, opened, _amount(info.available_balance))


def _start(found: accounts.SourceAccount) -> str | None:
    """v1 says it as a date-time, v2 as a date; only a connected account has one."""
    day: date | None = found.feed_start_on
    if day is None or found.status is not AccountStatus.connected:
        return None
    return f"{day.isoformat()}T00:00:00Z" if found.version == 1 else day.isoformat()


def _amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)
