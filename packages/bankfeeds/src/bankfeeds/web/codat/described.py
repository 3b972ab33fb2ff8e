"""What the OpenAPI document says of each operation, beside what the program says of itself: names, bodies, answers.

A test checks that every operation served stands here, and nothing else; every test of an operation checks its answer
against what is said of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import fields

from bankfeeds.web.codat import inapplicable, wire
from bankfeeds.web.codat import wire_institution as words

PATH_NAMES: Mapping[str, str] = {
    "company_id": "companyId",
    "connection_id": "connectionId",
    "account_id": "accountId",
    "authorization_id": "authorizationId",
    "push_key": "pushOperationKey",
    "api_key_id": "apiKeyId",
    "webhook_id": "webhookId",
    "platform_key": "platformKey",
    "product": "productIdentifier",
    "data_type": "dataType",
    "data_id": "customDataIdentifier",
    "dataset_id": "datasetId",
    "sync_id": "syncId",
}
"""Ours in routes, Codat's in documents."""
LIST = ("page", "pageSize", "query", "orderBy")


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page whose results are these."""

    kind: type


@dataclass(frozen=True, slots=True)
class OneOf:
    """Either of these, depending on what was asked."""

    kinds: tuple[type, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """`answers` by status; None is an empty body. `required` members of the body, which the rules ask for rather than
    its type; `bytes` as the body is a file. `refusals`: statuses that other operations of its method have not got.
    """

    id: str
    tag: str
    summary: str
    answers: Mapping[int, object]
    body: object = None
    required: Sequence[str] = ()
    query: Sequence[str] = ()
    refusals: Sequence[int] = field(default=())


_ASKED_FOR: Mapping[str, type] = {"id": str, "date": str, "amount": wire.Number, "balance": wire.Number}
"""Members of a transaction that the rules ask for. The wire type reads amounts as raw text, and says so of no type."""
PushedTransaction = msgspec.defstruct(
    "PushedTransaction",
    [
        *_ASKED_FOR.items(),
        *((each.name, each.type, None) for each in fields(wire.Transaction) if each.name not in _ASKED_FOR),
    ],
    bases=(wire.Request,),
    namespace={"__doc__": None},
)


class PushBody(wire.Request):
    """As CreateTransactions."""

    account_id: str
    transactions: list[PushedTransaction]  # pyright: ignore[reportInvalidTypeForm] - made above


_COMPANY = "/companies/{company_id}"
_CONNECTION = _COMPANY + "/connections/{connection_id}"
_ACCOUNTS = _CONNECTION + "/connectionInfo/bankFeedAccounts"
_MANAGED = _CONNECTION + "/bankFeedAccounts/{account_id}/managedBankFeeds/syncs"
_PUSH = _CONNECTION + "/push/bankAccounts/{account_id}/bankTransactions"
_MODEL = _CONNECTION + "/options/bankAccounts/{account_id}/bankTransactions"
_BATCH: Mapping[int, object] = dict.fromkeys((201, 207, 409), list[wire.BatchItem])

COMPANIES: Mapping[tuple[str, str], Described] = {
    ("GET", "/companies"): Described(
        "list-companies", "Companies", "List companies", {200: PageOf(wire.Company)}, query=(*LIST, "tags")
    ),
    ("POST", "/companies"): Described(
        "create-company", "Companies", "Create a company", {200: wire.Company}, wire.CompanyBody, ["name"]
    ),
    ("GET", _COMPANY): Described("get-company", "Companies", "Get a company", {200: wire.Company}),
    ("PUT", _COMPANY): Described(
        "replace-company", "Companies", "Replace a company", {200: wire.Company}, wire.CompanyBody, ["name"]
    ),
    ("PATCH", _COMPANY): Described(
        "update-company", "Companies", "Update a company", {200: wire.Company}, wire.CompanyBody
    ),
    ("DELETE", _COMPANY): Described("delete-company", "Companies", "Delete a company and all below it", {204: None}),
    ("GET", _COMPANY + "/accessToken"): Described(
        "get-company-access-token", "Companies", "Get a token that reads this company", {200: words.AccessToken}
    ),
    ("PUT", _COMPANY + "/products/{product}"): Described(
        "add-product", "Companies", "Add a product to a company", {204: None}
    ),
    ("DELETE", _COMPANY + "/products/{product}"): Described(
        "remove-product", "Companies", "Remove a product from a company", {204: None}
    ),
    ("GET", _COMPANY + "/connections"): Described(
        "list-connections",
        "Connections",
        "List a company's connections",
        {200: PageOf(wire.ConnectionBody)},
        query=LIST,
    ),
    ("POST", _COMPANY + "/connections"): Described(
        "create-connection",
        "Connections",
        "Create a connection to Sage Bank Feeds",
        {200: wire.ConnectionBody},
        wire.CreateConnection,
        ["platformKey"],
    ),
    ("GET", _CONNECTION): Described("get-connection", "Connections", "Get a connection", {200: wire.ConnectionBody}),
    ("PATCH", _CONNECTION): Described(
        "unlink-connection",
        "Connections",
        "Unlink a connection",
        {200: wire.ConnectionBody},
        wire.UpdateConnection,
        ["status"],
    ),
    ("DELETE", _CONNECTION): Described("delete-connection", "Connections", "Delete a connection", {200: None}),
    ("PUT", _CONNECTION + "/authorization"): Described(
        "update-connection-authorization",
        "Connections",
        "Bind Sage's authorization to a connection",
        {200: wire.ConnectionBody},
        wire.Authorization,
        ["authorizationId"],
        refusals=(409,),
    ),
    ("DELETE", "/authorizations/{authorization_id}"): Described(
        "refuse-authorization",
        "Connections",
        "Tell Sage that its customer refused in your own web app (not in Codat)",
        {204: None},
        query=("bankId",),
        refusals=(409,),
    ),
}
FEEDS: Mapping[tuple[str, str], Described] = {
    ("GET", _ACCOUNTS): Described(
        "list-source-accounts", "Source accounts", "List a connection's source accounts", {200: list[wire.Account]}
    ),
    ("POST", _ACCOUNTS): Described(
        "create-source-account",
        "Source accounts",
        "Create a source account",
        {200: wire.Account},
        wire.AccountBody,
        ["id", "currency"],
    ),
    ("POST", _ACCOUNTS + "/batch"): Described(
        "create-batch-source-account",
        "Source accounts",
        "Create source accounts, each made or refused on its own",
        _BATCH,
        list[wire.AccountBody],
    ),
    ("PATCH", _ACCOUNTS + "/{account_id}"): Described(
        "update-source-account",
        "Source accounts",
        "Rename, disconnect, or set the balance of a source account",
        {200: wire.Account},
        wire.AccountPatch,
    ),
    ("DELETE", _ACCOUNTS + "/{account_id}"): Described(
        "delete-source-account", "Source accounts", "Delete a source account", {204: None}
    ),
    ("POST", _ACCOUNTS + "/{account_id}/reauthorization"): Described(
        "request-reauthorization",
        "Source accounts",
        "Have Sage ask the account's user to authorise it again (not in Codat)",
        {200: wire.Account},
        wire.ReauthorizationBody,
    ),
    ("PUT", _ACCOUNTS + "/{account_id}/closingBalances"): Described(
        "set-closing-balances",
        "Source accounts",
        "State your own closing balances, day by day, for the proof of balances (not in Codat)",
        {200: wire.ClosingBalancesStated},
        wire.ClosingBalancesBody,
        ["closingBalances"],
    ),
    ("POST", _ACCOUNTS + "/{account_id}/statementFiles"): Described(
        "create-statement-file",
        "Transactions",
        "Push the new lines of a bank's statement file (not in Codat)",
        {200: wire.StatementFileTaken},
        bytes,
        query=("fileName", "encoding", "profile", "dryRun", "partial", "acceptUnproved", "reason"),
    ),
    ("GET", _ACCOUNTS + "/{account_id}/statementFiles"): Described(
        "list-statement-files",
        "Transactions",
        "List the statement files taken for an account (not in Codat)",
        {200: PageOf(wire.StatementFile)},
        query=("page", "pageSize"),
    ),
    ("POST", _CONNECTION + "/bankFeeds/otp"): Described(
        "generate-otp", "Source accounts", "Generate a one-time password", {200: wire.OneTimePassword}
    ),
    ("GET", _MODEL): Described(
        "get-create-bank-transactions-model",
        "Transactions",
        "Describe what a push of bank transactions is made of",
        {200: wire.PushOption},
    ),
    ("GET", _CONNECTION + "/options/{data_type}"): Described(
        "get-create-update-model-options-by-data-type",
        "Transactions",
        "Describe what can be written, by data type",
        {200: wire.PushOption},
    ),
    ("POST", _PUSH): Described(
        "create-bank-transactions",
        "Transactions",
        "Push bank transactions, or with dryRun (not in Codat) rehearse it",
        {200: OneOf((wire.PushOperation, wire.Rehearsal))},
        PushBody,
        ["accountId", "transactions"],
        ("timeoutInMinutes", "allowSyncOnPushComplete", "dryRun"),
    ),
    ("GET", _COMPANY + "/push"): Described(
        "list-create-operations",
        "Transactions",
        "List a company's push operations",
        {200: PageOf(wire.PushOperation)},
        query=LIST,
    ),
    ("GET", _COMPANY + "/push/{push_key}"): Described(
        "get-create-operation", "Transactions", "Get a push operation", {200: wire.PushOperation}
    ),
    ("GET", _COMPANY + "/push/{push_key}/transactions"): Described(
        "list-push-receipts",
        "Transactions",
        "List where each transaction of a push has got to (not in Codat)",
        {200: PageOf(wire.Receipt)},
        query=("page", "pageSize"),
    ),
}
INSTITUTION: Mapping[tuple[str, str], Described] = {
    ("GET", "/integrations"): Described(
        "list-integrations", "Integrations", "List integrations", {200: PageOf(words.Integration)}, query=LIST
    ),
    ("GET", "/integrations/{platform_key}"): Described(
        "get-integration", "Integrations", "Get an integration", {200: words.Integration}
    ),
    ("GET", "/integrations/{platform_key}/branding"): Described(
        "get-integrations-branding", "Integrations", "Get an integration's branding", {200: words.Branding}
    ),
    ("GET", "/apiKeys"): Described("list-api-keys", "Settings", "List API keys", {200: words.ApiKeys}),
    ("POST", "/apiKeys"): Described(
        "create-api-key", "Settings", "Create an API key", {201: words.ApiKey}, words.NewApiKey
    ),
    ("DELETE", "/apiKeys/{api_key_id}"): Described(
        "delete-api-key", "Settings", "Delete an API key", {204: None}, refusals=(409,)
    ),
    ("GET", "/webhooks"): Described(
        "list-webhook-consumers", "Webhooks", "List webhook consumers", {200: words.Consumers}
    ),
    ("POST", "/webhooks"): Described(
        "create-webhook-consumer",
        "Webhooks",
        "Create a webhook consumer",
        {201: words.Consumer},
        words.NewConsumer,
        ["url", "eventTypes"],
    ),
    ("DELETE", "/webhooks/{webhook_id}"): Described(
        "delete-webhook-consumer", "Webhooks", "Remove a webhook consumer", {204: None}
    ),
    ("GET", "/profile"): Described("get-profile", "Settings", "Get the profile", {200: words.Profile}),
    ("PUT", "/profile"): Described(
        "update-profile",
        "Settings",
        "Replace the profile",
        {200: words.Profile},
        words.ProfileBody,
        ["name", "redirectUrl"],
    ),
}
_ORIGINS = {
    "/corsSettings": ("get-cors-settings", "set-cors-settings"),
    "/connectionManagement/corsSettings": (
        "get-connection-management-cors-settings",
        "set-connection-management-cors-settings",
    ),
}
ORIGINS: Mapping[tuple[str, str], Described] = {
    ("GET", path): Described(ids[0], "Settings", "Get the origins whose pages may call", {200: words.Origins})
    for path, ids in _ORIGINS.items()
} | {
    ("POST", path): Described(
        ids[1],
        "Settings",
        "Set the origins whose pages may call",
        {200: words.Origins},
        words.OriginsBody,
        ["allowedOrigins"],
    )
    for path, ids in _ORIGINS.items()
}
_OTHERS = "Not for Sage"
INAPPLICABLE: Mapping[tuple[str, str], Described] = {
    ("GET", _CONNECTION + "/bankFeedAccounts/mapping"): Described(
        "get-bank-account-mapping", _OTHERS, "Source accounts without options", {200: list[words.Mapping]}
    ),
    ("POST", _CONNECTION + "/bankFeedAccounts/mapping"): Described(
        "create-bank-account-mapping", _OTHERS, "Always 400: accounts are mapped in Sage", {}
    ),
    ("GET", _CONNECTION + "/bankFeeds/info"): Described(
        "get-company-information", _OTHERS, "Always 400: for other integrations", {}
    ),
    ("GET", _MANAGED + "/latest"): Described(
        "get-latest-managed-bank-feed-sync", _OTHERS, "Always 204: there is none", {204: None}
    ),
    ("GET", _MANAGED + "/{sync_id}"): Described("get-managed-bank-feed-sync", _OTHERS, "Always 404: there is none", {}),
    ("POST", _MANAGED): Described(
        "run-managed-bank-feed-ad-hoc-sync", _OTHERS, "Always 404: nothing is fetched from banks", {}
    ),
} | {
    (method, path): Described(
        f"{method.lower()}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        _OTHERS,
        f"Always 404: {reason}",
        {},
        refusals=(404,),
    )
    for path, (methods, reason) in inapplicable.NOT_FOUND.items()
    for method in methods
}
OPERATIONS = {**COMPANIES, **FEEDS, **INSTITUTION, **ORIGINS, **INAPPLICABLE}
