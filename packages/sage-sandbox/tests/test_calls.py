"""The live view of calls: both directions, bounded, searchable, exportable, without secrets, each refusal cited."""

import json
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright


def last_call(sandbox, **search):
    query = "&".join(f"{name}={value}" for name, value in search.items())
    return sandbox.admin("GET", f"/calls?{query}")[-1]


def test_calls_of_both_directions_are_logged(wired, account, make):
    wired.deliver(account, [make.line("a")])
    calls = wired.admin("GET", "/calls")
    assert {c["direction"] for c in calls} == {"in", "out"}
    posted = next(c for c in calls if c["url"] == "/papi/v1/statements")
    assert (posted["method"], posted["status"]) == ("POST", 201)
    assert '"uniqueId": "a"' in posted["requestBody"]
    assert "_id" in posted["responseBody"]
    assert posted["requestHeaders"]["content-type"] == "application/json"
    assert posted["durationMs"] >= 0
    notified = next(c for c in calls if c["direction"] == "out" and c["method"] == "POST")
    assert (notified["status"], notified["rule"]) == (200, None)


def test_bodies_are_cut_at_four_kilobytes_and_calls_at_a_thousand(wired, account, make):
    wired.deliver(account, make.lines(100))
    posted = next(c for c in wired.admin("GET", "/calls") if c["url"] == "/papi/v1/statements")
    assert len(posted["requestBody"]) == 4096
    assert posted["requestBytes"] > 20_000
    for _ in range(1001):
        wired.papi("GET", "/v1/banks")
    calls = wired.admin("GET", "/calls")
    assert len(calls) == 1000
    assert calls[-1]["callId"] - calls[0]["callId"] == 999


def test_long_urls_and_headers_are_cut(wired):
    wired.papi("GET", f"/v1/banks?x={'y' * 9000}", x_long="z" * 9000)
    call = last_call(wired)
    assert len(call["url"]) == 2048
    assert len(call["requestHeaders"]["x-long"]) == 512


def test_secrets_are_not_logged(wired, product, account, make):
    token = wired.get_token()
    wired.http.post(
        f"{wired.details['cloudIdUrl']}/oauth/token",
        json={"grant_type": "client_credentials", "client_id": "x", "client_secret": "guessed-wrong", "audience": "x"},
    )
    wired.http.post(f"{wired.details['cloudIdUrl']}/oauth/token", content=f"oops {wired.details['clientSecret']}")
    wired.papi("GET", "/v1/banks")
    make.eventually(lambda: wired.admin("GET", "/calls?direction=out&path=/notification"))
    text = wired.http.get(f"{wired.details['adminUrl']}/admin/calls").text
    for secret in (
        wired.details["clientSecret"],
        wired.details["providerApiKey"],
        wired.details["applicationSigningKey"],
        "guessed-wrong",
        token,
        wired.token,
        product.key,
        product.jwt,
        make.header[1],
    ):
        assert secret
        assert secret not in text
    out = last_call(wired, direction="out", path="/notification")["requestHeaders"]
    assert (out[make.header[0].lower()], out["authorization"]) == ("***", "Bearer ***")


def test_a_secret_is_not_left_in_half_where_a_body_is_cut(wired):
    secret = wired.details["clientSecret"]
    for padding in (4096 - 32, 4096 - 4):
        wired.papi("POST", "/v1/sync", b"x" * padding + secret.encode())
        assert secret[:4] not in last_call(wired)["requestBody"]


def test_a_call_names_the_fault_that_struck_it(wired):
    fault_id = wired.fault("GET /v1/banks", "status", status=500)
    wired.papi("GET", "/v1/banks")
    assert wired.admin("GET", "/calls")[-1]["faultId"] == fault_id


