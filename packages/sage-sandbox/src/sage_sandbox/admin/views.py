"""What a test reads: authorisations, notifications, bank accounts, statements, transactions."""

from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import linking
from sage_sandbox.exchange import answer, world_of
from sage_sandbox.records import Authorisation, Notification, Statement
from sage_sandbox.transactions import line_view


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
