"""The flows of section 10, by API alone."""

import jwt


def test_a_bank_account_is_linked_and_its_lines_become_readable(wired, provider, make):
    product = wired.product()
    opened = product.connect()
    assert opened["pollPeriod"] == 5000
    make.eventually(lambda: provider.to("/auth"))
    notified = provider.to("/notification")[0]
    asked = provider.to("/auth")[0]["query"]
    authorisation_id = asked["authorisation_id"]
    assert notified["body"] == {
        "type": "resourceCreated",
        "resource": {"id": authorisation_id, "type": "authorisation", "url": "NA"},
        "additionalData": {"bankId": wired.details["bankId"]},
    }
    assert asked["bank"] == wired.details["bankId"]
    assert asked["state"] != authorisation_id
    assert asked["redirect_uri"].startswith(f"{wired.details['consumerUrl']}/indirectredirect/")

    accounts = [make.granted("ext-1"), make.granted("ext-2")]
    patched = wired.papi(
        "PATCH", f"/v1/authorisations/{authorisation_id}", {"data": {"status": "success", "bankAccounts": accounts}}
    )
    assert patched.status_code == 200
    assert patched.json() == {"data": {"_id": authorisation_id, "status": "success"}}

    polled = product.poll(opened["pollRoute"])
    assert polled["success"] is True
    assert polled["account"]["bankAccountExternalId"] == "ext-1"
    account = product.open_account(polled["account"])
    assert account["status"] == "pending"
    make.eventually(lambda: len(provider.to("/notification")) == 2)
    assert provider.to("/notification")[1]["body"]["additionalData"] == {
        "externalId": "ext-1",
        "requestedStartDate": "2026-01-01T00:00:00Z",
        "bankId": wired.details["bankId"],
    }

    done = wired.deliver(account, [make.line("a", 100), make.line("b", -100)])
    assert done["status"] == "completed"
    path = f"/bankaccounts/{account['bankAccountId']}"
    assert product.call("GET", path).json()["status"] == "active"
    listed = product.call("GET", f"{path}/transactions?startIndex=1").json()
    assert listed["bankAccount"]["status"] == "active"
    listing = listed["bankTransactionList"]
    assert [(t["transactionId"], t["uniqueId"], t["transactionAmount"]) for t in listing["transactions"]] == [
        (1, "a", 100),
        (2, "b", -100),
    ]
    assert (listing["startIndex"], listing["endIndex"], listing["total"], listing["next"], listing["last"]) == (
        1,
        2,
        2,
        None,
        2,
    )

    found = wired.papi(
        "POST", "/v1/accountqueries", {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    )
    assert found.json()["data"]["bankAccountId"] == account["bankAccountId"]
    assert found.json()["data"]["status"] == "active"


def test_an_account_that_needs_it_is_reauthorised(wired, provider, product, account, make):
    wired.deliver(account, [make.line("a")])
    refused = wired.deliver(account, [], status="authRequired")
    assert refused["status"] == "completed"
    path = f"/bankaccounts/{account['bankAccountId']}"
    assert product.call("GET", f"{path}/transactions").json()["bankAccount"]["status"] == "authRequired"
    opened = product.call("GET", f"{path}/indirectauth?web=true")
    assert opened.status_code == 302
    make.eventually(lambda: provider.to("/authrefresh"))
    asked = provider.to("/authrefresh")[0]["query"]
    assert asked["bankaccount"] == account["bankAccountId"]
    assert asked["externalId"] == "ext-1"
    assert "bank" not in asked
    assert (
        wired.papi(
            "PATCH", f"/v1/authorisations/{asked['authorisation_id']}", {"data": {"status": "success"}}
        ).status_code
        == 200
    )
    assert product.poll(opened.json()["pollRoute"])["success"] is True
    assert product.call("GET", path).json()["status"] == "active"


def test_further_accounts_of_a_login_are_linked_from_candidates(wired, provider, product, account, make):
    wired.deliver(account, [make.line("a")])
    provider.available = [
        {
            "accountType": "business",
            "accountName": f"Account {i}",
            "externalId": f"ext-{i}",
            "bankIdentifier": "cust-1",
            "accountIdentifier": f"number-of-ext-{i}",
            "branchIdentifier": "20-00-00",
        }
        for i in (1, 2, 3)
    ] + [
        {
            "accountType": "business",
            "accountName": "Stranger",
            "externalId": "ext-9",
            "bankIdentifier": "cust-2",
            "accountIdentifier": "9",
        }
    ]
    path = f"/availablebankaccounts?bankAccountIds={account['bankAccountId']}"

    def available() -> list:
        response = product.call("GET", path)
        assert response.status_code == 200
        return response.json()["availableAccounts"]

    assert available() == []
    found = make.eventually(available)
    assert provider.to("/availableaccounts")[0]["query"] == {"externalId": "ext-1"}
    assert [(c["bankAccountExternalId"], c["metadata"]["connected"]) for c in found] == [
        ("ext-1", True),
        ("ext-2", False),
        ("ext-3", False),
    ]
    before = 2
    make.eventually(lambda: len(provider.to("/notification")) == before)
    for candidate in found[1:]:
        body = {
            "bankAccountCandidateId": candidate["bankAccountCandidateId"],
            "requestedStartDate": "2026-02-01T00:00:00.000Z",
        }
        linked = product.call("POST", "/linkavailablebankaccount", body)
        assert linked.status_code == 201
        assert linked.json()["status"] == "pending"
    make.eventually(lambda: len(provider.to("/notification")) == before + 2)
    told = [call["body"]["additionalData"]["externalId"] for call in provider.to("/notification")[before:]]
    assert sorted(told) == ["ext-2", "ext-3"]
    assert all(c["metadata"]["connected"] for c in available())
    again = product.call("POST", "/linkavailablebankaccount", body)
    assert again.status_code == 409


def test_a_disconnected_account_is_cancelled_for_good(wired, provider, product, account, make):
    wired.deliver(account, [make.line("a")])
    path = f"/bankaccounts/{account['bankAccountId']}"
    before = 2
    make.eventually(lambda: len(provider.to("/notification")) == before)
    assert product.call("DELETE", path).status_code == 204
    assert product.call("GET", path).json()["status"] == "cancelled"
    assert product.call("GET", f"{path}/transactions").json()["bankTransactionList"]["transactions"] == []
    make.eventually(lambda: len(provider.to("/notification")) > before)
    assert provider.to("/notification")[-1]["body"] == {
        "type": "resourceDeleted",
        "resource": {"id": account["bankAccountId"], "type": "bankAccount", "url": "NA"},
        "additionalData": {"externalId": "ext-1", "bankId": wired.details["bankId"]},
    }
    refused = wired.post_statement(account, [make.line("b")])
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "BANK_ACCOUNT_CANCELLED"
    query = {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    assert wired.papi("POST", "/v1/accountqueries", query).json()["data"]["status"] == "cancelled"
    assert product.call("DELETE", path).status_code == 409


def test_a_disconnected_account_can_be_linked_again_under_a_new_id(wired, product, account, make):
    wired.deliver(account, [make.line("a")])
    product.call("DELETE", f"/bankaccounts/{account['bankAccountId']}")
    again = product.link()
    assert again["bankAccountId"] != account["bankAccountId"]
    assert wired.deliver(again, [make.line("a")])["status"] == "completed"
    query = {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    assert wired.papi("POST", "/v1/accountqueries", query).json()["data"]["bankAccountId"] == again["bankAccountId"]


def test_notifications_carry_the_registered_header_and_a_token_of_ours(wired, provider, account, make):
    make.eventually(lambda: len(provider.to("/notification")) == 2)
    keys = jwt.PyJWKSet.from_dict(wired.http.get(wired.details["jwksUrl"]).json())
    seen = set()
    for call in provider.to("/notification"):
        assert call["headers"][make.header[0].lower()] == make.header[1]
        scheme, token = call["headers"]["authorization"].split(" ")
        assert scheme == "Bearer"
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key,
            ["RS256"],
            audience=wired.details["audience"],
            issuer=f"{wired.details['cloudIdUrl']}/",
            options={"require": ["exp", "iat", "jti"]},
        )
        seen.add(claims["jti"])
    assert len(seen) == 2


def test_two_companies_may_link_one_account(wired, provider, make):
    first, second = wired.product().link(), wired.product().link()
    assert first["bankAccountId"] != second["bankAccountId"]
    query = {"data": {"bankId": wired.details["bankId"], "externalId": "ext-1"}}
    assert wired.papi("POST", "/v1/accountqueries", query).json()["data"]["bankAccountId"] == second["bankAccountId"]
    wired.settings(sharedAccounts=False)
    product = wired.product()
    account = product.authorise(make.granted())
    body = {
        "accountType": "DEBIT",
        "accountName": "x",
        "accountKey": account["accountKey"],
        "accountIdentifier": "x",
        "bankIdentifier": "x",
        "bankId": wired.details["bankId"],
        "requestedStartDate": "2026-01-01",
        "defaultCurrency": "GBP",
    }
    assert product.call("POST", "/bankaccounts", body).status_code == 409
