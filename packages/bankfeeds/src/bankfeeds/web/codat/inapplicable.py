"""Codat's operations that mean nothing for Sage Bank Feeds: each answers as documented for such an integration."""

from collections.abc import Mapping, Sequence

from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.flows import source_accounts
from bankfeeds.flows.connections import get as get_connection
from bankfeeds.web.codat import translate
from bankfeeds.web.codat.body import reply
from bankfeeds.web.codat.exchange import Api, Operation, account_id, company_id, connection_id
from bankfeeds.web.endpoint import Answer, Call

_COMPANY = "/companies/{company_id}"
_CONNECTION = _COMPANY + "/connections/{connection_id}"
_READS = "data is read from accounting products; a Sage bank feed only takes bank transactions"
_CREDENTIALS = "bank feed credentials exist for QuickBooks Online only; Sage uses one-time passwords"
_ACCOUNTS = "accounts are read from and made in accounting products; in Sage its user does it"
_CUSTOM = "supplemental data and custom data types exist for accounting products only"

NOT_FOUND: Mapping[str, tuple[Sequence[str], str]] = {
    _CONNECTION + "/connectionInfo/bankFeedAccounts/credentials": (("POST", "DELETE"), _CREDENTIALS),
    _CONNECTION + "/data/bankAccounts": (("GET",), _ACCOUNTS),
    _CONNECTION + "/push/bankAccounts": (("POST",), _ACCOUNTS),
    _CONNECTION + "/data/custom/{data_id}": (("GET",), _CUSTOM),
    _CONNECTION + "/data/queue/custom/{data_id}": (("POST",), _CUSTOM),
    _COMPANY + "/data/all": (("POST",), _READS),
    _COMPANY + "/data/queue/{data_type}": (("POST",), _READS),
    _COMPANY + "/data/history": (("GET",), _READS),
    _COMPANY + "/data/history/{dataset_id}": (("GET",), _READS),
    _COMPANY + "/dataStatus": (("GET",), _READS),
    _COMPANY + "/sync/{dataset_id}/validation": (("GET",), _READS),
    _COMPANY + "/syncSettings": (("GET", "POST"), _READS),
    _COMPANY + "/products/{product}/refresh": (("POST",), _READS),
    _COMPANY + "/connectionManagement/accessToken": (("GET",), "Codat removed this token; use …/accessToken instead"),
    "/profile/syncSettings": (("GET", "POST"), _READS),
    "/integrations/{platform_key}/dataTypes/{data_type}/supplementalDataConfig": (("GET", "PUT"), _CUSTOM),
    "/integrations/{platform_key}/dataTypes/custom/{data_id}": (("GET", "PUT"), _CUSTOM),
}
"""Path, methods, and why there is nothing."""


def nothing(reason: str) -> Operation:
    def refuse(_api: Api, _call: Call, _actor: str) -> Answer:
        raise NotFound("not_for_sage", f"not for Sage Bank Feeds: {reason}")

    return refuse


def mapping(api: Api, call: Call, _actor: str) -> Answer:
    """Each source account with its status, and no targets: they are chosen in Sage."""
    found = source_accounts.every(api.world, company_id(call), connection_id(call))
    return reply([translate.mapping(account) for account in found])


def create_mapping(api: Api, call: Call, _actor: str) -> Answer:
    get_connection(api.world, company_id(call), connection_id(call))
    raise Invalid("not_for_sage", "accounts are mapped by the Sage user, in Sage, not through the API")


def company_information(api: Api, call: Call, _actor: str) -> Answer:
    get_connection(api.world, company_id(call), connection_id(call))
    raise Invalid("not_for_sage", "company information exists for NetSuite and Xero only, not for Sage")


def latest_sync(api: Api, call: Call, _actor: str) -> Answer:
    """204, there was none: Bankfeeds fetches nothing from banks."""
    source_accounts.get(api.world, company_id(call), connection_id(call), account_id(call))
    return Answer(204)
