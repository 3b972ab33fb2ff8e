"""Every status that the contract's tables (sections 4 and 5) list for an operation is answered, in the documented body.

What each call answers is noted by operation; at the end nothing of the tables may be missing. Left out are 402, which
a self-hosted server never needs, and what the tables list but no cause is known of.
"""

from collections import defaultdict
from dataclasses import replace

import pytest

from bankfeeds.domain.errors import Unavailable
from bankfeeds.flows import keys
from bankfeeds.web.codat.described import INAPPLICABLE, OPERATIONS
from bankfeeds.web.codat.openapi import spelled
from bankfeeds.web.portal.api_examples import BODIES

from ... import own_document, worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"
E = {401, 403, 429, 500, 503}
E4 = E | {404}
BY_ID = {described.id: (method, spelled(path)) for (method, path), described in OPERATIONS.items()}
TABLE = {
    "create-company": {200, 400} | E,
    "list-companies": {200, 400} | E,
    "get-company": {200} | E4,
    "replace-company": {200} | E4,
    "update-company": {200} | E4,
    "delete-company": {204} | E4,
    "get-company-access-token": {200} | E4,
    "list-connections": {200, 400} | E4,
    "create-connection": {200} | E4,
    "get-connection": {200} | E4,
    "unlink-connection": {200} | E4,
    "delete-connection": {200} | E4,
    "create-source-account": {200, 400} | E4,
    "create-batch-source-account": {201, 207, 400, 409} | E4,
    "list-source-accounts": {200} | E4,
    "update-source-account": {200, 400} | E4,
    "delete-source-account": {204} | E4,
    "generate-otp": {200} | E4,
    "get-create-bank-transactions-model": {200} | E4,
    "create-bank-transactions": {200, 400} | E4,
    "get-create-operation": {200} | E4,
    "list-create-operations": {200, 400} | E4,
    "update-connection-authorization": E4,  # its 200 takes a session of Sage's: test_authorization.py
    "list-integrations": {200, 400} | E,
    "get-integration": {200} | E4,
    "get-integrations-branding": {200} | E4,
    "list-webhook-consumers": {200} | E,
    "create-webhook-consumer": {201, 400} | E,
    "delete-webhook-consumer": {204} | E4,
    "list-api-keys": {200} | E,
    "create-api-key": {201, 400, 409} | E,
    "delete-api-key": {204} | E4,
    "get-profile": {200} | E,
    "update-profile": {200} | E,
    "get-create-update-model-options-by-data-type": {200} | E4,
    "add-product": {204} | E4,
    "remove-product": {204} | E4,
    "get-cors-settings": {200} | E,
    "set-cors-settings": {200} | E,
    "get-bank-account-mapping": {200} | E4,
    "create-bank-account-mapping": {400} | E,
    "get-company-information": {400} | E,
    "get-latest-managed-bank-feed-sync": {204} | E,
    "get-managed-bank-feed-sync": E4,
    "run-managed-bank-feed-ad-hoc-sync": E4,
}
NOT_FOR_SAGE = {described.id for described in INAPPLICABLE.values()} - set(TABLE)
TABLE |= dict.fromkeys(sorted(NOT_FOR_SAGE), E4)
MANAGED = {
    "accountId": "acc-001",
    "platformKey": "olpr",
    "productIdentifier": "bank-feeds",
    "dataType": "bankTransactions",
    "customDataIdentifier": "x",
}


class Teller:
    """Notes each answer. A success is checked against our OpenAPI document, a refusal against its status alone: all
    refusals have one body, which other tests check.
    """

    def __init__(self):
        self.seen = defaultdict(set)

    def call(self, site, operation, ids, body=None, query="", **options):
        method, path = BY_ID[operation]
        for name, text in {**dict.fromkeys(("datasetId", "syncId"), UNKNOWN), **MANAGED, **ids}.items():
            path = path.replace("{" + name + "}", text)
        sent = BODIES.get(operation) if body is None else body
        answer = site.client.request(method, path + query, json=sent, **options)
        self.seen[operation].add(answer.status_code)
        if answer.is_success:
            own_document.check(method, path, answer)
        elif answer.status_code != 409:  # a batch's conflict is an array
            assert answer.json()["statusCode"] == answer.status_code
        return answer

    def every(self, site, ids, **options):
        for operation in TABLE:
            self.call(site, operation, ids, **options)


class BreakableClock:
    """Tells the time until it is told how to fail: by an error of its own each time."""

    def __init__(self, clock):
        self.clock = clock
        self.failure = None

    def __call__(self):
        if self.failure is not None:
            raise self.failure()
        return self.clock()


