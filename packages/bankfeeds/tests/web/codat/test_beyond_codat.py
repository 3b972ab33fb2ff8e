"""What this API has that Codat's has not: pushes rehearsed, receipts, start dates, asking for re-authorisation."""

import json
from decimal import Decimal

import pytest

from bankfeeds.domain.balance_proof import Verdict
from bankfeeds.flows import reconcile

from ... import worlds

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
LINES = [
    {"id": "tx-1", "date": "2026-02-01", "description": "Card", "amount": 80.10, "balance": 330.75},
    {"id": "tx-2", "date": "2026-02-02", "description": "Flour", "amount": -30.25, "balance": 300.5},
]


@pytest.fixture
def linked(world):
    made = worlds.make_account(world)
    worlds.link(world, made, start_on="2026-02-02")
    return made


def base(linked):
    return f"/companies/{linked.company_id}/connections/{linked.connection_id}"


def push(site, linked, query="", **change):
    path = f"{base(linked)}/push/bankAccounts/acc-001/bankTransactions{query}"
    return site.call("POST", path, {"accountId": "acc-001", "transactions": LINES, **change})


def reauthorization(linked, account="acc-001"):
    return f"{base(linked)}/connectionInfo/bankFeedAccounts/{account}/reauthorization"


def test_a_push_rehearsed_says_what_would_become_of_it_and_stores_nothing(site, world, linked):
    before = worlds.everything(world)

    answer = push(site, linked, "?dryRun=true")

    assert answer.status_code == 200
    assert json.loads(answer.content, parse_float=Decimal) == {
        "accepted": 2,
        "duplicates": 0,
        "withheld": 1,
        "warnings": [
            {
                "itemId": "transactions",
                "message": "1 dated before 2026-02-02, the start date chosen in Sage: withheld, never sent",
                "validatorName": "BankTransactions",
            }
        ],
        "statements": [
            {
                "bankAccountId": "sage-1",
                "transactionDetailsCount": 1,
                "expected": {"transactionCreditSum": 0, "transactionDebitSum": Decimal("-30.25")},
                "balances": {"ledgerBalance": Decimal("300.5"), "ledgerBalanceDate": "2026-02-02"},
            }
        ],
    }
    assert worlds.everything(world) == before


def test_a_rehearsal_is_refused_as_the_push_would_be_and_dryrun_is_a_flag(site, world, linked):
    wrong = [{**LINES[0], "date": "2099-01-01"}]
    rehearsed, pushed = push(site, linked, "?dryRun=True", transactions=wrong), push(site, linked, transactions=wrong)

    assert (rehearsed.status_code, rehearsed.json()["validation"]) == (400, pushed.json()["validation"])
    assert push(site, linked, "?dryRun=yes").json()["validation"]["errors"][0]["itemId"] == "dryRun"
    assert "pushOperationKey" in push(site, linked, "?dryRun=false").json()


def test_receipts_are_paged_and_told_line_by_line(site, world, linked):
    operation = push(site, linked).json()
    path = f"/companies/{linked.company_id}/push/{operation['pushOperationKey']}/transactions"

    page = site.call("GET", path).json()
    assert page["results"] == [
        {
            "id": "tx-1",
            "state": "withheld",
            "at": operation["requestedOnUtc"],
            "reason": "dated before 2026-02-02, the start date chosen in Sage",
        },
        {"id": "tx-2", "state": "accepted", "at": operation["requestedOnUtc"]},
    ]
    second = site.call("GET", f"{path}?page=2&pageSize=1").json()
    assert ([each["id"] for each in second["results"]], second["totalResults"]) == (["tx-2"], 2)
    assert "next" not in second["_links"]


def test_receipts_of_a_stranger_s_operation_are_404(site, world, linked):
    key = push(site, linked).json()["pushOperationKey"]
    other = site.call("POST", "/companies", {"name": "Mill"}).json()["id"]

    assert site.call("GET", f"/companies/{other}/push/{key}/transactions").status_code == 404
    assert site.call("GET", f"/companies/{linked.company_id}/push/{other}/transactions").status_code == 404


def test_an_account_tells_the_start_date_that_its_sage_user_chose(site, world, linked):
    path = f"{base(linked)}/connectionInfo/bankFeedAccounts"
    assert [each["requestedStartDate"] for each in site.call("GET", path).json()] == ["2026-02-02"]
    worlds.link(world, linked, "sage-2", start_on="2026-01-15")
    changed = site.call("PATCH", f"{path}/acc-001", {"accountName": "Till"}).json()
    assert (changed["requestedStartDate"], changed["feedStartDate"]) == ("2026-01-15", "2026-02-03")

    disconnected = site.call("PATCH", f"{path}/acc-001", {"status": "disconnected"}).json()
    assert "requestedStartDate" not in disconnected


