"""Every answer against Codat's own OpenAPI document, as it is; skipped where the document is not at hand."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from bankfeeds.web.codat import inapplicable

from ... import worlds

CONTRACTS = Path(__file__).parents[6] / "shared" / "contracts"
DOCUMENTS = ("codat-bank-feeds.openapi.json", "codat-platform.openapi.json")
UNKNOWN = "00000000-0000-4000-8000-000000000000"

pytestmark = [
    pytest.mark.skipif(
        not all((CONTRACTS / name).exists() for name in DOCUMENTS), reason="Codat's OpenAPI documents are not at hand"
    ),
    pytest.mark.parametrize("world", worlds.BOTH, indirect=True),
]


class Document:
    """`nullable` is not looked at: we never answer null. A v2 account without extras is a legal v1 one: any, not one."""

    def __init__(self, name):
        text = (CONTRACTS / name).read_text(encoding="utf-8").replace('"oneOf"', '"anyOf"')
        self.spec = json.loads(text)

    def operation(self, method, path):
        for template, operations in sorted(self.spec["paths"].items(), key=lambda item: item[0].count("{")):
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def check(self, operation, answer):
        response = operation["responses"][str(answer.status_code)]
        if "$ref" in response:
            response = self.spec["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        content = response.get("content")
        if content is None or answer.status_code == 204:  # of one 204 the document wrongly gives a body (C14)
            assert answer.content == b""
            assert "content-type" not in answer.headers
            return
        schema = {**self.spec, **content["application/json"]["schema"]}
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        assert [error.message for error in validator.iter_errors(answer.json())] == []


@pytest.fixture
def call(site):
    documents = [Document(name) for name in DOCUMENTS]

    def checked(method, path, body=None, status=200):
        answer = site.call(method, path, body)
        assert answer.status_code == status, answer.content
        assert b"null" not in answer.content
        found = [(document, document.operation(method, path.split("?")[0])) for document in documents]
        documented = [(document, operation) for document, operation in found if operation]
        assert documented, f"{method} {path} stands in no document"
        for document, operation in documented:
            if str(status) in operation["responses"]:
                document.check(operation, answer)
        return answer

    return checked


def test_every_success_is_what_the_document_says(call, world):
    account = {"id": "acc-001", "accountName": "Trading", "accountType": "checking", "accountNumber": "10203040"}
    account |= {"sortCode": "112233", "currency": "GBP", "balance": 250.75, "accountInfo": {"nickname": "Shop"}}
    body = {"name": "Harbour Bakery", "description": "crm", "tags": {"a": "b"}}
    company = f"/companies/{call('POST', '/companies', body).json()['id']}"
    connection = f"{company}/connections/{call('POST', company + '/connections', {'platformKey': 'olpr'}).json()['id']}"
    accounts = f"{connection}/connectionInfo/bankFeedAccounts"
    call("POST", accounts, account)
    call("POST", f"{accounts}/batch", [{**account, "id": "acc-002", "accountNumber": "2"}], 201)
    call("POST", f"{accounts}/batch", [account, {**account, "id": "acc-003", "accountNumber": "3"}], 207)
    call("POST", f"{accounts}/batch", [account], 409)
    call("GET", accounts)
    plain = {key: value for key, value in account.items() if key != "accountInfo"}
    call("POST", accounts, {**plain, "id": "acc-005", "accountNumber": "5"})
    call("PATCH", f"{accounts}/acc-005", {"id": "acc-005", "accountName": "Till"})  # typed as v1 there
    call("POST", f"{connection}/bankFeeds/otp")
    call("POST", accounts, {"id": "acc-004", "currency": "EUR", "accountType": "Debit", "balance": 1})
    call("GET", company)
    call("GET", "/companies?page=1&pageSize=1&query=name~Harbour&orderBy=-created&tags=a%3Db")
    call("GET", connection)
    call("GET", f"{company}/connections")
    call("PUT", company, {"name": "Harbour Group"})
    call("PATCH", company, {"tags": {}})
    call("GET", f"{connection}/options/bankAccounts/acc-001/bankTransactions")
    call("DELETE", f"{accounts}/acc-002", status=204)
    call("DELETE", connection)
    call("DELETE", company, status=204)


def test_every_state_of_a_push_is_what_the_document_says(call, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    connection = f"/companies/{linked.company_id}/connections/{linked.connection_id}"
    line = {"id": "tx-1", "date": "2026-02-01", "description": "", "amount": -1.5, "balance": 3}
    path = f"{connection}/push/bankAccounts/acc-001/bankTransactions"

    pushed = call("POST", f"{path}?timeoutInMinutes=10", {"accountId": "acc-001", "transactions": [line]})

    operation = f"/companies/{linked.company_id}/push/{pushed.json()['pushOperationKey']}"
    assert call("GET", operation).json() == pushed.json()
    call("GET", f"{connection}/connectionInfo/bankFeedAccounts")
    call("PATCH", connection, {"status": "Unlinked"})
    assert call("GET", operation).json()["status"] == "Failed"
    call("GET", f"/companies/{linked.company_id}/push")


def test_every_refusal_is_what_the_document_says(call, world):
    linked = worlds.make_account(world)
    connection = f"/companies/{linked.company_id}/connections/{linked.connection_id}"
    accounts = f"{connection}/connectionInfo/bankFeedAccounts"

    call("POST", "/companies", {}, 400)
    call("GET", "/companies?page=0", status=400)
    call("GET", f"/companies/{UNKNOWN}", status=404)
    call("POST", accounts, {"id": "acc-001"}, 400)
    call("POST", f"{accounts}/batch", [], 400)
    call("PATCH", f"{accounts}/acc-001", {"status": "connected"}, 400)
    call("PATCH", f"{accounts}/acc-009", {}, 404)
    call("POST", f"{connection}/push/bankAccounts/acc-001/bankTransactions", {"accountId": "acc-001"}, 400)
    call("PUT", f"{connection}/authorization", {"authorizationId": "nobody's"}, 404)


def test_what_belongs_to_the_institution_is_what_the_document_says(call, world):
    linked = worlds.make_account(world)
    company = f"/companies/{linked.company_id}"
    connection = f"{company}/connections/{linked.connection_id}"
    profile = {
        "name": "Example Bank",
        "redirectUrl": "https://bank.example/{companyId}",
        "logoUrl": "https://b.example/l",
    }

    call("GET", "/integrations?page=1&pageSize=10")
    call("GET", "/integrations/olpr")
    call("GET", "/integrations/olpr/branding")
    call("GET", "/integrations/gbol", status=404)
    made = call("POST", "/apiKeys", {"name": "nightly-push"}, 201).json()
    call("POST", "/apiKeys", {"name": "n" * 51}, 400)
    call("GET", "/apiKeys")
    call("DELETE", f"/apiKeys/{made['id']}", status=204)
    call("DELETE", f"/apiKeys/{made['id']}", status=404)
    call("GET", "/profile")
    call("PUT", "/profile", profile)
    call("GET", "/profile")
    call("POST", "/corsSettings", {"allowedOrigins": ["https://bank.example"]})
    call("GET", "/corsSettings")
    call("GET", f"{company}/accessToken")
    call("PUT", f"{company}/products/bank-feeds", status=204)
    call("DELETE", f"{company}/products/bank-feeds", status=204)
    call("DELETE", f"{company}/products/lending", status=404)
    call("GET", f"{connection}/options/bankTransactions")
    call("GET", f"{connection}/options/invoices", status=404)


def test_what_is_not_for_sage_is_refused_as_the_document_says(call, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    company = f"/companies/{linked.company_id}"
    connection = f"{company}/connections/{linked.connection_id}"
    syncs = f"{connection}/bankFeedAccounts/acc-001/managedBankFeeds/syncs"

    assert call("GET", f"{connection}/bankFeedAccounts/mapping").json()[0]["feedStartDate"]
    call("POST", f"{connection}/bankFeedAccounts/mapping", {"sourceAccountId": "acc-001"}, 400)
    call("GET", f"{connection}/bankFeeds/info", status=400)
    call("GET", f"{syncs}/latest", status=204)
    call("GET", f"{syncs}/{UNKNOWN}", status=404)
    call("POST", syncs, status=404)
    for path, (methods, _) in inapplicable.NOT_FOUND.items():
        named = path.format(
            company_id=linked.company_id,
            connection_id=linked.connection_id,
            product="bank-feeds",
            data_type="invoices",
            data_id="own",
            dataset_id=UNKNOWN,
            platform_key="olpr",
        )
        for method in methods:
            assert "not for Sage" in call(method, named, status=404).json()["error"]
