"""What the browser sees: the provider's page embedded, back again, the account picker (5.2, 10.1)."""

import re
from html.parser import HTMLParser

import pytest


class Page(HTMLParser):
    """Controls, labels and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.inputs, self.labels, self.tags, self.text, self.forms = [], [], [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag == "input":
            self.inputs.append(attrs | {"in_label": bool(self.labels) and self.labels[-1] is None})
        if tag == "label":
            self.labels.append(attrs.get("for"))
        if tag == "form":
            self.forms.append(attrs)

    def handle_endtag(self, tag):
        if tag == "label" and self.labels[-1] is None:
            self.labels[-1] = ""

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def manual(sandbox, provider):
    """A sandbox whose user has a browser."""
    sandbox.wire_bank(provider)
    return sandbox


@pytest.fixture
def returned(manual, make):
    """A user back from the provider: the product, its poll route, the picker's address."""
    product = manual.product()
    opened = product.connect()
    manual.http.get(opened["redirect"])
    authorisation = manual.admin("GET", "/authorisations")[0]
    accounts = [make.granted("ext-1", "Current <b>1</b>"), make.granted("ext-2", "Savings")]
    manual.papi(
        "PATCH",
        f"/v1/authorisations/{authorisation['authorisationId']}",
        {"data": {"status": "success", "bankAccounts": accounts}},
    )
    return product, opened["pollRoute"], f"{authorisation['redirectUri']}?state={authorisation['state']}"


def status_of(sandbox):
    return sandbox.admin("GET", "/authorisations")[0]["status"]


def test_the_providers_page_is_fetched_by_the_server_and_embedded_in_the_body(manual, provider):
    html = '<script>window.location = "https://bank.example/login"</script><p>Élan & <b>co</b></p>'
    provider.answers["/auth"] = [(200, html)]
    opened = manual.product().connect()
    assert opened["redirect"].startswith(manual.details["uiUrl"])
    assert provider.to("/auth") == []
    page = manual.http.get(opened["redirect"])
    assert page.status_code == 200
    assert html in page.text
    assert page.text.index("<body>") < page.text.index(html) < page.text.index("</body>")
    assert len(provider.to("/notification")) == 1
    assert provider.calls.index(provider.to("/notification")[0]) < provider.calls.index(provider.to("/auth")[0])
    assert status_of(manual) == "presented"


def test_the_providers_page_is_asked_for_in_the_browsers_languages(manual, provider):
    """At onboarding and at renewal; what no header may carry or no browser sends stays here."""

    def asked(redirect, *, path="/auth", **sent):
        manual.http.get(redirect, headers=sent)
        return provider.to(path)[-1]["headers"].get("accept-language")

    product = manual.product()
    french = "fr-CA,fr;q=0.9,en;q=0.8"
    assert asked(product.connect()["redirect"], **{"accept-language": french}) == french
    assert asked(product.connect()["redirect"]) is None
    assert asked(product.connect()["redirect"], **{"accept-language": b"fr\xe9"}) is None
    longest = "fr" + "," * 498
    assert asked(product.connect()["redirect"], **{"accept-language": longest}) == longest
    assert asked(product.connect()["redirect"], **{"accept-language": f"{longest},"}) is None
    manual.settings(autoPickAccount=True, autoReturn=True)
    path = f"/bankaccounts/{product.link()['bankAccountId']}/indirectauth?web=true"
    manual.settings(autoPickAccount=False, autoReturn=False)
    renewing = product.call("GET", path).json()["redirect"]
    assert asked(renewing, path="/authrefresh", **{"accept-language": french}) == french


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_provider_without_a_page_is_told_of(manual, provider, status):
    provider.answers["/auth"] = [(status, "http://127.0.0.1:1/")]
    page = manual.http.get(manual.product().connect()["redirect"])
    assert page.status_code == 502
    assert str(status) in page.text
    assert status_of(manual) == "notified"


def test_a_provider_that_is_down_is_told_of(manual):
    manual.admin(
        "PUT",
        f"/banks/{manual.details['bankId']}",
        {"callbackURLs": dict.fromkeys(("notification", "availableAccounts", "auth", "reAuth"), "http://127.0.0.1:1/")},
    )
    assert manual.http.get(manual.product().connect()["redirect"]).status_code == 502


def test_the_picker_lists_the_accounts_first_preselected_not_listed_last(manual, returned):
    _, _, address = returned
    response = manual.http.get(address)
    assert response.status_code == 200
    assert status_of(manual) == "returned"
    page = Page(response.text)
    assert "Several accounts belong to this login" in page.text
    assert "Current <b>1</b>" in page.text
    radios = [i for i in page.inputs if i["type"] == "radio"]
    assert len(radios) == 3
    assert ["checked" in r for r in radios] == [True, False, False]
    assert radios[-1]["value"] == "not-listed"
    dates = [i for i in page.inputs if i["type"] == "date"]
    assert [d["name"] for d in dates] == ["startDate"]
    assert all(i["in_label"] or i.get("id") in page.labels for i in page.inputs)
    assert any(tag == "button" for tag, _ in page.tags)
    assert "OK" in page.text
    assert not any(tag == "script" for tag, _ in page.tags)
    outside = [a for _, a in page.tags if re.match(r"(https?:)?//", a.get("src") or a.get("href") or "")]
    assert outside == []


