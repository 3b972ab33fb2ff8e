"""Pushing bank transactions over HTTP, their model, and the operations that follow."""

import json
import time

import pytest
import sqlalchemy as sa

from bankfeeds.domain.transaction import TYPES
from bankfeeds.store import acceptance
from bankfeeds.store import tables as t

from ... import worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"
LINES = [
    {
        "id": "tx-501",
        "date": "2026-02-01T09:30:00",
        "description": "Card settlement",
        "amount": 80.0,
        "balance": 330.75,
        "transactionType": "Credit",
    },
    {
        "id": "tx-502",
        "date": "2026-02-02",
        "description": "Flour",
        "counterparty": "Mill & Co",
        "reference": "INV 77",
        "amount": -30.25,
        "balance": 300.5,
        "transactionType": "Debit",
    },
]


@pytest.fixture
def linked(world):
    made = worlds.make_account(world)
    worlds.link(world, made)
    return made


def base(linked):
    return f"/companies/{linked.company_id}/connections/{linked.connection_id}"


def push_path(linked):
    return f"{base(linked)}/push/bankAccounts/{linked.account_id}/bankTransactions"


def push(site, linked, lines=LINES, query=""):
    return site.call("POST", push_path(linked) + query, {"accountId": linked.account_id, "transactions": lines})


def refused(site, world, path, body):
    """The fields at fault, after making sure that nothing changed."""
    before = worlds.everything(world)
    answer = site.call("POST", path, body)
    assert answer.status_code == 400, answer.content
    assert worlds.everything(world) == before
    found = answer.json()["validation"]["errors"]
    assert {flaw["validatorName"] for flaw in found} == {"BankTransactions"}
    return [flaw["itemId"] for flaw in found]


def test_a_push_is_http_200_with_code_202_and_can_be_followed(site, linked):
    answer = push(site, linked, query="?timeoutInMinutes=10&allowSyncOnPushComplete=True")

    assert answer.status_code == 200
    operation = answer.json()
    assert operation == {
        "dataType": "bankTransactions",
        "companyId": linked.company_id,
        "pushOperationKey": operation["pushOperationKey"],
        "dataConnectionKey": linked.connection_id,
        "requestedOnUtc": "2026-02-03T12:00:00Z",
        "status": "Pending",
        "statusCode": 202,
        "validation": {"errors": [], "warnings": []},
        "timeoutInMinutes": 10,
    }
    assert site.call("GET", f"/companies/{linked.company_id}/push/{operation['pushOperationKey']}").json() == operation
    assert site.call("GET", f"/companies/{linked.company_id}/push").json()["results"] == [operation]


def test_a_small_push_keeps_no_thread_waiting_and_answers_the_same(site, linked, monkeypatch):
    """Once the key and the account's currency are known."""
    first = push(site, linked, LINES[:1]).json()
    ways = []
    real = acceptance.submit
    monkeypatch.setattr(acceptance, "submit", lambda *given: ways.append("together") or real(*given))
    monkeypatch.setattr(acceptance, "store", lambda *_given: ways.append("alone"))

    second = push(site, linked, LINES[1:]).json()

    assert ways == ["together"]
    assert second == {**first, "pushOperationKey": second["pushOperationKey"]}
    path = f"/companies/{linked.company_id}/push"
    assert site.call("GET", f"{path}/{second['pushOperationKey']}").json() == second
    assert len(site.call("GET", path).json()["results"]) == 2


def test_what_succeeded_names_what_it_changed_and_when(site, world, linked, clock):
    key = push(site, linked).json()["pushOperationKey"]
    clock.forward(seconds=4)
    world.db.write(lambda tx: tx.run(t.pushes.update().values(status="Success", completed_at=clock())))

    operation = site.call("GET", f"/companies/{linked.company_id}/push/{key}").json()

    assert (operation["status"], operation["statusCode"]) == ("Success", 200)
    assert operation["completedOnUtc"] == "2026-02-03T12:00:04Z"
    assert operation["changes"] == [{"type": "Created", "recordRef": {"id": "acc-001", "dataType": "bankTransactions"}}]