def test_an_account_that_nobody_linked_has_no_start_date(site, world):
    made = worlds.make_account(world)
    (account,) = site.call("GET", f"{base(made)}/connectionInfo/bankFeedAccounts").json()
    assert "requestedStartDate" not in account


def test_reauthorization_is_asked_once_and_shows_on_the_account(site, world, linked):
    first = site.call("POST", reauthorization(linked), {"reason": "consent ends in a week"})
    again = site.call("POST", reauthorization(linked))

    assert (first.status_code, first.json()["reauthorizationRequired"]) == (200, True)
    assert (again.status_code, again.json()) == (200, first.json())
    (account,) = site.call("GET", f"{base(linked)}/connectionInfo/bankFeedAccounts").json()
    assert account["reauthorizationRequired"] is True
    asked = [row for row in worlds.audited(world) if row[1] == "account.reauthorise"]
    assert len(asked) == 1
    assert push(site, linked).status_code == 200


def test_reauthorization_of_an_account_that_is_not_linked_is_409_and_of_none_404(site, world):
    made = worlds.make_account(world)
    other = worlds.make_account(world)
    before = worlds.everything(world)

    assert site.call("POST", reauthorization(made)).status_code == 409
    assert site.call("POST", reauthorization(made, "acc-009")).status_code == 404
    elsewhere = f"/companies/{other.company_id}/connections/{made.connection_id}"
    path = f"{elsewhere}/connectionInfo/bankFeedAccounts/acc-001/reauthorization"
    assert site.call("POST", path).status_code == 404
    assert site.call("POST", reauthorization(made), {"reason": "x" * 5000}).status_code == 400
    assert worlds.everything(world) == before


def closings(linked, account="acc-001"):
    return f"{base(linked)}/connectionInfo/bankFeedAccounts/{account}/closingBalances"


def test_closing_balances_are_stated_and_the_proof_is_held_against_them(site, world, linked):
    push(site, linked)
    days = [{"date": "2026-02-01", "balance": 330.75}, {"date": "2026-02-02T00:00:00", "balance": 300.10}]

    answer = site.call("PUT", closings(linked), {"closingBalances": days})

    assert (answer.status_code, answer.json()) == (200, {"days": 2})
    found = reconcile.reconcile(world, f"{linked.connection_id}/acc-001")
    assert found.verdict is Verdict.failed
    (wrong,) = found.proof.disagreements
    assert (wrong.on.isoformat(), wrong.by_lines, wrong.stated) == ("2026-02-02", Decimal("300.5"), Decimal("300.1"))
    site.call("PUT", closings(linked), {"closingBalances": [{"date": "2026-02-02", "balance": 300.50}]})
    assert reconcile.reconcile(world, f"{linked.connection_id}/acc-001").verdict is Verdict.proved


@pytest.mark.parametrize(
    ("days", "fields"),
    [
        ([{}], ["closingBalances[0].date", "closingBalances[0].balance"]),
        ([{"date": "2026-02-30", "balance": 1}], ["closingBalances[0].date"]),
        ([{"date": "2026-02-01", "balance": 1}, {"date": "2026-02-01", "balance": 2}], ["closingBalances[1].date"]),
        ([{"date": "2026-02-01", "balance": 1.234}], ["2026-02-01"]),
        ([{"date": "2026-02-01", "balance": "1"}], ["closingBalances[0].balance"]),
        ([], None),
        (
            [{"date": f"{2000 + n // 300}-{n % 300 // 28 + 1:02}-{n % 28 + 1:02}", "balance": 1} for n in range(1001)],
            None,
        ),
    ],
)
def test_closing_balances_in_which_anything_is_wrong_are_a_400_and_nothing_is_taken(site, world, linked, days, fields):
    before = worlds.everything(world)

    answer = site.call("PUT", closings(linked), {"closingBalances": days})

    assert answer.status_code == 400
    assert fields is None or [each["itemId"] for each in answer.json()["validation"]["errors"]] == fields
    assert worlds.everything(world) == before


def test_closing_balances_of_an_account_that_is_not_there_are_404(site, linked):
    assert (
        site.call(
            "PUT", closings(linked, "acc-9"), {"closingBalances": [{"date": "2026-02-01", "balance": 1}]}
        ).status_code
        == 404
    )