def choose(sandbox, address, **changes):
    page = Page(sandbox.http.get(address).text)
    radios = [i["value"] for i in page.inputs if i["type"] == "radio"]
    form = {"account": radios[0], "startDate": "2026-02-03"} | changes
    action = address.rsplit("/", 1)[0] + "/" + page.forms[0]["action"]
    return sandbox.http.post(action, data=form)


def test_picking_ends_the_poll_with_the_account(manual, returned):
    product, poll_route, address = returned
    waiting = manual.http.get(poll_route)
    assert waiting.status_code == 202
    assert "connected" in choose(manual, address).text
    account = product.poll(waiting.json()["pollRoute"])["account"]
    assert (account["bankAccountExternalId"], account["requestedStartDate"]) == ("ext-1", "2026-02-03")
    assert status_of(manual) == "consumed"


def test_not_listed_ends_the_poll_without_an_account(manual, returned):
    product, poll_route, address = returned
    assert "Not connected" in choose(manual, address, account="not-listed").text
    assert product.poll(poll_route) == {"account": None, "success": False}


@pytest.mark.parametrize("changes", [{"account": "another"}, {"account": ""}, {"startDate": "soon"}, {"startDate": ""}])
def test_a_bad_choice_shows_the_picker_again(manual, returned, changes):
    _, _, address = returned
    response = choose(manual, address, **changes)
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert status_of(manual) == "returned"


def test_coming_back_without_a_result_fails_the_session(manual):
    product = manual.product()
    opened = product.connect()
    authorisation = manual.admin("GET", "/authorisations")[0]
    page = manual.http.get(f"{authorisation['redirectUri']}?state={authorisation['state']}")
    assert "Not connected" in page.text
    assert product.poll(opened["pollRoute"]) == {"account": None, "success": False}


@pytest.mark.parametrize("query", ["", "?state=", "?state=wrong"])
def test_another_state_is_refused_and_changes_nothing(manual, returned, query):
    _, _, address = returned
    response = manual.http.get(address.split("?", maxsplit=1)[0] + query)
    assert response.status_code == 400
    assert manual.admin("GET", "/calls?section=5.2")[0]["rule"]["code"] == "STATE_DIFFERS"
    assert status_of(manual) == "authorised"
    assert manual.http.get(address).status_code == 200


def test_the_authorisation_id_is_not_the_state(manual, returned):
    _, _, address = returned
    authorisation_id = manual.admin("GET", "/authorisations")[0]["authorisationId"]
    assert manual.http.get(f"{address.split('?', maxsplit=1)[0]}?state={authorisation_id}").status_code == 400


def test_a_late_user_is_told_so(manual, returned):
    _, _, address = returned
    manual.advance(1201)
    assert "more than 20 minutes" in manual.http.get(address).text
    assert status_of(manual) == "expired"


def test_addresses_that_belong_to_nothing_are_not_found(manual):
    assert manual.http.get(f"{manual.details['uiUrl']}/link/nothing").status_code == 404
    assert manual.http.get(f"{manual.details['consumerUrl']}/indirectredirect/nothing?state=x").status_code == 404


def test_a_reauthorisation_ends_without_a_picker(manual, provider, make):
    manual.settings(autoReturn=True, autoPickAccount=True)
    product = manual.product()
    account = product.link()
    manual.settings(autoReturn=False, autoPickAccount=False)
    manual.deliver(account, [], status="authRequired")
    opened = product.call("GET", f"/bankaccounts/{account['bankAccountId']}/indirectauth?web=true").json()
    provider.answers["/authrefresh"] = [(200, "Renew")]
    assert "Renew" in manual.http.get(opened["redirect"]).text
    authorisation = manual.admin("GET", "/authorisations")[-1]
    manual.papi("PATCH", f"/v1/authorisations/{authorisation['authorisationId']}", {"data": {"status": "success"}})
    back = manual.http.get(f"{authorisation['redirectUri']}?state={authorisation['state']}")
    assert "renewed" in back.text
    assert product.poll(opened["pollRoute"])["success"] is True


def test_the_picker_picks_by_itself_when_told_to(manual, returned):
    product, poll_route, address = returned
    manual.settings(autoPickAccount=True)
    assert "connected" in manual.http.get(address).text
    assert product.poll(poll_route)["account"]["bankAccountExternalId"] == "ext-1"


def test_the_start_page_shows_addresses_banks_and_accounts(wired, account):
    page = wired.http.get(wired.details["uiUrl"])
    assert page.status_code == 200
    for shown in (wired.details["providerUrl"], wired.details["bankId"], account["accountName"]):
        assert shown in page.text
    assert (
        wired.http.get(f"{wired.details['adminUrl']}/static/style.css").headers["content-type"].startswith("text/css")
    )
