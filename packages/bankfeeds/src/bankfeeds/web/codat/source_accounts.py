"""Source accounts: create, batch, list, update, delete, and the one-time password of their connection."""

from collections.abc import Sequence

from bankfeeds.domain.errors import Refusal
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.flows import otp, reauthorise, source_accounts
from bankfeeds.web.codat import translate, wire
from bankfeeds.web.codat.body import Reader, reply
from bankfeeds.web.codat.exchange import Api, account_id, company_id, connection_id
from bankfeeds.web.endpoint import Answer, Call

_body = Reader(wire.AccountBody)
_batch = Reader(list[wire.AccountBody])
_patch = Reader(wire.AccountPatch)
_reauthorization = Reader(wire.ReauthorizationBody)

REAUTHORIZATION_REASON = "asked for by the institution"
"""What the audit trail says where the request gives no reason."""


def create(api: Api, call: Call, actor: str) -> Answer:
    company, connection = company_id(call), connection_id(call)
    draft = translate.account_draft(_body.read_storable(call))
    return reply(translate.account(source_accounts.create(api.world, actor, company, connection, draft)))


def create_batch(api: Api, call: Call, actor: str) -> Answer:
    """201 all made, 409 all of them there already, else 207; an item for each, in order."""
    company, connection = company_id(call), connection_id(call)
    drafts = [translate.account_draft(body) for body in _batch.read_storable(call)]
    results = source_accounts.create_batch(api.world, actor, company, connection, drafts)
    answers = [translate.batch_item(draft.id, result) for draft, result in zip(drafts, results, strict=True)]
    return reply(answers, _batch_status(results))


def listed(api: Api, call: Call, _actor: str) -> Answer:
    """A bare array, never paged."""
    found = source_accounts.every(api.world, company_id(call), connection_id(call))
    return reply([translate.account(account) for account in found])


def update(api: Api, call: Call, actor: str) -> Answer:
    company, connection, account = company_id(call), connection_id(call), account_id(call)
    change = translate.account_change(_patch.read_storable(call))
    return reply(translate.account(source_accounts.update(api.world, actor, company, connection, account, change)))


def delete(api: Api, call: Call, actor: str) -> Answer:
    source_accounts.delete(api.world, actor, company_id(call), connection_id(call), account_id(call))
    return Answer(204)


def reauthorize(api: Api, call: Call, actor: str) -> Answer:
    """Beyond Codat: has Sage ask the account's user to authorise it again."""
    company, connection, account = company_id(call), connection_id(call), account_id(call)
    reason = _reauthorization.read_storable(call).reason or REAUTHORIZATION_REASON
    return reply(translate.account(reauthorise.ask_for(api.world, actor, company, connection, account, reason)))


def generate_otp(api: Api, call: Call, actor: str) -> Answer:
    password, expires_at = otp.issue(api.world, actor, company_id(call), connection_id(call))
    return reply(wire.OneTimePassword(password, expires_at))


def _batch_status(results: Sequence[SourceAccount | Refusal]) -> int:
    refused = [translate.batch_code(result) for result in results if isinstance(result, Refusal)]
    if not refused:
        return 201
    is_all_taken = len(refused) == len(results) and set(refused) == {"409"}
    return 409 if is_all_taken else 207
