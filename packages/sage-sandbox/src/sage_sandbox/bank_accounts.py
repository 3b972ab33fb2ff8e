"""The Consumer API's bank accounts: made, read, disconnected, and found beside one that is linked (7.6-7.9, 7.12)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import callbacks, linking, wire
from sage_sandbox.bootstrap import company_of
from sage_sandbox.exchange import answer, no_content, read, read_instant, region_of, world_of
from sage_sandbox.records import Bank, BankAccount, Candidate
from sage_sandbox.refusals import refuse
from sage_sandbox.world import World


class BankAccountBody(msgspec.Struct, rename="camel"):
    account_type: str
    account_name: str
    account_identifier: str
    bank_identifier: str
    bank_id: str
    requested_start_date: str
    default_currency: str | None = None
    account_key: str | None = None
    branch_identifier: str | None = None


class LinkBody(msgspec.Struct, rename="camel"):
    bank_account_candidate_id: str
    requested_start_date: str


_bank_account_body = wire.decoder(BankAccountBody)
_link_body = wire.decoder(LinkBody)


def bank_of(request: Request, bank_id: str) -> Bank:
    """A bank that the cluster asked lists."""
    world = world_of(request)
    bank = world.book.banks.get(bank_id)
    if bank is None or bank.removed or world.region_of(bank) != region_of(request):
        raise refuse(404, "BANK_NOT_FOUND", "No such bank", "bankId")
    return bank


def candidate_view(candidate: Candidate) -> dict[str, object]:
    return {
        "accountName": candidate.account_name,
        "accountKey": candidate.candidate_id,
        "accountIdentifier": candidate.account_identifier,
        "bankIdentifier": candidate.bank_identifier,
        "branchIdentifier": candidate.branch_identifier,
        "bankAccountExternalId": candidate.external_id,
        "accountType": candidate.account_type,
    }


async def post_bank_account(request: Request) -> Response:
    world = world_of(request)
    _, company_id = company_of(request)
    body = await read(request, _bank_account_body)
    if body.account_type not in {"DEBIT", "CREDIT"}:
        raise refuse(400, "SCHEMA_INVALID", f"Invalid enum value '{body.account_type}'", "accountType")
    start_date = read_instant(body.requested_start_date, "requestedStartDate")
    currency = body.default_currency or world.settings.currency_fallback
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):  # noqa: PLR2004 - ISO 4217
        raise refuse(400, "SCHEMA_INVALID", "Expected an ISO 4217 code", "defaultCurrency")
    bank_of(request, body.bank_id)
    candidate = _find_candidate(world, company_id, body)
    _check_free(world, candidate)
    account = linking.link(
        world, candidate, body.account_type, body.account_name, currency, start_date, from_candidate=False
    )
    return answer(account_view(world, account), 201)


def _find_candidate(world: World, company_id: str, body: BankAccountBody) -> Candidate:
    """By accountKey, or by the pair that identifies the real account."""
    by_key = world.book.candidates.get(body.account_key or "")
    if by_key is not None and by_key.company_id == company_id and by_key.bank_id == body.bank_id:
        return by_key
    for candidate in world.book.candidates.values():
        if (
            candidate.company_id == company_id
            and candidate.bank_id == body.bank_id
            and candidate.bank_identifier == body.bank_identifier
            and candidate.account_identifier == body.account_identifier
        ):
            return candidate
    raise refuse(404, "ACCOUNT_NOT_AUTHORISED", "The user has authorised no such account", "accountIdentifier")


def _check_free(world: World, candidate: Candidate) -> None:
    if linking.is_connected(world, candidate):
        raise refuse(409, "ALREADY_CONNECTED", "The account is connected already", "accountIdentifier")
    if not world.settings.shared_accounts and linking.is_shared(world, candidate):
        raise refuse(409, "ALREADY_CONNECTED", "Another company has connected the account", "accountIdentifier")


def account_of(world: World, request: Request, path_or_query: str | None = None) -> BankAccount:
    _, company_id = company_of(request)
    wanted = path_or_query if path_or_query is not None else request.path_params["bank_account_id"]
    account = world.book.bank_accounts.get(wanted)
    if account is None or account.company_id != company_id:
        raise refuse(404, "BANK_ACCOUNT_NOT_FOUND", "No such bank account", "bankAccountId")
    return account


def account_view(world: World, account: BankAccount) -> dict[str, object]:
    view: dict[str, object] = {
        "bankAccountId": account.bank_account_id,
        "status": account.status,
        "accountType": account.account_type,
        "accountName": account.account_name,
        "accountKey": account.candidate_id,
        "accountIdentifier": account.account_identifier,
        "bankIdentifier": account.bank_identifier,
        "branchIdentifier": account.branch_identifier,
        "defaultCurrency": account.default_currency,
        "bankId": account.bank_id,
        "requestedStartDate": account.requested_start_date,
        "createdAt": account.created_at,
    }
    if account.balances is not None:
        view["balances"] = account.balances
    last_id = world.ledger(account.bank_account_id).last_id
    if last_id is not None:
        view["lastTransactionId"] = last_id
    return view


async def get_bank_account(request: Request) -> Response:
    world = world_of(request)
    return answer(account_view(world, account_of(world, request)))


async def delete_bank_account(request: Request) -> Response:
    world = world_of(request)
    account = account_of(world, request)
    if account.status == "cancelled":
        raise refuse(409, "BANK_ACCOUNT_CANCELLED", "The bank account is cancelled already", "bankAccountId")
    linking.cancel(world, account)
    return no_content()


# --- more accounts of the same authorisation


async def get_available_bank_accounts(request: Request) -> Response:
    """What was last fetched from the provider; every call has it fetched anew, behind the answer."""
    world = world_of(request)
    company_of(request)
    query = {name.lower(): value for name, value in request.query_params.items()}
    asked = [wanted.strip() for wanted in query.get("bankaccountids", "").split(",") if wanted.strip()]
    if not asked:
        raise refuse(400, "SCHEMA_INVALID", "Object missing required field `bankAccountIds`", "bankAccountIds")
    accounts = [account_of(world, request, wanted) for wanted in asked]
    if any(account.status != "active" for account in accounts):
        raise refuse(409, "BANK_ACCOUNT_NOT_ACTIVE", "The bank account must be active", "bankAccountIds")
    for account in accounts:
        world.start(_refresh(world, account))
    found = dict.fromkeys(candidate_id for account in accounts for candidate_id in account.available_ids or [])
    candidates = [world.book.candidates[candidate_id] for candidate_id in found]
    views = [
        {
            "bankAccountCandidateId": candidate.candidate_id,
            **candidate_view(candidate),
            "metadata": {"connected": linking.is_connected(world, candidate)},
        }
        for candidate in candidates
    ]
    return answer({"availableAccounts": views})


async def _refresh(world: World, account: BankAccount) -> None:
    found = await callbacks.fetch_available_accounts(world, account)
    if found is None:
        return
    source = world.book.candidates[account.candidate_id]
    kept = [
        linking.keep_candidate(
            world,
            Candidate(
                candidate_id=world.new_id(),
                organisation_id=source.organisation_id,
                company_id=source.company_id,
                bank_id=source.bank_id,
                authorisation_id=source.authorisation_id,
                external_id=item.external_id,
                account_name=item.account_name,
                bank_identifier=item.bank_identifier,
                account_identifier=item.account_identifier,
                branch_identifier=item.branch_identifier,
                account_type=item.account_type,
            ),
        ).candidate_id
        for item in found
        if item.bank_identifier == account.bank_identifier
    ]
    account.available_ids = list(dict.fromkeys(kept))
    world.keep(account)
    world.store.commit()


async def post_link_available_bank_account(request: Request) -> Response:
    world = world_of(request)
    _, company_id = company_of(request)
    body = await read(request, _link_body)
    start_date = read_instant(body.requested_start_date, "requestedStartDate")
    candidate = world.book.candidates.get(body.bank_account_candidate_id)
    if candidate is None or candidate.company_id != company_id:
        raise refuse(404, "CANDIDATE_NOT_FOUND", "No such candidate", "bankAccountCandidateId")
    _check_free(world, candidate)
    account_type = "CREDIT" if candidate.account_type == "creditCard" else "DEBIT"
    account = linking.link(
        world,
        candidate,
        account_type,
        candidate.account_name,
        _currency_of_source(world, candidate),
        start_date,
        from_candidate=True,
    )
    return answer(account_view(world, account), 201)


def _currency_of_source(world: World, candidate: Candidate) -> str:
    """The currency of the account through which this one was found."""
    for account in world.book.bank_accounts.values():
        if candidate.candidate_id in (account.available_ids or []):
            return account.default_currency
    return world.settings.currency_fallback or "GBP"