def test_what_failed_says_why_by_field(site, linked):
    key = push(site, linked).json()["pushOperationKey"]

    assert site.call("PATCH", base(linked), {"status": "Unlinked"}).status_code == 200

    operation = site.call("GET", f"/companies/{linked.company_id}/push/{key}").json()
    assert (operation["status"], operation["statusCode"]) == ("Failed", 400)
    assert operation["validation"]["errors"][0]["itemId"] == "accountId"
    assert operation["validation"]["errors"][0]["validatorName"] == "BankTransactions"
    assert "completedOnUtc" in operation
    assert "changes" not in operation


def test_warnings_come_with_the_operation(site, linked):
    answer = push(site, linked, [{**LINES[0], "transactionType": "Debit", "description": ""}])

    assert [item["itemId"] for item in answer.json()["validation"]["warnings"]] == [
        "transactions[0].description",
        "transactions[0].transactionType",
    ]


def test_amounts_are_kept_to_the_last_digit(site, world, linked):
    sent = (
        b'{"accountId":"acc-001","transactions":[{"id":"a","date":"2026-02-01","amount":123456789012345.67,'
        b'"balance":1E2,"reconciled":null,"unknown":[1]}]}'
    )

    assert site.call("POST", push_path(linked), sent).status_code == 200
    (row,) = world.db.read(lambda tx: tx.rows(sa.select(t.lines.c.amount, t.lines.c.balance)))
    assert str(row.amount) == "123456789012345.67"
    assert row.balance == 100


@pytest.mark.parametrize("name", ["id", "date", "amount", "balance"])
@pytest.mark.parametrize("missing", [True, False])
def test_what_sage_needs_is_400_when_absent_or_null(site, world, linked, name, missing):
    line = {key: value for key, value in LINES[1].items() if key != name}
    body = {"accountId": "acc-001", "transactions": [LINES[0], line if missing else {**line, name: None}]}

    assert refused(site, world, push_path(linked), body) == [f"transactions[1].{name}"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "10.50"}, "transactions[1].amount"),
        ({"amount": "NaN"}, "transactions[1].amount"),
        ({"balance": "Infinity"}, "transactions[1].balance"),
        ({"amount": True}, "transactions[1].amount"),
        ({"amount": [1]}, "transactions[1].amount"),
        ({"amount": 0.001}, "transactions[1].amount"),
        ({"amount": 1e15}, "transactions[1].amount"),
        ({"date": 20260202}, "transactions[1].date"),
        ({"date": "2026-02-30"}, "transactions[1].date"),
        ({"date": "02/02/2026"}, "transactions[1].date"),
        ({"date": "2026-02-05"}, "transactions[1].date"),
        ({"date": "2026-01-31"}, "transactions[1].date"),
        ({"transactionType": "credit"}, "transactions[1].transactionType"),
        ({"transactionType": "Wire"}, "transactions[1].transactionType"),
        ({"description": 5}, "transactions[1].description"),
        ({"description": "a\0"}, "transactions[1].description"),
        ({"id": "a\0"}, "transactions[1].id"),
        ({"id": "tx-501"}, "transactions[1].id"),
        ({"id": 5}, "transactions[1].id"),
        ({"reconciled": "yes"}, "transactions[1].reconciled"),
    ],
)
def test_a_transaction_against_the_rules_is_400_naming_its_place(site, world, linked, change, field):
    body = {"accountId": "acc-001", "transactions": [LINES[0], {**LINES[1], **change}]}

    assert refused(site, world, push_path(linked), body) == [field]


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1e99999999999999999999", b"9" * 5000])
def test_numbers_beyond_all_reason_are_400(site, world, linked, number):
    sent = (
        b'{"accountId":"acc-001","transactions":[{"id":"a","date":"2026-02-01","balance":1,"amount":' + number + b"}]}"
    )

    assert refused(site, world, push_path(linked), sent) == ["transactions[0].amount"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"transactions": LINES}, "accountId"),
        ({"accountId": "acc-002", "transactions": LINES}, "accountId"),
        ({"accountId": 1, "transactions": LINES}, "accountId"),
        ({"accountId": "acc-001"}, "transactions"),
        ({"accountId": "acc-001", "transactions": None}, "transactions"),
        ({"accountId": "acc-001", "transactions": []}, "transactions"),
        ({"accountId": "acc-001", "transactions": {}}, "transactions"),
        ({"accountId": "acc-001", "transactions": [None]}, "transactions[0]"),
        (
            {"accountId": "acc-001", "transactions": [{**LINES[0], "id": str(n)} for n in range(1001)]},
            "transactions",
        ),
        ([], "body"),
        (b"", "transactions"),
        (b"{", "body"),
    ],
)
def test_a_push_that_is_none_is_400_by_field(site, world, linked, body, field):
    assert refused(site, world, push_path(linked), body) == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("timeoutInMinutes=0", "timeoutInMinutes"),
        ("timeoutInMinutes=-5", "timeoutInMinutes"),
        ("timeoutInMinutes=ten", "timeoutInMinutes"),
        ("timeoutInMinutes=525601", "timeoutInMinutes"),
        ("allowSyncOnPushComplete=yes", "allowSyncOnPushComplete"),
        ("allowSyncOnPushComplete=", "allowSyncOnPushComplete"),
    ],
)
def test_a_parameter_that_means_nothing_is_400_by_name(site, world, linked, query, field):
    body = {"accountId": "acc-001", "transactions": LINES}

    assert refused(site, world, f"{push_path(linked)}?{query}", body) == [field]