@pytest.mark.parametrize(
    ("way", "code", "section"),
    [
        (lambda s: s.papi("POST", "/v1/statements", {}), "SCHEMA_INVALID", "6.3"),
        (lambda s: s.papi("GET", "/v1/statements/x"), "STATEMENT_NOT_FOUND", "6.4"),
        (lambda s: s.papi("PATCH", "/v1/authorisations/x", {}), "AUTHORISATION_NOT_FOUND", "6.2"),
        (lambda s: s.papi("POST", "/v1/banks", b"{"), "SCHEMA_INVALID", "6.1"),
        (lambda s: s.papi("POST", "/v1/accountqueries", {}), "SCHEMA_INVALID", "6.5"),
        (lambda s: s.papi("POST", "/sync", {}), "SCHEMA_INVALID", "6.7"),
        (lambda s: s.papi("GET", "/v1/banks", x_api_key="x"), "API_KEY", "3.1"),
        (lambda s: s.papi("GET", "/v1/banks", authorization="x"), "TOKEN", "3.1"),
        (lambda s: s.papi("GET", "/v1/nothing"), "NO_SUCH_CALL", "6"),
        (lambda s: s.papi("DELETE", "/v1/banks"), "METHOD_NOT_ALLOWED", "6.1"),
        (lambda s: s.http.post(s.details["cloudIdUrl"] + "/oauth/token"), "unsupported_grant_type", "3.1"),
        (lambda s: s.http.get(s.details["consumerUrl"] + "/banks"), "UNAUTHORISED", "3.3"),
        (lambda s: s.http.get(s.details["consumerUrl"] + "/poll/x/1"), "UNAUTHORISED", "3.3"),
        (lambda s: s.papi("POST", "/v1/banks", b" " * (10 * 1024 * 1024 + 1)), "BODY_TOO_LARGE", "sandbox"),
    ],
)
def test_a_refusal_names_its_rule_and_the_section_of_the_contract(sandbox, way, code, section):
    response = way(sandbox)
    assert 400 <= response.status_code < 500
    assert response.headers["x-sandbox-rule"] == f"{code}; section={section}"
    rule = last_call(sandbox)["rule"]
    assert (rule["code"], rule["section"]) == (code, section)
    assert rule["message"]


def test_errors_of_the_contract_carry_their_section_in_the_body(wired, account, make):
    refused = wired.post_statement(account, [make.line("a"), make.line("a")], expected=None)
    assert [(e["code"], e["section"]) for e in refused.json()["errors"]] == [("SCHEMA_INVALID", "6.3")]
    wired.deliver(account, [make.line("a")])
    failed = wired.deliver(account, [make.line("a")])
    assert [(e["code"], e["section"]) for e in failed["errors"]] == [("DUPLICATE_TRANSACTION", "6.3")]


def test_an_answer_of_the_provider_that_breaks_a_rule_is_cited_too(wired, provider, make):
    provider.answers["/notification"] = [(500, ""), (200, "")]
    provider.answers["/auth"] = [(404, "")]
    wired.product().connect()
    make.eventually(lambda: len(wired.admin("GET", "/calls?direction=out")) >= 2)
    rules = {c["rule"]["section"]: c["rule"]["code"] for c in wired.admin("GET", "/calls?direction=out&refused=true")}
    assert rules == {"5.1": "NOT_2XX", "5.2": "PAGE_NOT_200"}


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("nonsense", "NOT_A_LIST"),
        ([("ext-2", "cust-1")], "SOURCE_NOT_LISTED"),
        ([("ext-1", "x")], "BANK_IDENTIFIER_DIFFERS"),
    ],
)
def test_a_list_of_accounts_that_sage_cannot_use_is_cited(wired, provider, product, account, make, items, code):
    wired.deliver(account, [make.line("a")])
    if items == "nonsense":
        provider.answers["/availableaccounts"] = [(200, "{}")]
    else:
        provider.available = [
            {
                "accountType": "business",
                "accountName": "x",
                "externalId": external_id,
                "bankIdentifier": identifier,
                "accountIdentifier": f"number-of-{external_id}",
            }
            for external_id, identifier in items
        ]
    product.call("GET", f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}")
    rule = make.eventually(lambda: wired.admin("GET", "/calls?section=5.4"))[0]["rule"]
    assert (rule["code"], rule["section"]) == (code, "5.4")


