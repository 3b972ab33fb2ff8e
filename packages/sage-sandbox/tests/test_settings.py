"""Every setting is documented, refused when wrong, and does what it says (contract section 17)."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import msgspec
import pytest

from sage_sandbox.settings import REFERENCE, Settings

PAGE = Path(__file__).parents[3] / "docs/reference/sandbox-settings.md"
FIELDS = {f.encode_name: f for f in msgspec.structs.fields(Settings)}


def rows_of_the_page():
    return {
        m[1]: m for m in re.finditer(r"^\| `(\w+)` \| `(.*?)` \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    }


def test_the_table_in_the_code_names_every_setting_once():
    assert sorted(entry.name for entry in REFERENCE) == sorted(FIELDS)


def test_the_page_documents_every_setting_with_its_default_and_meaning():
    rows = rows_of_the_page()
    assert sorted(rows) == sorted(FIELDS)
    for entry in REFERENCE:
        row = rows[entry.name]
        assert row[2] == msgspec.json.encode(getattr(Settings(), FIELDS[entry.name].name)).decode()
        assert row[3] == (str(entry.question) if entry.question else "-")
        assert row[4] == entry.meaning


def test_every_open_question_has_a_setting():
    assert {entry.question for entry in REFERENCE} - {0} == set(range(1, 25))


def test_settings_change_one_by_one_and_are_shown_whole(sandbox):
    sandbox.settings(processingMs=7)
    assert sandbox.settings(strictOrder=True)["processingMs"] == 7
    shown = sandbox.admin("GET", "/settings")
    assert set(shown) == set(FIELDS)
    assert shown["strictOrder"] is True


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"speed": 1}, "speed"),
        ({"processingMs": "1"}, "processingMs"),
        ({"processingMs": -1}, "processingMs"),
        ({"amountUnit": "pounds"}, "amountUnit"),
        ({"autoReturn": 1}, "autoReturn"),
        ({"requestsPerSecond": 1.5}, "requestsPerSecond"),
        ({"failureWords": "no"}, "failureWords"),
        ({"strictOrder": True, "processingMs": None}, "processingMs"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_changes_nothing(sandbox, change, path):
    before = sandbox.admin("GET", "/settings")
    errors = sandbox.admin("PUT", "/settings", change, 400)["errors"]
    assert errors[0]["path"] == path
    assert sandbox.admin("GET", "/settings") == before


def test_a_reset_brings_the_defaults_and_keeps_the_installation(wired, product, account, make):
    wired.deliver(account, [make.line("a")])
    wired.fault("N1", "drop")
    wired.advance(1000)
    wired.admin("POST", "/expectations", {"accounts": [{"externalId": "x", "lines": []}]})
    wired.admin("POST", "/banks", {"name": "Second", "countryCode": "GBR"})
    wired.admin("POST", "/reset")
    assert wired.admin("GET", "/settings") == msgspec.to_builtins(Settings()) | {
        k: list(v) for k, v in msgspec.to_builtins(Settings()).items() if isinstance(v, tuple)
    }
    for path in (
        "/authorisations",
        "/notifications",
        "/statements",
        "/transactions",
        "/faults",
        "/calls",
        "/bankaccounts",
    ):
        assert wired.admin("GET", path) == []
    assert wired.admin("GET", "/clock")["advancedSeconds"] == 0
    assert wired.verdict() == {"clean": True, "expectations": False, "accounts": []}
    first = [region["bankId"] for region in wired.details["regions"].values()]
    assert [b["bankId"] for b in wired.admin("GET", "/banks")][:2] == first
    assert "Second" not in {b["name"] for b in wired.admin("GET", "/banks")}
    assert wired.admin("GET", "/banks")[0]["headerName"] == make.header[0]
    wired.token = None
    assert wired.papi("GET", "/v1/banks").status_code == 200
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").status_code == 401


def test_the_clock_is_moved_forward_only(sandbox):
    sandbox.advance(9.5)
    sandbox.advance(0.5)
    assert sandbox.admin("GET", "/clock")["advancedSeconds"] == 10
    for body in ({"advanceSeconds": -1}, {"advanceSeconds": "1"}, {}, {"seconds": 1}):
        assert sandbox.admin("POST", "/clock", body, 400)["errors"]


# --- one effect each ----------------------------------------------------------------------------------------------


def test_question_2_words_of_a_finished_statement(wired, account, make):
    wired.settings(statementWords="successful")
    statement_id = wired.post_statement(account, [make.line("a")]).json()["data"]["_id"]
    assert wired.papi("GET", f"/v1/statements/{statement_id}").json()["data"]["status"] == "successful"
    statement_id = wired.post_statement(account, [make.line("a")]).json()["data"]["_id"]
    assert wired.papi("GET", f"/v1/statements/{statement_id}").json()["data"]["status"] == "error"


def test_question_3_form_of_errors(wired, account, make):
    wired.settings(errorForm="message")
    body = wired.post_statement(account, [make.line("a"), make.line("a")]).json()
    assert list(body) == ["message"]
    assert body["message"].startswith("DUPLICATE_IN_STATEMENT")


def test_question_4_and_5_statuses_of_answers(wired, product, account, make):
    wired.settings(patchStatus=204, patchRepeatStatus=200, statementStatus=202, failureWords=["nope"])
    product.connect()
    path = f"/v1/authorisations/{wired.admin('GET', '/authorisations')[-1]['authorisationId']}"
    assert wired.papi("PATCH", path, {"data": {"status": "failure"}}).status_code == 400
    assert wired.papi("PATCH", path, {"data": {"status": "nope"}}).status_code == 204
    wired.settings(patchStatus=200)
    assert wired.papi("PATCH", path, {"data": {"status": "nope"}}).status_code == 200
    assert wired.post_statement(account, [make.line("a")]).status_code == 202


def test_question_6_required_fields_types_and_lengths(wired, account, make):
    wired.settings(alsoRequired=["referenceNumber"], transactionTypes=["CREDIT"], textLengthMax=5)
    refused = wired.post_statement(account, [make.line("a", -1, description=None)])
    assert {e["path"] for e in refused.json()["errors"]} == {
        "data.transactionDetails[0].referenceNumber",
        "data.transactionDetails[0].transactionType",
    }
    done = wired.deliver(account, [make.line("a", referenceNumber="123456")])
    assert [(w["code"], w["path"]) for w in done["warnings"]] == [
        ("TEXT_LENGTH", "data.transactionDetails[0].description"),
        ("TEXT_LENGTH", "data.transactionDetails[0].referenceNumber"),
    ]
    wired.settings(textLengthStrict=True)
    assert wired.post_statement(account, [make.line("b", referenceNumber="123456")]).status_code == 400


def test_question_7_control_totals_may_be_left_out(wired, account, make):
    wired.settings(expectedRequired=False)
    assert wired.deliver(account, [make.line("a")], expected=None)["status"] == "completed"
    assert (
        wired.post_statement(
            account,
            [make.line("b")],
            expected={
                "transactionDetailsCount": 2,
                "accountDetailsCount": 1,
                "transactionCreditSum": 100,
                "transactionDebitSum": 0,
            },
        ).status_code
        == 400
    )


def test_question_9_history_may_be_checked_at_once(wired, account, make):
    wired.deliver(account, [make.line("a")])
    wired.settings(historyDuplicates="sync")
    refused = wired.post_statement(account, [make.line("a")])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "DUPLICATE_TRANSACTION")


def test_question_10_a_provider_may_cancel(wired, product, account):
    wired.settings(providerMayCancel=True)
    wired.deliver(account, [], status="cancelled")
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "cancelled"


def test_question_11_active_may_end_the_need_for_reauthorisation(wired, product, account):
    wired.deliver(account, [], status="authRequired")
    wired.settings(activeClearsAuthRequired=True)
    wired.deliver(account, [], status="active")
    assert product.call("GET", f"/bankaccounts/{account['bankAccountId']}").json()["status"] == "active"


def test_question_12_calls_may_come_from_another_address(wired, provider, make):
    wired.settings(outgoingAddress="127.0.0.9")
    wired.product().connect()
    make.eventually(lambda: provider.to("/auth"))
    assert {call["client"] for call in provider.to("/auth")} == {"127.0.0.9"}


def test_question_13_who_calls_the_provider(wired, provider, product, account, make):
    wired.deliver(account, [make.line("a")])
    wired.settings(notificationAudience="provider-x", notificationIssuer="https://id.example/")
    path = f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}"
    seen = []
    for how in ("headerAndToken", "header", "none"):
        wired.settings(availableAccountsAuth=how)
        product.call("GET", path)
        make.eventually(lambda: len(provider.to("/availableaccounts")) > len(seen))
        headers = provider.to("/availableaccounts")[-1]["headers"]
        seen.append((make.header[0].lower() in headers, "authorization" in headers))
        if how == "headerAndToken":
            claims = jwt.decode(headers["authorization"].split()[1], options={"verify_signature": False})
            assert (claims["aud"], claims["iss"]) == ("provider-x", "https://id.example/")
    assert seen == [(True, True), (True, False), (False, False)]


@pytest.mark.parametrize(("follow", "status"), [(False, 502), (True, 200)])
def test_question_14_redirects_of_the_providers_page(sandbox, provider, follow, status):
    sandbox.wire_bank(provider)
    sandbox.settings(connectorFollowsRedirects=follow)
    provider.answers["/auth"] = [(302, f"{provider.url}/elsewhere")]
    opened = sandbox.product().connect()
    assert sandbox.http.get(opened["redirect"]).status_code == status
    assert len(provider.to("/elsewhere")) == int(follow)


def test_question_15_what_n3_carries(wired, provider, product, account, make):
    wired.deliver(account, [make.line("a")])
    provider.available = [
        {
            "accountType": "business",
            "accountName": "x",
            "externalId": "ext-2",
            "bankIdentifier": "cust-1",
            "accountIdentifier": "2",
        }
    ]
    path = f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}"
    (candidate,) = make.eventually(lambda: product.call("GET", path).json()["availableAccounts"])
    wired.settings(candidateNotification="externalIdOnly")
    before = len(provider.to("/notification"))
    product.call(
        "POST",
        "/linkavailablebankaccount",
        {"bankAccountCandidateId": candidate["bankAccountCandidateId"], "requestedStartDate": "2026-01-01"},
    )
    make.eventually(lambda: len(provider.to("/notification")) > before)
    assert provider.to("/notification")[-1]["body"]["additionalData"] == {"externalId": "ext-2"}


def test_question_16_bankaccount_on_authrefresh(wired, provider, product, account, make):
    wired.settings(reauthBankaccount="bankId")
    product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true")
    make.eventually(lambda: provider.to("/authrefresh"))
    assert provider.to("/authrefresh")[0]["query"]["bankaccount"] == wired.details["bankId"]


def test_question_17_and_18_calls_that_may_not_be_there(wired):
    wired.settings(syncEndpoint=False, getBanks=False)
    assert wired.papi("POST", "/v1/sync", {}).status_code == 404
    assert wired.papi("GET", "/v1/banks").status_code == 404
    path, body = (
        f"/v1/banks/{wired.details['bankId']}",
        {
            "principalId": wired.details["bankId"],
            "externalRef": "r",
            "name": "Renamed",
            "callbackURLs": wired.admin("GET", "/banks")[0]["callbackURLs"],
        },
    )
    assert wired.papi("PUT", path, body).status_code == 404
    wired.settings(putBanks=True)
    assert wired.papi("PUT", path, body).json()["data"]["name"] == "Renamed"


def test_question_19_which_link_an_account_query_returns(wired):
    first, second = wired.product().link(), wired.product().link()
    query = {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    assert wired.papi("POST", "/v1/accountqueries", query).json()["data"]["bankAccountId"] == second["bankAccountId"]
    wired.settings(accountQuery="first")
    assert wired.papi("POST", "/v1/accountqueries", query).json()["data"]["bankAccountId"] == first["bankAccountId"]


def test_question_20_posting_while_reauthorisation_is_needed_may_be_refused(wired, account, make):
    wired.deliver(account, [], status="authRequired")
    wired.settings(postWhileAuthRequired=False)
    refused = wired.post_statement(account, [make.line("a")])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "BANK_ACCOUNT_AUTH_REQUIRED")


def test_question_21_lines_before_the_start_date(wired, account, make):
    lines = [make.line("old", on="2025-12-31"), make.line("new", on="2026-01-01")]
    wired.settings(beforeStartDate="refuse")
    failed = wired.deliver(account, lines)
    assert [(e["code"], e["path"]) for e in failed["errors"]] == [
        ("BEFORE_START_DATE", "data.transactionDetails[0].datePosted")
    ]
    wired.settings(beforeStartDate="filter")
    assert wired.deliver(account, lines)["status"] == "completed"
    assert [t["uniqueId"] for t in wired.admin("GET", "/transactions")] == ["new"]
    wired.settings(beforeStartDate="warn")
    warned = wired.deliver(account, [make.line("older", on="2025-12-30")])
    assert "BEFORE_START_DATE" in {w["code"] for w in warned["warnings"]}
    assert len(wired.admin("GET", "/transactions")) == 2


def test_question_22_currency_when_the_product_names_none(wired, product, make):
    wired.settings(currencyFallback="EUR")
    account = product.open_account(product.authorise(make.granted()), currency=None)
    assert account["defaultCurrency"] == "EUR"


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("money.sage.com", "https://money.sage.com/consumer/api/v1/indirectredirect/"),
        ("https://snd01eu.sagebankdrive.com", "https://snd01eu.sagebankdrive.com/consumer/api/v1/indirectredirect/"),
    ],
)
def test_question_23_host_of_the_redirect(sandbox, host, start):
    sandbox.settings(redirectHost=host)
    sandbox.product().connect()
    assert sandbox.admin("GET", "/authorisations")[0]["redirectUri"].startswith(start)


def test_question_23_a_local_host_keeps_the_port(sandbox):
    sandbox.settings(redirectHost="sage.localhost")
    sandbox.product().connect()
    own = sandbox.details["adminUrl"].rsplit(":", 1)[1]
    assert sandbox.admin("GET", "/authorisations")[0]["redirectUri"].startswith(
        f"http://sage.localhost:{own}/consumer/"
    )


def test_question_24_an_id_may_count_as_used_once_it_was_sent(wired, account, make):
    wired.settings(duplicateScope="sent")
    wired.fault("POST /v1/statements", "fail", times=1)
    assert wired.deliver(account, [make.line("a")])["status"] == "failed"
    assert wired.deliver(account, [make.line("a")])["errors"][0]["code"] == "DUPLICATE_TRANSACTION"


def test_state_may_equal_the_authorisation_id(sandbox):
    sandbox.settings(stateEqualsAuthorisationId=True)
    sandbox.product().connect()
    authorisation = sandbox.admin("GET", "/authorisations")[0]
    assert authorisation["state"] == authorisation["authorisationId"]


def test_every_notification_may_be_late_and_come_several_times(wired, provider, make):
    wired.settings(notificationDelayMs=80, notificationCopies=3)
    wired.product().connect()
    assert provider.to("/notification") == []
    make.eventually(lambda: len(provider.to("/notification")) == 3)
    make.eventually(lambda: wired.admin("GET", "/notifications")[0]["attempts"] == 1)


def test_the_provider_may_hear_of_an_authorisation_when_the_page_is_opened(sandbox, provider, make):
    sandbox.wire_bank(provider)
    sandbox.settings(announcedOn="page")
    opened = sandbox.product().connect()
    assert sandbox.admin("GET", "/notifications") == []
    assert sandbox.http.get(opened["redirect"]).status_code == 200
    assert [call["path"] for call in provider.calls] == ["/notification", "/auth"]
    sandbox.http.get(opened["redirect"])
    assert len(provider.to("/notification")) == 1


def test_redirect_uri_may_have_a_query_that_must_come_back(sandbox, provider, make):
    sandbox.wire_bank(provider)
    sandbox.settings(redirectQuery="e2e=1&x=%20")
    product = sandbox.product()
    opened = product.connect()
    session = sandbox.admin("GET", "/authorisations")[0]
    sandbox.http.get(opened["redirect"])
    assert provider.to("/auth")[0]["query"]["redirect_uri"] == session["redirectUri"]
    assert session["redirectUri"].endswith("?e2e=1&x=%20")
    patch = {"data": {"status": "success", "bankAccounts": [make.granted()]}}
    sandbox.papi("PATCH", f"/v1/authorisations/{session['authorisationId']}", patch)
    bare = session["redirectUri"].split("?")[0]
    assert sandbox.http.get(f"{bare}?state={session['state']}").status_code == 400
    assert sandbox.admin("GET", "/calls?section=5.2")[-1]["rule"]["code"] == "REDIRECT_URI_CHANGED"
    page = sandbox.http.get(f"{session['redirectUri']}&state={session['state']}")
    assert page.status_code == 200
    candidate = re.search(r'name="account" value="([^"]+)"', page.text)[1]
    action = re.search(r'action="([^"]+)"', page.text)[1].replace("&amp;", "&")
    form = {"account": candidate, "startDate": "2026-01-01"}
    assert sandbox.http.post(f"{bare.rsplit('/', 1)[0]}/{action}", data=form).status_code == 200
    assert product.poll(opened["pollRoute"])["success"] is True


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_authrefresh_may_be_called_either_way(wired, provider, product, account, make, method):
    wired.settings(reauthMethod=method)
    product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true")
    call = make.eventually(lambda: provider.to("/authrefresh"))[0]
    assert (call["method"], call["query"]["externalId"]) == (method, "ext-1")


def test_bank_sync_may_spell_the_id_otherwise_and_refuse_to_remove(sandbox, provider):
    new = {
        "name": "B",
        "countryCode": "GBR",
        "externalRef": "r",
        "url": "https://b.example",
        "callbackURLs": provider.callbacks,
    }
    sandbox.settings(principalIdName="principalID", removeBanks=False)
    created = sandbox.papi("POST", "/v1/banks", {"data": {"toCreate": [new]}}).json()["data"]["created"][0]
    assert set(created) == {"principalID", "externalRef", "name"}
    old = {"principalId": created["principalID"], "externalRef": "r"}
    refused = sandbox.papi("POST", "/v1/banks", {"data": {"toRemove": [old]}})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "REMOVAL_FORBIDDEN")
    assert created["principalID"] in {b["_id"] for b in sandbox.papi("GET", "/v1/banks").json()["data"]}


def test_question_4_an_expired_authorisation_may_be_not_found(wired, product):
    wired.settings(patchExpiredStatus=404)
    product.connect()
    wired.advance(1201)
    authorisation_id = wired.admin("GET", "/authorisations")[-1]["authorisationId"]
    wired.token = None
    patch = {"data": {"status": "failure"}}
    assert wired.papi("PATCH", f"/v1/authorisations/{authorisation_id}", patch).status_code == 404


def test_a_statement_may_be_shorter(wired, account, make):
    wired.settings(statementLinesMax=2)
    refused = wired.post_statement(account, make.lines(3))
    assert [e["code"] for e in refused.json()["errors"]] == ["TOO_MANY_TRANSACTIONS"]
    assert wired.deliver(account, make.lines(2))["status"] == "completed"


@pytest.mark.parametrize(("way", "status"), [("warn", "completed"), ("refuse", "failed"), ("accept", "completed")])
def test_lines_of_the_future(wired, account, make, way, status):
    wired.settings(futureDates=way)
    today = datetime.fromisoformat(wired.admin("GET", "/clock")["now"])
    lines = [make.line(f"d{ahead}", on=(today + timedelta(days=ahead)).date().isoformat()) for ahead in (1, 2)]
    done = wired.deliver(account, lines)
    assert done["status"] == status
    found = [e["path"] for e in done.get("errors", []) + done.get("warnings", []) if e["code"] == "DATE_FUTURE"]
    assert found == ([] if way == "accept" else ["data.transactionDetails[1].datePosted"])


def test_a_sign_that_does_not_fit_the_type_draws_a_warning(wired, account, make):
    lines = [
        make.line("a", 5, transactionType="DEBIT"),
        make.line("b", -5, transactionType="CREDIT"),
        make.line("c", -5),
    ]
    done = wired.deliver(account, lines)
    assert done["status"] == "completed"
    assert [(w["code"], w["path"][:24]) for w in done["warnings"]] == [
        ("SIGN", "data.transactionDetails["),
        ("SIGN", "data.transactionDetails["),
    ]