def test_a_push_to_an_account_that_is_not_connected_is_400(site, world):
    pending = worlds.make_account(world)

    body = {"accountId": "acc-001", "transactions": LINES}
    assert refused(site, world, push_path(pending), body) == ["connectionId"]


def test_what_is_unknown_is_404_and_changes_nothing(site, world, linked):
    before = worlds.everything(world)
    body = {"accountId": "acc-009", "transactions": LINES}
    company = f"/companies/{linked.company_id}"

    answers = [
        site.call("POST", push_path(linked).replace("acc-001", "acc-009"), body),
        site.call("POST", push_path(linked).replace("acc-001", "%00"), {**body, "accountId": "\0"}),
        site.call("POST", push_path(linked).replace(linked.connection_id, UNKNOWN), {**body, "accountId": "acc-001"}),
        site.call("GET", f"{base(linked)}/options/bankAccounts/acc-009/bankTransactions"),
        site.call("GET", f"{company}/push/{UNKNOWN}"),
        site.call("GET", f"{company}/push/not-a-uuid"),
        site.call("GET", f"/companies/{UNKNOWN}/push"),
        site.call("GET", f"/companies/{UNKNOWN}/push/{UNKNOWN}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert worlds.everything(world) == before


def test_operations_are_listed_newest_first_in_pages(site, linked, clock):
    keys = []
    for number in range(3):
        clock.forward(seconds=1)
        line = {**LINES[1], "id": f"tx-{number}"}
        keys.insert(0, push(site, linked, [line]).json()["pushOperationKey"])
    path = f"/companies/{linked.company_id}/push"

    listed = site.call("GET", f"{path}?page=1&pageSize=2").json()

    assert [operation["pushOperationKey"] for operation in listed["results"]] == keys[:2]
    assert (listed["totalResults"], listed["_links"]["next"]) == (3, {"href": f"{path}?page=2&pageSize=2"})
    oldest = site.call("GET", f"{path}?orderBy=requestedOnUtc").json()["results"]
    assert [operation["pushOperationKey"] for operation in oldest] == keys[::-1]
    assert site.call("GET", f"{path}?orderBy=-nothing").status_code == 400


def test_the_model_requires_only_what_a_push_is_refused_without(site, linked):
    answer = site.call("GET", f"{base(linked)}/options/bankAccounts/acc-001/bankTransactions")

    assert answer.status_code == 200
    transactions = answer.json()["properties"]["transactions"]
    properties = transactions["properties"]
    assert {name for name, each in properties.items() if each["required"]} == {"id", "date", "amount", "balance"}
    assert [option["value"] for option in properties["transactionType"]["options"]] == list(TYPES)
    assert b"null" not in answer.content


def test_a_push_of_a_thousand_lines_answers_in_well_under_five_seconds(site, linked):
    lines = [{**LINES[1], "id": f"tx-{number}"} for number in range(1000)]
    body = json.dumps({"accountId": "acc-001", "transactions": lines}).encode()

    started = time.perf_counter()
    answer = site.call("POST", push_path(linked), body)

    assert answer.status_code == 200
    assert time.perf_counter() - started < 2
