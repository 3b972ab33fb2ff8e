"""Faults of incoming calls: each does what its name says, for as long as it should (interfaces 6)."""

import re
import time
from pathlib import Path
from typing import get_args

import httpx2
import pytest

from sage_sandbox import faults
from sage_sandbox.records import FaultAction

PAGE = Path(__file__).parents[3] / "docs/reference/sandbox-faults.md"


def test_a_status_fault_answers_without_doing_anything(wired, account, make):
    wired.fault("POST /v1/statements", "status", status=503, times=1)
    response = wired.post_statement(account, [make.line("a")])
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert wired.admin("GET", "/statements") == []
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"


def test_a_delay_fault_makes_an_answer_late(wired):
    wired.papi("GET", "/v1/banks")
    wired.fault("GET /v1/banks", "delay", delayMs=120, times=1)
    began = time.monotonic()
    assert wired.papi("GET", "/v1/banks").status_code == 200
    assert time.monotonic() - began >= 0.12


def test_cut_before_closes_the_connection_with_nothing_processed(wired, account, make):
    wired.fault("POST /v1/statements", "cut_before", times=1)
    with pytest.raises(httpx2.TransportError):
        wired.post_statement(account, [make.line("a")])
    assert wired.admin("GET", "/statements") == []
    assert wired.deliver(account, [make.line("a")])["status"] == "completed"


def test_cut_after_closes_the_connection_with_everything_processed(wired, account, make):
    wired.fault("POST /v1/statements", "cut_after", times=1)
    with pytest.raises(httpx2.TransportError):
        wired.post_statement(account, [make.line("a")])
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["a"]
    repeated = wired.deliver(account, [make.line("a")])
    assert [e["code"] for e in repeated["errors"]] == ["DUPLICATE_TRANSACTION"]


def test_status_after_processes_everything_and_answers_something_else(wired, account, make):
    wired.fault("POST /v1/statements", "status_after", status=500, times=1)
    assert wired.post_statement(account, [make.line("a")]).status_code == 500
    repeated = wired.deliver(account, [make.line("a")])
    assert [e["code"] for e in repeated["errors"]] == ["DUPLICATE_TRANSACTION"]


def test_delay_after_processes_everything_before_the_late_answer(wired, account, make):
    wired.fault("POST /v1/statements", "delay_after", delayMs=10_000, times=1)
    with pytest.raises(httpx2.TimeoutException):
        wired.http.post(
            f"{wired.details['providerUrl']}/v1/statements",
            json=make.statement(account, [make.line("a")]),
            headers={"x-api-key": wired.details["providerApiKey"], "authorization": f"Bearer {wired.token}"},
            timeout=0.2,
        )
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["a"]
    wired.fault("GET /v1/banks", "delay_after", delayMs=120, times=1)
    began = time.monotonic()
    assert wired.papi("GET", "/v1/banks").json()["data"]
    assert time.monotonic() - began >= 0.12


def test_a_stuck_statement_is_finished_when_the_fault_is_lifted(wired, account, make):
    fault_id = wired.fault("POST /v1/statements", "stuck", times=1)
    statement_id = wired.post_statement(account, [make.line("a")]).json()["data"]["_id"]
    wired.advance(3600)
    shown = wired.papi("GET", f"/v1/statements/{statement_id}").json()["data"]
    assert shown["status"] == "processing"
    assert wired.post_statement(account, [make.line("b")]).json()["errors"][0]["code"] == "STATEMENT_IN_FLIGHT"
    wired.admin("DELETE", f"/faults/{fault_id}")
    assert wired.finished(statement_id)["status"] == "completed"


def test_a_failing_statement_names_no_line_and_stores_nothing(wired, account, make):
    wired.fault("POST /v1/statements", "fail", times=1)
    failed = wired.deliver(account, [make.line("a")])
    assert failed["status"] == "failed"
    assert [(e["code"], e["path"]) for e in failed["errors"]] == [("PROCESSING_FAILED", "")]
    assert wired.admin("GET", "/transactions") == []


