"""Every path of Codat's API that we answer, with the operation behind each method; the rest is a 404 or a 405."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.routing import Route

from bankfeeds.domain.errors import NotFound
from bankfeeds.flows.context import World
from bankfeeds.flows.once import Running
from bankfeeds.web.codat import (
    api_keys,
    authorization,
    closing_balances,
    companies,
    connections,
    inapplicable,
    institution,
    integrations,
    link_page,
    openapi,
    operations,
    origins,
    source_accounts,
    statement_files,
    transactions,
    webhooks,
)
from bankfeeds.web.codat.door import Door
from bankfeeds.web.codat.errors import ErrorAnswers, MethodNotAllowed
from bankfeeds.web.codat.exchange import Api, BeginOperation, Operation
from bankfeeds.web.codat.rates import Rates
from bankfeeds.web.endpoint import Answer, Begin, Call, Endpoint, ErrorAnswer, Handler
from bankfeeds.web.surface import Surface


@dataclass(frozen=True, slots=True)
class Resource:
    """`validator` names the finder of flaws in a 400. A GET answers HEAD too. `begin` is a POST that need not wait.
    `needs_key`: a company's access token will not do. `is_administration`: only a key of scope `admin` changes it.
    """

    path: str
    validator: str
    operations: Mapping[str, Operation]
    begin: BeginOperation | None = None
    needs_key: bool = False
    is_administration: bool = False


_COMPANY = "/companies/{company_id}"
_CONNECTION = _COMPANY + "/connections/{connection_id}"
_SYNCS = _CONNECTION + "/bankFeedAccounts/{account_id}/managedBankFeeds/syncs"
_SYNCED = "managed feeds fetch from banks; Bankfeeds is sent transactions by the institution"
_ACCOUNTS = _CONNECTION + "/connectionInfo/bankFeedAccounts"

# Looked through in this order for each request: first what nearly every request is.
RESOURCES = (
    Resource(
        _CONNECTION + "/push/bankAccounts/{account_id}/bankTransactions",
        "BankTransactions",
        {"POST": transactions.create},
        transactions.begin,
    ),
    Resource("/companies", "Companies", {"GET": companies.listed, "POST": companies.create}),
    Resource(
        _COMPANY,
        "Companies",
        {"GET": companies.get, "PUT": companies.replace, "PATCH": companies.update, "DELETE": companies.delete},
    ),
    Resource(_COMPANY + "/connections", "Connections", {"GET": connections.listed, "POST": connections.create}),
    Resource(
        _CONNECTION,
        "Connections",
        {"GET": connections.get, "PATCH": connections.unlink, "DELETE": connections.delete},
    ),
    Resource(_CONNECTION + "/authorization", "Authorization", {"PUT": authorization.put}),
    Resource("/authorizations/{authorization_id}", "Authorization", {"DELETE": authorization.refuse}),
    Resource(_ACCOUNTS, "SourceAccounts", {"GET": source_accounts.listed, "POST": source_accounts.create}),
    *(
        Resource(path, "Path", dict.fromkeys(methods, inapplicable.nothing(reason)))
        for path, (methods, reason) in inapplicable.NOT_FOUND.items()
    ),
    Resource(_ACCOUNTS + "/batch", "SourceAccounts", {"POST": source_accounts.create_batch}),
    Resource(
        _ACCOUNTS + "/{account_id}",
        "SourceAccounts",
        {"PATCH": source_accounts.update, "DELETE": source_accounts.delete},
    ),
    Resource(_ACCOUNTS + "/{account_id}/reauthorization", "SourceAccounts", {"POST": source_accounts.reauthorize}),
    Resource(_ACCOUNTS + "/{account_id}/closingBalances", "ClosingBalances", {"PUT": closing_balances.put}),
    Resource(
        _ACCOUNTS + "/{account_id}/statementFiles",
        "StatementFiles",
        {"GET": statement_files.listed, "POST": statement_files.create},
    ),
    Resource(_CONNECTION + "/bankFeeds/otp", "SourceAccounts", {"POST": source_accounts.generate_otp}),
    Resource(
        _CONNECTION + "/options/bankAccounts/{account_id}/bankTransactions",
        "BankTransactions",
        {"GET": transactions.model},
    ),
    Resource(_CONNECTION + "/options/{data_type}", "BankTransactions", {"GET": transactions.options}),
    Resource(_COMPANY + "/push", "PushOperations", {"GET": operations.listed}),
    Resource(_COMPANY + "/push/{push_key}", "PushOperations", {"GET": operations.get}),
    Resource(_COMPANY + "/push/{push_key}/transactions", "PushOperations", {"GET": operations.receipts}),
    Resource(_COMPANY + "/accessToken", "Companies", {"GET": companies.access_token}, needs_key=True),
    Resource(
        _COMPANY + "/products/{product}",
        "Companies",
        {"PUT": companies.add_product, "DELETE": companies.remove_product},
    ),
    Resource("/integrations", "Integrations", {"GET": integrations.listed}),
    Resource("/integrations/{platform_key}", "Integrations", {"GET": integrations.get}),
    Resource("/integrations/{platform_key}/branding", "Integrations", {"GET": integrations.branding}),
    Resource("/apiKeys", "ApiKeys", {"GET": api_keys.listed, "POST": api_keys.create}, is_administration=True),
    Resource("/apiKeys/{api_key_id}", "ApiKeys", {"DELETE": api_keys.delete}, is_administration=True),
    Resource(
        "/webhooks", "WebhookConsumers", {"GET": webhooks.listed, "POST": webhooks.create}, is_administration=True
    ),
    Resource("/webhooks/{webhook_id}", "WebhookConsumers", {"DELETE": webhooks.delete}, is_administration=True),
    Resource(
        "/profile", "Profile", {"GET": institution.get_profile, "PUT": institution.set_profile}, is_administration=True
    ),
    *(
        Resource(
            path,
            "CorsSettings",
            {"GET": institution.get_origins, "POST": institution.set_origins},
            is_administration=True,
        )
        for path in ("/corsSettings", "/connectionManagement/corsSettings")
    ),
    Resource(
        _CONNECTION + "/bankFeedAccounts/mapping",
        "Mapping",
        {"GET": inapplicable.mapping, "POST": inapplicable.create_mapping},
    ),
    Resource(_CONNECTION + "/bankFeeds/info", "CompanyInformation", {"GET": inapplicable.company_information}),
    Resource(_SYNCS, "ManagedSyncs", {"POST": inapplicable.nothing(_SYNCED)}),
    Resource(_SYNCS + "/latest", "ManagedSyncs", {"GET": inapplicable.latest_sync}),
    Resource(_SYNCS + "/{sync_id}", "ManagedSyncs", {"GET": inapplicable.nothing(_SYNCED)}),
)
PAGES = (
    Resource(openapi.PATH, "Document", {"GET": openapi.serve}),
    Resource(integrations.LOGO_PATH, "Link", {"GET": integrations.logo}),
    Resource(link_page.STYLESHEET_PATH, "Link", {"GET": link_page.stylesheet}),
    Resource("/link/companies/{company_id}", "Link", {"GET": link_page.company}),
    Resource("/link/companies/{company_id}/connections/{connection_id}", "Link", {"GET": link_page.connection}),
)


def routes(world: World, surface: Surface) -> list[Route]:
    api = Api(world, surface.public_url)
    door = Door(api, Rates(surface.requests_per_minute_max, surface.requests_per_day_max), Running())
    found = [
        _route(surface, each, _keyed(door, each), ErrorAnswers(each.validator), _keyed_begin(door, each))
        for each in RESOURCES
    ]
    return found + [_route(surface, each, _open(api, each), link_page.on_error) for each in PAGES]


def unrouted(surface: Surface) -> Endpoint:
    """What answers every path that nothing else does."""

    def refuse(call: Call) -> Answer:
        raise NotFound("path", f"there is nothing at {call.url_path}; see the API reference for what there is")

    return Endpoint(refuse, ErrorAnswers("Path"), surface.pool, surface.new_id, surface.body_bytes_max)


def _route(
    surface: Surface, resource: Resource, handler: Handler, on_error: ErrorAnswer, begin: Begin | None = None
) -> Route:
    endpoint = Endpoint(handler, on_error, surface.pool, surface.new_id, surface.body_bytes_max, begin, surface.body_s)
    return Route(resource.path, endpoint)


def _keyed(door: Door, resource: Resource) -> Handler:
    on_error = ErrorAnswers(resource.validator)

    def handle(call: Call) -> Answer:
        if call.method == "OPTIONS":
            return origins.options(door.api.world, call, ", ".join([*_methods(resource), "OPTIONS"]))
        return door.pass_through(
            call,
            lambda call: _operation(resource, call),
            on_error,
            needs_key=resource.needs_key,
            is_administration=resource.is_administration,
        )

    return handle


def _keyed_begin(door: Door, resource: Resource) -> Begin | None:
    operation = resource.begin
    return None if operation is None else lambda call: door.begin(call, operation)


def _open(api: Api, resource: Resource) -> Handler:
    def handle(call: Call) -> Answer:
        return _operation(resource, call)(api, call, "anyone")

    return handle


def _operation(resource: Resource, call: Call) -> Operation:
    method = "GET" if call.method == "HEAD" else call.method
    operation = resource.operations.get(method)
    if operation is None:
        raise MethodNotAllowed(call.method, ", ".join(_methods(resource)))
    return operation


def _methods(resource: Resource) -> list[str]:
    return [*resource.operations, *(["HEAD"] if "GET" in resource.operations else [])]
