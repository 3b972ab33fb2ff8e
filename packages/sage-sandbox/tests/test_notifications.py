"""Notifications: at least once, retried for fifteen minutes, faults of delivery (5.1, 8)."""

import jwt
import pytest


def only(sandbox):
    (notification,) = sandbox.admin("GET", "/notifications")
    return notification


def told(sandbox, make, attempts):
    """The only notification, once it has been tried so often."""
    return make.eventually(lambda: (n := only(sandbox))["attempts"] == attempts and n)


def connected(sandbox, provider):
    sandbox.wire_bank(provider)
    sandbox.product().connect()


def test_a_notification_is_retried_with_a_growing_wait_until_it_is_taken(sandbox, provider, make):
    provider.answers["/notification"] = [(500, ""), (503, ""), (204, "")]
    connected(sandbox, provider)
    first = told(sandbox, make, 1)
    assert (first["status"], first["lastStatusCode"]) == ("pending", 500)
    sandbox.advance(31)
    second = told(sandbox, make, 2)
    assert (second["status"], second["lastStatusCode"]) == ("pending", 503)
    sandbox.advance(31)
    assert only(sandbox)["attempts"] == 2
    sandbox.advance(30)
    third = told(sandbox, make, 3)
    assert (third["status"], third["lastStatusCode"]) == ("delivered", 204)
    bodies = [call["body"] for call in provider.to("/notification")]
    assert bodies[0] == bodies[1] == bodies[2]
    assert third == third | {
        "type": "resourceCreated",
        "resourceType": "authorisation",
        "resourceId": bodies[0]["resource"]["id"],
        "url": provider.callbacks["notification"],
    }


def test_a_notification_is_given_up_after_fifteen_minutes(sandbox, provider, make):
    provider.answers["/notification"] = [(500, "")]
    connected(sandbox, provider)
    attempts = 1
    while told(sandbox, make, attempts)["status"] == "pending":
        sandbox.advance(30 * attempts + 1)
        attempts += 1
    assert only(sandbox)["status"] == "failed"
    assert attempts == 8
    sandbox.advance(3600)
    assert only(sandbox)["attempts"] == 8


def test_an_unreachable_provider_gets_its_notification_later(sandbox, provider, make):
    bank_id = sandbox.wire_bank(provider)
    callbacks = provider.callbacks | {"notification": "http://127.0.0.1:1/notification"}
    sandbox.admin("PUT", f"/banks/{bank_id}", {"callbackURLs": callbacks})
    sandbox.product().connect()
    assert told(sandbox, make, 1)["lastStatusCode"] is None
    sandbox.wire_bank(provider)
    sandbox.advance(31)
    assert told(sandbox, make, 2)["status"] == "delivered"


def test_a_bank_without_callbacks_is_retried_too(sandbox, provider, make):
    bank = sandbox.admin("POST", "/banks", {"name": "Late", "countryCode": "GBR"})
    sandbox.product().connect(bank["bankId"])
    assert told(sandbox, make, 1)["status"] == "pending"
    sandbox.wire_bank(provider, bank["bankId"])
    sandbox.advance(31)
    assert told(sandbox, make, 2)["status"] == "delivered"


def test_a_slow_provider_is_cut_off(sandbox, provider, make):
    sandbox.settings(connectorTimeoutMs=1)
    connected(sandbox, provider)
    assert told(sandbox, make, 1)["status"] == "pending"


@pytest.mark.parametrize("on", ["AuthorisationCreated", "notification", "POST /notification", "resourceCreated", "N1"])
def test_a_duplicated_notification_arrives_twice(sandbox, provider, make, on):
    sandbox.fault(on, "duplicate")
    connected(sandbox, provider)
    make.eventually(lambda: len(provider.to("/notification")) == 2)
    first, second = provider.to("/notification")
    assert first["body"] == second["body"]
    assert first["headers"]["authorization"] != second["headers"]["authorization"]


def test_a_dropped_notification_never_arrives(sandbox, provider, make):
    sandbox.fault("notification", "drop", times=1)
    connected(sandbox, provider)
    make.eventually(lambda: only(sandbox)["status"] == "dropped")
    sandbox.advance(3600)
    assert provider.to("/notification") == []
    assert only(sandbox)["attempts"] == 0


def test_a_notification_whose_answer_is_cut_off_comes_again(sandbox, provider, make):
    sandbox.fault("N1", "cut_after", times=1)
    connected(sandbox, provider)
    assert told(sandbox, make, 1)["lastStatusCode"] is None
    sandbox.advance(31)
    assert told(sandbox, make, 2)["status"] == "delivered"
    assert len(provider.to("/notification")) == 2


