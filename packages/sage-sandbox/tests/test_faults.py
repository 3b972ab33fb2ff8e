"""Faults of incoming calls: each does what its name says, for as long as it should (interfaces 6)."""

import time

import httpx2
import pytest


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
