"""What becomes of a statement after it was taken: 9.2, 9.3 and the asynchronous rules of 6.6."""

import pytest


def test_a_statement_is_pending_then_processing_then_completed(wired, account, make):
    wired.settings(processingMs=3_600_000)
    statement_id = wired.post_statement(account, [make.line("a")]).json()["data"]["_id"]

    def status():
        wired.token = None
        return wired.papi("GET", f"/v1/statements/{statement_id}").json()["data"]["status"]

    assert status() == "pending"
    wired.advance(1801)
    assert status() == "processing"
    assert wired.admin("GET", "/transactions") == []
    wired.advance(1801)
    assert status() == "completed"
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["a"]
    shown = wired.admin("GET", f"/statements?bankAccountId={account['bankAccountId']}")[0]
    assert (shown["statementId"], shown["status"], shown["transactionDetailsCount"], shown["errors"]) == (
        statement_id,
        "completed",
        1,
        [],
    )
    assert shown["receivedAt"] < shown["finishedAt"]


def test_processing_takes_its_time_by_itself(wired, account, make):
    wired.settings(processingMs=60)
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"


def test_one_statement_is_in_flight_per_bank_account(wired, product, account, make):
    other = product.link("ext-2")
    wired.settings(processingMs=3_600_000)
    first = wired.post_statement(account, [make.line("a")])
    second = wired.post_statement(account, [make.line("b")])
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "STATEMENT_IN_FLIGHT")
    assert wired.post_statement(other, [make.line("c")]).status_code == 201
    wired.advance(3601)
    wired.token = None
    assert wired.post_statement(account, [make.line("b")]).status_code == 201
    assert first.json()["data"]["_id"]


def test_ids_stored_before_fail_the_whole_statement_with_one_error_each(wired, account, make):
    assert wired.deliver(account, [make.line("a"), make.line("b")])["status"] == "completed"
    failed = wired.deliver(account, [make.line("x"), make.line("a"), make.line("b")])
    assert failed["status"] == "failed"
    assert [(e["code"], e["path"]) for e in failed["errors"]] == [
        ("DUPLICATE_TRANSACTION", "data.transactionDetails[1].uniqueId"),
        ("DUPLICATE_TRANSACTION", "data.transactionDetails[2].uniqueId"),
    ]
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["a", "b"]
    assert wired.deliver(account, [make.line("x")])["status"] == "completed"


def test_ids_of_a_failed_statement_may_be_sent_again(wired, account, make):
    wired.fault("POST /v1/statements", "fail", times=1)
    assert wired.deliver(account, [make.line("a")])["status"] == "failed"
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"


def test_the_same_id_may_stand_in_two_bank_accounts(wired, product, account, make):
    other = product.link("ext-2")
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"
    assert wired.deliver(other, [make.line("a")])["status"] == "completed"


def test_disorder_is_a_warning_and_an_error_in_strict_order(wired, account, make):
    lines = [make.line("a", on="2026-03-05"), make.line("b", on="2026-03-04")]
    mild = wired.deliver(account, lines)
    assert (mild["status"], mild["warnings"][0]["code"]) == ("completed", "DATE_ORDER")
    wired.settings(strictOrder=True)
    failed = wired.deliver(account, [make.line("c", on="2026-03-06"), make.line("d", on="2026-03-04")])
    assert failed["status"] == "failed"
    assert [(e["code"], e["path"]) for e in failed["errors"]] == [
        ("DATE_ORDER", "data.transactionDetails[1].datePosted")
    ]
    assert wired.deliver(account, [make.line("e", on="2026-03-04")])["status"] == "failed"
    assert wired.deliver(account, [make.line("f", on="2026-03-05")])["status"] == "completed"


def test_lines_two_weeks_older_than_the_newest_warn_or_fail(wired, account, make):
    old, edge, new = make.line("a", on="2026-03-01"), make.line("b", on="2026-03-02"), make.line("c", on="2026-03-16")
    wired.settings(strictDates=True)
    failed = wired.deliver(account, [old, edge, new])
    assert [(e["code"], e["path"]) for e in failed["errors"]] == [
        ("DATE_WINDOW", "data.transactionDetails[0].datePosted")
    ]
    assert wired.deliver(account, [edge, new])["status"] == "completed"
    assert wired.deliver(account, [old])["errors"][0]["code"] == "DATE_WINDOW"
    wired.settings(strictDatesScope="statement")
    assert wired.deliver(account, [old])["status"] == "completed"


def test_a_pending_account_becomes_active_with_its_first_lines(wired, product, account, make):
    path = f"/bankaccounts/{account['bankAccountId']}"
    assert product.call("GET", path).json()["status"] == "pending"
    wired.settings(activeActivatesPending=False)
    wired.deliver(account, [])
    assert product.call("GET", path).json()["status"] == "pending"
    wired.deliver(account, [make.line("a")])
    assert product.call("GET", path).json()["status"] == "active"


def test_a_status_only_statement_needs_no_balances(wired, product, account, make):
    assert wired.deliver(account, [], status="active", balance=None)["status"] == "completed"
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "active"


def test_balances_are_shown_to_the_product(wired, product, account, make):
    wired.deliver(account, [make.line("a")], balance=1234)
    shown = product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()
    assert (shown["balances"]["ledgerBalance"], shown["lastTransactionId"]) == (1234, 1)


def test_posting_while_reauthorisation_is_needed_is_taken_and_changes_no_status(wired, product, account, make):
    wired.deliver(account, [], status="authRequired")
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "authRequired"


def test_a_statement_of_an_account_cancelled_meanwhile_fails(wired, product, account, make):
    wired.settings(processingMs=3_600_000)
    statement_id = wired.post_statement(account, [make.line("a")]).json()["data"]["_id"]
    product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}")
    wired.advance(3601)
    wired.token = None
    assert wired.finished(statement_id)["errors"][0]["code"] == "BANK_ACCOUNT_CANCELLED"
    assert wired.admin("GET", "/transactions") == []


@pytest.mark.parametrize("statement_id", ["nothing", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_statement_is_not_found(wired, statement_id):
    response = wired.papi("GET", f"/v1/statements/{statement_id}")
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "STATEMENT_NOT_FOUND")


def test_account_queries_of_an_unknown_account_are_not_found(wired):
    response = wired.papi(
        "POST", "/v1/accountqueries", {"data": {"bankId": wired.details["bankId"], "externalId": "nobody"}}
    )
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "BANK_ACCOUNT_NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1/sync", "/sync"])
def test_a_sync_failure_is_taken_and_kept(wired, path):
    report = {"status": "FAILED", "reason": "the core is down", "timestamp": "2026-03-02T10:00:00Z"}
    before = len(wired.world.book.sync_failures)
    assert wired.papi("POST", path, report).status_code == 202
    assert len(wired.world.book.sync_failures) == before + 1
    refused = wired.papi("POST", path, report | {"status": "OK"})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (400, "status")