def test_a_notification_cut_before_comes_later(sandbox, provider, make):
    sandbox.fault("N1", "cut_before", times=1)
    connected(sandbox, provider)
    told(sandbox, make, 1)
    assert provider.to("/notification") == []
    sandbox.advance(31)
    assert told(sandbox, make, 2)["status"] == "delivered"


def test_a_notification_may_be_answered_by_a_fault(sandbox, provider, make):
    sandbox.fault("N1", "status", status=401, times=1)
    connected(sandbox, provider)
    assert told(sandbox, make, 1)["lastStatusCode"] == 401
    assert provider.to("/notification") == []


def test_a_notification_may_be_late(wired, provider, product, make):
    wired.fault("BankAccountCreated", "delay", delayMs=150, times=1)
    account = product.link()

    def linked():
        return [
            c["body"]["resource"]["id"]
            for c in provider.to("/notification")
            if c["body"]["resource"]["type"] == "bankAccount"
        ]

    assert linked() == []
    assert make.eventually(linked) == [account["bankAccountId"]]


def test_a_fault_may_concern_one_bank_account(wired, provider, product, account, make):
    other = product.link("ext-2")
    make.eventually(lambda: len(provider.to("/notification")) == 4)
    wired.fault("N4", "drop", bankAccountId=other["bankAccountId"])
    for linked in (account, other):
        product.call("DELETE", f"/bankaccounts/{linked['bankAccountId']}")
    make.eventually(
        lambda: (
            {n["status"] for n in wired.admin("GET", "/notifications") if n["type"] == "resourceDeleted"}
            == {"delivered", "dropped"}
        )
    )
    assert [
        c["body"]["resource"]["id"] for c in provider.to("/notification") if c["body"]["type"] == "resourceDeleted"
    ] == [account["bankAccountId"]]


def test_a_reordered_notification_comes_after_the_next_one(wired, provider, product, make):
    wired.fault("BankAccountCreated", "reorder", times=1)
    account = product.link()
    product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}")

    def about():
        called = [c["body"] for c in provider.to("/notification")]
        return [body["type"] for body in called if body["resource"]["type"] == "bankAccount"]

    make.eventually(lambda: len(about()) == 2)
    assert about() == ["resourceDeleted", "resourceCreated"]
    make.eventually(lambda: {n["status"] for n in wired.admin("GET", "/notifications")} == {"delivered"})


def test_a_reordered_notification_without_another_comes_after_its_time(sandbox, provider, make):
    sandbox.fault("N1", "reorder", delayMs=120, times=1)
    connected(sandbox, provider)
    assert provider.to("/notification") == []
    assert told(sandbox, make, 1)["status"] == "delivered"


def test_a_notification_may_carry_a_wrong_header(sandbox, provider, make):
    sandbox.fault("N1", "wrong_header")
    connected(sandbox, provider)
    told(sandbox, make, 1)
    name, value = make.header
    headers = provider.to("/notification")[0]["headers"]
    assert headers[name.lower()] not in {"", value}
    assert checked(sandbox, headers)["iss"] == f"{sandbox.details['cloudIdUrl']}/"


@pytest.mark.parametrize(
    ("action", "error"),
    [("wrong_token", jwt.InvalidSignatureError), ("expired_token", jwt.ExpiredSignatureError)],
)
def test_a_notification_may_carry_a_token_that_must_be_refused(sandbox, provider, make, action, error):
    sandbox.fault("N1", action)
    connected(sandbox, provider)
    told(sandbox, make, 1)
    headers = provider.to("/notification")[0]["headers"]
    assert headers[make.header[0].lower()] == make.header[1]
    with pytest.raises(error):
        checked(sandbox, headers)


def test_a_script_says_what_happens_to_each_attempt(sandbox, provider, make):
    sandbox.admin("POST", "/faults", {"on": "N1", "script": ["status:500", "cut_after", "pass"]})
    connected(sandbox, provider)
    told(sandbox, make, 1)
    for attempts, wait_s in ((2, 31), (3, 61)):
        sandbox.advance(wait_s)
        told(sandbox, make, attempts)
    assert len(provider.to("/notification")) == 2
    assert only(sandbox)["status"] == "delivered"


def checked(sandbox, headers):
    """The claims of the token, verified by the published keys as a provider does it."""
    token = headers["authorization"].removeprefix("Bearer ")
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get(sandbox.details["jwksUrl"]).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=sandbox.details["audience"])