@pytest.fixture
def ids(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    return {"companyId": linked.company_id, "connectionId": linked.connection_id}


def refusals_of_all(teller, server, world, ids):
    """401, 403, 429, 500 and 503 of every operation, each before anything is done."""
    revoked, secret = keys.create(world, "test", "old")
    keys.revoke(world, "test", revoked.id, "rotated")
    nobody = dict.fromkeys(("pushOperationKey", "apiKeyId", "webhookId"), UNKNOWN)
    with server.serving(world) as site:
        teller.every(site, {**nobody, **ids}, headers=worlds.basic("nobody"))
        teller.every(site, {**nobody, **ids}, headers=worlds.basic(secret))
    with server.serving(world, requests_per_minute_max=1) as strict:
        strict.call("GET", "/companies")
        teller.every(strict, {**nobody, **ids})
    for failure in (lambda: RuntimeError("the clock has stopped"), lambda: Unavailable("database", "no answer", 1)):
        clock = BreakableClock(world.clock)
        with server.serving(replace(world, clock=clock)) as broken:
            clock.failure = failure
            teller.every(broken, {**nobody, **ids})


def what_is_not_there(teller, site):
    nothing = dict.fromkeys(("companyId", "connectionId", "pushOperationKey", "apiKeyId", "webhookId"), UNKNOWN)
    for operation, statuses in TABLE.items():
        if 404 in statuses:
            answer = teller.call(site, operation, {**nothing, "platformKey": "abcd", "productIdentifier": "tea"})
            assert answer.status_code == 404, operation


def what_breaks_a_rule(teller, site, ids):
    for operation in ("list-companies", "list-connections", "list-create-operations", "list-integrations"):
        teller.call(site, operation, ids, query="?query=colour%3Dred")
    for operation in ("create-company", "create-source-account", "create-bank-transactions", "create-webhook-consumer"):
        teller.call(site, operation, ids, {})
    teller.call(site, "create-batch-source-account", ids, [])
    teller.call(site, "create-api-key", ids, {"name": "x" * 51})
    teller.call(site, "update-source-account", ids, {"status": "pending"})


def what_works(teller, site, ids):
    """In an order in which each finds what it needs; the last ones take everything away."""
    company = teller.call(site, "create-company", ids).json()
    made = {"companyId": company["id"]}
    made["connectionId"] = teller.call(site, "create-connection", made).json()["id"]
    teller.call(site, "create-source-account", made)
    teller.call(site, "create-batch-source-account", made)
    teller.call(site, "create-batch-source-account", made)
    other = [{**BODIES["create-source-account"], "id": "acc-009", "accountNumber": "9"}]
    teller.call(site, "create-batch-source-account", made, other)
    teller.call(site, "update-source-account", made)
    ids = {**ids, "pushOperationKey": teller.call(site, "create-bank-transactions", ids).json()["pushOperationKey"]}
    ids["webhookId"] = teller.call(site, "create-webhook-consumer", ids).json()["id"]
    ids["apiKeyId"] = teller.call(site, "create-api-key", ids).json()["id"]
    for number in range(10):
        teller.call(site, "create-api-key", ids, {"name": str(number)})
    last = ("unlink-connection", "delete-source-account", "delete-connection", "delete-company")
    for operation, statuses in TABLE.items():
        if not operation.startswith(("create-", "run-")) and operation not in last and min(statuses) < 300:
            teller.call(site, operation, ids)
    for operation in ("create-bank-account-mapping", "get-company-information"):
        teller.call(site, operation, ids)
    for operation in last:
        teller.call(site, operation, ids)


def test_every_status_that_the_tables_list_is_answered(server, site, world, ids):
    teller = Teller()
    refusals_of_all(teller, server, world, ids)
    with server.serving(world) as again:
        what_is_not_there(teller, again)
        what_breaks_a_rule(teller, again, ids)
        what_works(teller, again, ids)
    missing = {name: statuses - teller.seen[name] for name, statuses in TABLE.items() if statuses - teller.seen[name]}
    assert missing == {}


def test_no_operation_is_left_out_and_each_answer_is_one_that_the_document_has():
    beyond = {
        "create-statement-file",
        "list-push-receipts",
        "list-statement-files",
        "refuse-authorization",
        "request-reauthorization",
        "set-closing-balances",
    }
    origins = {"get-connection-management-cors-settings", "set-connection-management-cors-settings"}
    assert set(TABLE) == set(BY_ID) - beyond - origins
    document = own_document.ours()["paths"]
    for name, statuses in TABLE.items():
        method, path = BY_ID[name]
        assert {str(status) for status in statuses} <= set(document[path][method.lower()]["responses"]), name