def test_a_fault_may_concern_one_bank_account(wired, product, account, make):
    other = product.link("ext-2")
    wired.fault("POST /v1/statements", "status", status=500, bankAccountId=account["bankAccountId"])
    assert wired.post_statement(account, [make.line("a")]).status_code == 500
    assert wired.deliver(other, [make.line("a")])["status"] == "completed"
    statement_id = wired.admin("GET", "/statements")[0]["statementId"]
    wired.fault("GET /v1/statements/{statementId}", "status", status=502, bankAccountId=other["bankAccountId"])
    assert wired.papi("GET", f"/v1/statements/{statement_id}").status_code == 502


def test_a_fault_strikes_as_often_as_it_was_told(wired):
    wired.fault("GET /v1/banks", "status", status=500, times=2)
    assert [wired.papi("GET", "/v1/banks").status_code for _ in range(3)] == [500, 500, 200]


def test_a_script_says_what_happens_to_each_call_in_turn(wired):
    script = ["pass", "status:503", "pass", "status", "cut_before"]
    wired.admin("POST", "/faults", {"on": "GET /v1/banks", "script": script, "status": 418})
    found = []
    for _ in range(7):
        try:
            found.append(wired.papi("GET", "/v1/banks").status_code)
        except httpx2.TransportError:
            found.append("cut")
    assert found == [200, 503, 200, 418, "cut", 200, 200]
    assert [(f["draws"], f["hits"]) for f in wired.admin("GET", "/faults")] == [(7, 3)]


def test_a_script_of_statements_may_hold_and_fail_them(wired, account, make):
    fault = wired.admin(
        "POST", "/faults", {"on": "POST /v1/statements", "script": ["fail", "status_after:502", "stuck"]}
    )
    assert wired.deliver(account, [make.line("a")])["errors"][0]["code"] == "PROCESSING_FAILED"
    assert wired.post_statement(account, [make.line("a")]).status_code == 502
    statement_id = wired.post_statement(account, [make.line("b")]).json()["data"]["_id"]
    wired.advance(60)
    assert wired.papi("GET", f"/v1/statements/{statement_id}").json()["data"]["status"] == "processing"
    wired.admin("DELETE", f"/faults/{fault['faultId']}")
    assert wired.finished(statement_id)["status"] == "completed"
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["a", "b"]


def test_a_script_may_concern_one_bank_account(wired, product, account, make):
    other = product.link("ext-2")
    body = {"on": "POST /v1/statements", "script": ["pass", "status:500"], "bankAccountId": other["bankAccountId"]}
    wired.admin("POST", "/faults", body)
    statuses = [
        wired.post_statement(linked, [make.line(str(at))]).status_code for at in range(2) for linked in (account, other)
    ]
    assert statuses == [201, 201, 201, 500]


def test_a_fault_of_one_bank_account_strikes_its_queries_and_its_renewal(wired, product, account):
    other = product.link("ext-2")
    wired.fault("* /", "status", status=418, bankAccountId=account["bankAccountId"])

    def query(external_id):
        body = {"data": {"bankId": wired.details["bankId"], "externalId": external_id}}
        return wired.papi("POST", "/v1/accountqueries", body).status_code

    assert (query("ext-1"), query("ext-2")) == (418, 200)
    assert product.call("GET", f"/bankaccounts/{other['bankAccountId']}/indirectauth?web=true").status_code == 302
    wired.admin("DELETE", "/faults")
    product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true")
    wired.fault("PATCH /v1/authorisations", "status", status=418, bankAccountId=account["bankAccountId"])
    mine, others = (
        next(a["authorisationId"] for a in wired.admin("GET", "/authorisations") if a["bankAccountId"] == about)
        for about in (account["bankAccountId"], other["bankAccountId"])
    )
    patch = {"data": {"status": "success"}}
    assert wired.papi("PATCH", f"/v1/authorisations/{mine}", patch).status_code == 418
    assert wired.papi("PATCH", f"/v1/authorisations/{others}", patch).status_code == 200


