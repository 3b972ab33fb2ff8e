"""Every operation that Codat's two Python clients have, and what each is called with."""

import inspect
from dataclasses import dataclass
from typing import Any

import codat_bankfeeds
import codat_platform

from bankfeeds.flows import notifications

from ... import consent, worlds

CLIENTS = {"bank-feeds": codat_bankfeeds, "platform": codat_platform}
CLASSES = {"bank-feeds": codat_bankfeeds.CodatBankFeeds, "platform": codat_platform.CodatPlatform}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
AUTHORIZATION = "authorization-of-the-clients"
ACCOUNT = {
    "account_name": "Trading account",
    "account_type": "checking",
    "sort_code": "112233",
    "currency": "GBP",
    "balance": 250.75,
}
LINE = {"id": "tx-1", "date_": "2026-02-01", "description": "Flour", "amount": -30.25, "balance": 300.5}
BODIES: dict[str, dict[str, Any]] = {
    "ReplaceCompanyRequest": {"company_request_body": {"name": "Harbour Group"}},
    "UpdateCompanyRequest": {"company_update_request": {"description": "crm 8841"}},
    "CreateConnectionRequest": {"request_body": {"platform_key": "olpr"}},
    "UnlinkConnectionRequest": {
        "request_body": {"status": "Unlinked"},
        "update_connection_status": {"status": "Unlinked"},
    },
    "UpdateConnectionAuthorizationRequest": {"request_body": {"authorizationId": AUTHORIZATION}},
    "CreateSourceAccountRequest": {"request_body": {**ACCOUNT, "id": "acc-002", "account_number": "2"}},
    "CreateBatchSourceAccountRequest": {"request_body": [{**ACCOUNT, "id": "acc-003", "account_number": "3"}]},
    "UpdateSourceAccountRequest": {"source_account": {"id": "acc-001", "account_name": "Till"}},
    "GenerateCredentialsRequest": {"request_body": b"{}"},
    "CreateBankAccountRequest": {"bank_account_prototype": {"account_name": "Till"}},
    "CreateBankAccountMappingRequest": {
        "bank_feed_account_mapping": {"source_account_id": "acc-001", "target_account_id": "t-1"}
    },
    "CreateBankTransactionsRequest": {"create_bank_transactions": {"account_id": "acc-001", "transactions": [LINE]}},
    "RefreshProductDataRequest": {},
    "SetCompanySyncSettingsRequest": {
        "request_body": {
            "companyId": "6f1c2d3e-0000-4000-8000-00000000000a",
            "overrides_defaults": False,
            "settings": [],
        }
    },
    "ConfigureCustomDataTypeRequest": {"custom_data_type_configuration": {"data_source": "api/x"}},
    "GetSupplementalDataConfigurationRequest": {"data_type": "bills"},
    "ConfigureSupplementalDataRequest": {
        "data_type": "bills",
        "supplemental_data_configuration": {"supplemental_data_config": {}},
    },
}
WITHOUT_ENVELOPE: dict[str, Any] = {
    "companies.create": {"name": "Harbour Bakery (Ltd)"},
    "cors.set": {"allowed_origins": ["https://bank.example"]},
    "settings.set": {"allowed_origins": ["https://bank.example"]},
    "settings.create_api_key": {"name": "nightly"},
    "settings.update_profile": {
        "name": "Harbour Bank",
        "redirect_url": "https://bank.example/linked",
        "white_list_urls": [],
        "confirm_company_name": False,
    },
    "settings.update_sync_settings": {
        "client_id": "6f1c2d3e-0000-4000-8000-00000000000a",
        "overrides_defaults": False,
        "settings": [],
    },
    "webhooks.create_consumer": {"url": "https://bank.example/hook", "event_types": ["connection.connected"]},
}

LAST = ("companies.delete", "connections.delete", "source_accounts.delete", "connections.unlink")


@dataclass(frozen=True, slots=True)
class SdkCall:
    """`resource.method` of one client; `envelope` is the class that carries ids and body, None if there is none."""

    client: str
    name: str
    envelope: type | None

    def __str__(self) -> str:
        return f"{self.client} {self.name}"

    @property
    def reads(self) -> bool:
        return self.name.split(".")[1].startswith(("get", "list"))

    def make(self, sdk: Any, ids: dict[str, str]) -> Any:
        resource, method = self.name.split(".")
        call = getattr(getattr(sdk, resource), method)
        if self.envelope is None:
            body = WITHOUT_ENVELOPE.get(self.name)
            return call() if body is None else call(request=body)
        given = {**ids, **BODIES.get(self.envelope.__name__, {})}
        request = {name: given[name] for name in self.envelope.model_fields if name in given}
        return call(request=request)


def every() -> list[SdkCall]:
    found = []
    for client, kind in CLASSES.items():
        for resource, where in inspect.get_annotations(kind).items():
            module = __import__(f"{CLIENTS[client].__name__}.api.{resource}", fromlist=["api"])
            methods = inspect.getmembers(getattr(module, where.strip("'\"")), inspect.isfunction)
            for name, method in methods:
                if not name.startswith("_") and not name.endswith("_async"):
                    found.append(SdkCall(client, f"{resource}.{name}", _envelope(module, method)))
    return found


def _envelope(module: Any, method: Any) -> type | None:
    parameter = inspect.signature(method).parameters.get("request")
    named = str(parameter.annotation) if parameter else ""
    names = [part for part in named.replace("(", "'").split("'") if part.endswith("Request") and "." not in part]
    return getattr(module, names[0]) if names else None


def something_of_each(site: Any, world: Any) -> dict[str, str]:
    """Ids of a company, connection, account, push, API key and webhook consumer that are there, in a world with a listing.
    Sage has begun the authorization that the calls name.
    """
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    notifications.receive(world, consent.LISTING, consent.session_created(AUTHORIZATION))
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    line = {"id": "tx-0", "date": "2026-02-01", "amount": 1, "balance": 1}
    pushed = site.call("POST", path, {"accountId": "acc-001", "transactions": [line]}).json()
    spare = site.call("POST", "/apiKeys", {"name": "spare"}).json()
    hook = {"url": "https://bank.example/other", "eventTypes": ["connection.connected"]}
    consumer = site.call("POST", "/webhooks", hook).json()
    return {
        "company_id": linked.company_id,
        "connection_id": linked.connection_id,
        "account_id": "acc-001",
        "source_account_id": "acc-001",
        "push_operation_key": pushed["pushOperationKey"],
        "api_key_id": spare["id"],
        "platform_key": "olpr",
        "product_identifier": "bank-feeds",
        "data_type": "bankTransactions",
        "custom_data_identifier": "x",
        "dataset_id": UNKNOWN,
        "sync_id": UNKNOWN,
        "webhook_id": consumer["id"],
    }