def test_calls_are_searched(wired, account, make):
    wired.deliver(account, [make.line("needle")])
    wired.papi("GET", "/v1/statements/x")
    wired.papi("GET", "/v1/nothing")

    def found(query):
        return wired.admin("GET", f"/calls?{query}")

    everything = found("")
    assert [c["status"] for c in found("status=404&section=6.4")] == [404]
    assert len(found("status=4xx")) == len(found("refused=true")) == 2
    assert {c["method"] for c in found("method=POST")} == {"POST"}
    assert all("/papi/" in c["url"] for c in found("path=/papi/"))
    assert {c["direction"] for c in found("direction=out")} == {"out"}
    assert [c["url"] for c in found("q=NEEDLE")] == ["/papi/v1/statements"]
    assert [c["rule"]["code"] for c in found("rule=NO_SUCH_CALL")] == ["NO_SUCH_CALL"]
    first, last = everything[0]["callId"], everything[-1]["callId"]
    assert found(f"after={first}")[: len(everything) - 1] == everything[1:]
    # The notification of what was delivered may come later than everything else.
    assert all(c["callId"] > last for c in found(f"after={last}"))
    assert [c["callId"] >= last for c in found("limit=1")] == [True]
    assert found("status=none") == []


@pytest.mark.parametrize(
    ("query", "path"), [("colour=blue", "colour"), ("status=9", "status"), ("limit=0", "limit"), ("after=x", "after")]
)
def test_a_wrong_search_is_refused_by_name(sandbox, query, path):
    assert sandbox.admin("GET", f"/calls?{query}", status=400)["errors"][0]["path"] == path


def test_calls_are_exported(wired, account, make):
    wired.deliver(account, [make.line("a")])
    make.eventually(lambda: {n["status"] for n in wired.admin("GET", "/notifications")} == {"delivered"})
    wired.papi("GET", "/v1/nothing")
    url = f"{wired.details['adminUrl']}/admin/calls"
    lines = wired.http.get(f"{url}/export?direction=in")
    assert [json.loads(line) for line in lines.text.splitlines()] == wired.http.get(f"{url}?direction=in").json()
    assert "calls.jsonl" in lines.headers["content-disposition"]
    log = wired.http.get(f"{url}/export?format=har&direction=in").json()["log"]
    assert (log["version"], len(log["entries"])) == ("1.2", len(wired.admin("GET", "/calls?direction=in")))
    assert log["entries"][-1]["request"]["url"] == wired.details["providerUrl"] + "/v1/nothing"
    assert log["entries"][-1]["comment"].startswith("NO_SUCH_CALL; section=6")
    posted = next(e for e in log["entries"] if e["request"]["url"].endswith("/v1/statements"))
    assert '"uniqueId": "a"' in posted["request"]["postData"]["text"]
    assert wired.http.get(f"{url}/export?format=pdf").status_code == 400


def test_calls_are_cleared_and_numbered_on(wired):
    wired.papi("GET", "/v1/banks")
    before = last_call(wired)["callId"]
    wired.admin("DELETE", "/calls")
    assert wired.admin("GET", "/calls") == []
    wired.papi("GET", "/v1/banks")
    assert last_call(wired)["callId"] == before + 1


@pytest.mark.slow
def test_the_page_shows_calls_as_they_come(wired, account, make):
    path = shutil.which("chromium")
    assert path, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = running.new_page()
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{wired.details['uiUrl']}/calls")
        page.get_by_label("Direction").select_option("in")
        wired.papi("PATCH", "/v1/authorisations/<b>x", {})
        row = page.locator("tr.refused").first
        expect(row).to_contain_text("6.2 AUTHORISATION_NOT_FOUND")
        row.locator("summary").click()
        expect(row.locator("pre").first).to_contain_text("x-api-key: ***")
        page.get_by_label("Search").fill("no such text anywhere")
        expect(page.locator("#calls tr")).to_have_count(0)
        page.get_by_label("Search").fill("")
        page.get_by_label("refused only").check()
        expect(page.locator("#calls tr")).to_have_count(1)
        assert "refused=true" in page.get_by_text("Export HAR").get_attribute("href")
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#calls tr")).to_have_count(0)
        assert problems == []
        running.close()