def test_a_seed_makes_chance_repeatable(wired):
    def strikes(seed):
        wired.admin("DELETE", "/faults")
        wired.fault("GET /v1/banks", "status", status=500, probability=0.5, seed=seed)
        return [wired.papi("GET", "/v1/banks").status_code for _ in range(20)]

    first = strikes(7)
    assert first == strikes(7)
    assert {200, 500} == set(first)
    assert first != strikes(8)


@pytest.mark.parametrize(
    ("on", "method", "path"),
    [
        ("PATCH /v1/authorisations/{id}", "PATCH", "/v1/authorisations/x"),
        ("PATCH /v1/authorisations", "PATCH", "/v1/authorisations/x"),
        ("* /", "POST", "/v1/accountqueries"),
        ("GET /papi/v1/banks", "GET", "/v1/banks"),
    ],
)
def test_a_fault_names_a_path_a_template_or_a_prefix(wired, on, method, path):
    wired.get_token()
    wired.papi("GET", "/v1/banks")
    wired.fault(on, "status", status=418)
    assert wired.papi(method, path).status_code == 418


def test_the_token_endpoint_and_the_consumer_api_can_fail_too(wired, product):
    wired.fault("POST /oauth/token", "status", status=500)
    assert wired.http.post(f"{wired.details['cloudIdUrl']}/oauth/token").status_code == 500
    wired.fault("GET /organisations/{o}/companies/{c}/indirectlinkaccount", "status", status=500)
    assert product.call("GET", "/indirectlinkaccount").status_code == 500


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"on": "POST /v1/statements"}, "action"),
        ({"on": "POST /v1/statements", "action": "explode"}, "action"),
        ({"on": "statements", "action": "status"}, "on"),
        ({"on": "BREW /tea", "action": "status"}, "on"),
        ({"on": "GET /v1/banks", "action": "stuck"}, "action"),
        ({"on": "GET /v1/banks", "action": "drop"}, "action"),
        ({"on": "N1", "action": "fail"}, "action"),
        ({"on": "N1", "action": "drop", "times": 0}, "times"),
        ({"on": "N1", "action": "drop", "probability": 2}, "probability"),
        ({"on": "N1", "action": "drop", "sometimes": 2}, "sometimes"),
        ({"on": "N1", "action": "status_after"}, "action"),
        ({"on": "GET /v1/banks", "action": "reorder"}, "action"),
        ({"on": "GET /v1/banks", "action": "status", "script": ["pass"]}, "action"),
        ({"on": "GET /v1/banks", "script": []}, "action"),
        ({"on": "GET /v1/banks", "script": ["pass", "explode"]}, "script[1]"),
        ({"on": "GET /v1/banks", "script": ["status:99"]}, "script[0]"),
        ({"on": "GET /v1/banks", "script": ["pass", "pass", "stuck"]}, "script[2]"),
        ({"on": "N1", "script": ["delay_after:5"]}, "script[0]"),
    ],
)
def test_a_fault_without_effect_is_refused_by_field(wired, body, path):
    errors = wired.admin("POST", "/faults", body, 400)["errors"]
    assert (errors[0]["code"], errors[0]["path"]) == ("SCHEMA_INVALID", path)
    assert wired.admin("GET", "/faults") == []


def test_faults_are_lifted_one_by_one_or_all_at_once(wired):
    first, _ = wired.fault("GET /v1/banks", "status"), wired.fault("N1", "drop")
    wired.admin("DELETE", f"/faults/{first}")
    assert [f["on"] for f in wired.admin("GET", "/faults")] == ["N1"]
    wired.admin("DELETE", f"/faults/{first}", status=404)
    wired.admin("DELETE", "/faults")
    assert wired.admin("GET", "/faults") == []


def test_the_page_of_faults_names_every_action_and_kind():
    text = PAGE.read_text()
    rows = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert rows == set(get_args(FaultAction))
    for kind in faults.KINDS:
        assert f"`{kind}`" in text
