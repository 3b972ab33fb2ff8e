"""The judge catches every kind of offence, and is silent where nothing is wrong."""

from decimal import Decimal

import pytest

KINDS = ("lost", "doubled", "outOfOrder", "early", "misrouted", "unexpected", "wrongDates", "sums", "balances")


@pytest.fixture
def expect(sandbox):
    """Post what should arrive: externalId=[(uniqueId, amount in major units, date), …]."""

    def post(**accounts):
        listed = [
            {
                "externalId": external.replace("_", "-"),
                "lines": [{"uniqueId": u, "amount": a, "date": d} for u, a, d in lines],
            }
            for external, lines in accounts.items()
        ]
        return sandbox.admin("POST", "/expectations", {"accounts": listed})

    return post


@pytest.fixture
def guilty(sandbox, account):
    """See that these offences, and no others, are found in the account."""

    def check(account_id=None, **offences):
        verdict = sandbox.verdict()
        found = next(a for a in verdict["accounts"] if a["bankAccountId"] == (account_id or account["bankAccountId"]))
        assert {kind: found[kind] for kind in KINDS if found[kind]} == offences
        assert verdict["clean"] is (not offences) or account_id
        assert (found["firstOffence"] is None) is (not offences)
        return found

    return check


THREE = [("a", 1, "2026-03-02"), ("b", -0.5, "2026-03-02"), ("c", 2, "2026-03-03")]


def test_nothing_is_wrong_with_nothing(sandbox):
    assert sandbox.verdict() == {"clean": True, "expectations": False, "accounts": []}


def test_a_delivery_as_expected_is_clean(wired, account, make, expect, guilty):
    assert expect(ext_1=THREE) == {"accounts": 1, "lines": 3}
    wired.deliver(account, [make.line("a", 100), make.line("b", -50)], balance=1050)
    wired.deliver(account, [make.line("c", 200, "2026-03-03")], balance=1250)
    found = guilty()
    assert (found["lines"], found["externalId"], found["status"]) == (3, "ext-1", "active")
    assert wired.verdict()["expectations"] is True


def test_without_expectations_order_doubling_and_balances_are_judged(wired, account, make, guilty):
    wired.deliver(account, [make.line("a", 100)], balance=100)
    wired.plant(account["bankAccountId"], ("a", 100, "2026-03-02"), ("z", 5, "2026-03-01"), balance=205)
    found = guilty(doubled=["a"], outOfOrder=["z"])
    assert found["firstOffence"] | {"statementId": None} == {
        "kind": "doubled",
        "message": "stored before",
        "uniqueId": "a",
        "statementId": None,
    }
    assert wired.verdict()["expectations"] is False


def test_a_lost_line_is_seen(wired, account, make, expect, guilty):
    expect(ext_1=THREE)
    wired.deliver(account, [make.line("a", 100), make.line("c", 200, "2026-03-03")])
    found = guilty(lost=["b"])
    assert found["firstOffence"]["kind"] == "lost"
    assert found["firstOffence"]["uniqueId"] == "b"


def test_a_line_lost_before_it_was_ever_offered_is_seen(wired, account, expect, guilty):
    expect(ext_1=THREE)
    guilty(lost=["a", "b", "c"])


def test_an_account_that_was_never_linked_has_lost_everything(wired, account, expect):
    expect(ext_1=[], ext_2=THREE)
    verdict = wired.verdict()
    assert verdict["clean"] is False
    assert [(a["bankAccountId"], a["externalId"], a["lost"]) for a in verdict["accounts"] if a["lost"]] == [
        (None, "ext-2", ["a", "b", "c"])
    ]


def test_a_doubled_line_is_seen(wired, account, expect, guilty):
    expect(ext_1=THREE[:2])
    wired.plant(account["bankAccountId"], ("a", 100, "2026-03-02"), ("b", -50, "2026-03-02"), ("a", 100, "2026-03-02"))
    guilty(doubled=["a"])


def test_disorder_is_seen_even_within_a_day(wired, account, expect, guilty):
    expect(ext_1=THREE)
    wired.plant(account["bankAccountId"], ("b", -50, "2026-03-02"), ("a", 100, "2026-03-02"), ("c", 200, "2026-03-03"))
    guilty(outOfOrder=["a"])


def test_an_early_line_is_seen(wired, account, expect, guilty):
    expect(ext_1=[("old", 1, "2025-12-31"), *THREE[:1]])
    wired.plant(account["bankAccountId"], ("old", 100, "2025-12-31"), ("a", 100, "2026-03-02"))
    guilty(early=["old"])


def test_a_line_before_the_start_date_is_not_missed(wired, account, make, expect, guilty):
    expect(ext_1=[("old", 1, "2025-12-31"), ("first", 1, "2026-01-01")])
    wired.deliver(account, [make.line("first", 100, "2026-01-01")])
    guilty()


def test_a_misrouted_line_is_seen(wired, product, account, make, expect, guilty):
    other = product.link("ext-2")
    expect(ext_1=THREE[:1], ext_2=[("x", 1, "2026-03-02")])
    wired.deliver(other, [make.line("x", 100)])
    wired.plant(account["bankAccountId"], ("a", 100, "2026-03-02"), ("x", 100, "2026-03-02"))
    guilty(misrouted=["x"])


def test_one_id_may_be_expected_in_two_accounts(wired, product, account, make, expect):
    other = product.link("ext-2")
    expect(ext_1=THREE[:1], ext_2=THREE[:1])
    wired.deliver(account, [make.line("a", 100)])
    wired.deliver(other, [make.line("a", 100)])
    assert wired.verdict()["clean"] is True


def test_a_wrong_amount_is_a_wrong_sum(wired, account, make, expect, guilty):
    expect(ext_1=THREE[:2])
    done = wired.deliver(account, [make.line("a", 10000), make.line("b", -50)])
    wrong = {"statementId": done["_id"], "expected": 50, "stored": 9950, "uniqueIds": ["a"]}
    guilty(sums=[wrong])


def test_two_wrong_amounts_that_cancel_out_are_seen(wired, account, make, expect, guilty):
    expect(ext_1=[("a", 1, "2026-03-02"), ("b", 2, "2026-03-02")])
    wired.deliver(account, [make.line("a", 200), make.line("b", 100)])
    assert wired.verdict()["accounts"][0]["sums"][0]["uniqueIds"] == ["a", "b"]


def test_a_wrong_balance_is_seen_and_the_next_is_judged_from_it(wired, account, make, guilty):
    wired.deliver(account, [make.line("a", 100)], balance=1100)
    wired.deliver(account, [make.line("b", -50)], balance=1040)
    wired.deliver(account, [make.line("c", 10)], balance=1050)
    found = wired.verdict()["accounts"][0]
    assert [(w["expected"], w["ledgerBalance"]) for w in found["balances"]] == [(1050, 1040)]


def test_a_planted_wrong_balance_is_seen(wired, account, make, guilty):
    wired.deliver(account, [make.line("a", 100)], balance=1100)
    wired.plant(account["bankAccountId"], balance=1)
    assert len(wired.verdict()["accounts"][0]["balances"]) == 1


def test_balances_are_followed_across_statements_that_name_none(wired, account, make, guilty):
    wired.deliver(account, [], balance=77)
    wired.deliver(account, [make.line("a", 100)], balance=1100)
    wired.deliver(account, [], status="active", balance=None)
    wired.plant(account["bankAccountId"], ("b", 50, "2026-03-02"))
    wired.plant(account["bankAccountId"], ("c", 25, "2026-03-02"), balance=1175)
    guilty()


def test_an_invented_line_and_a_wrong_date_are_seen(wired, account, make, expect, guilty):
    expect(ext_1=THREE[:1])
    wired.plant(account["bankAccountId"], ("a", 100, "2026-03-03"), ("ghost", 1, "2026-03-03"))
    guilty(unexpected=["ghost"], wrongDates=["a"])


def test_every_open_link_of_an_account_must_have_every_line(wired, product, account, make, expect):
    second = wired.product().link(start="2026-03-03")
    cancelled = wired.product()
    gone = cancelled.link()
    cancelled.call("DELETE", f"/bankaccounts/{gone['bankAccountId']}")
    expect(ext_1=THREE)
    wired.deliver(account, [make.line("a", 100), make.line("b", -50), make.line("c", 200, "2026-03-03")])
    lost = {a["bankAccountId"]: a["lost"] for a in wired.verdict()["accounts"]}
    assert lost == {account["bankAccountId"]: [], second["bankAccountId"]: ["c"], gone["bankAccountId"]: []}
    wired.deliver(second, [make.line("c", 200, "2026-03-03")])
    assert wired.verdict()["clean"] is True
    wired.plant(gone["bankAccountId"], ("b", -50, "2026-03-02"), ("a", 100, "2026-03-02"), ("a", 100, "2026-03-02"))
    found = wired.account_verdict(gone["bankAccountId"])
    assert (found["outOfOrder"], found["doubled"], found["lost"]) == (["a"], ["a"], [])


@pytest.mark.parametrize(("currency", "stored"), [("GBP", 1500), ("JPY", 15), ("KWD", 15000)])
def test_minor_units_depend_on_the_currency(wired, product, make, expect, currency, stored):
    account = product.link(currency=currency)
    expect(ext_1=[("a", 15, "2026-03-02")])
    wired.deliver(account, [make.line("a", stored)])
    assert wired.verdict()["clean"] is True


def test_major_units_are_read_as_they_are(wired, account, make, expect):
    wired.settings(amountUnit="major")
    expect(ext_1=[("a", 15.25, "2026-03-02")])
    wired.deliver(account, [make.line("a", 15.25)], balance=15.25)
    assert wired.verdict()["clean"] is True
    wired.settings(amountUnit="minor")
    assert wired.verdict()["accounts"][0]["sums"][0]["expected"] == Decimal(1525)


def test_expectations_are_replaced_account_by_account_and_cleared(wired, account, make, expect):
    expect(ext_1=THREE)
    expect(ext_1=THREE[:1])
    wired.deliver(account, [make.line("a", 100)])
    assert wired.verdict()["clean"] is True
    wired.admin("DELETE", "/expectations")
    assert wired.verdict()["expectations"] is False


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "accounts"),
        ({"accounts": [{"lines": []}]}, "accounts[0].externalId"),
        (
            {"accounts": [{"externalId": "x", "lines": [{"uniqueId": "a", "amount": "1", "date": "2026-03-02"}]}]},
            "accounts[0].lines[0].amount",
        ),
    ],
)
def test_malformed_expectations_are_refused_by_field(sandbox, body, path):
    assert sandbox.admin("POST", "/expectations", body, 400)["errors"][0]["path"] == path
    assert sandbox.verdict()["expectations"] is False


def test_planting_in_an_unknown_account_is_refused(sandbox):
    sandbox.admin("POST", "/plant", {"bankAccountId": "nothing", "transactions": []}, 404)


def test_what_was_expected_offered_and_accepted_is_counted(wired, account, make, expect, guilty):
    expect(ext_1=THREE)
    wired.deliver(account, [make.line("a", 100)])
    assert wired.post_statement(account, [make.line("b", -50)], expected=None).status_code == 400
    found = guilty(lost=["b", "c"])
    assert [found[k] for k in ("expected", "offered", "accepted", "lines")] == [3, 2, 1, 1]
    assert found["neverOffered"] == ["c"]
    assert found["firstOffence"]["message"].endswith("its statement was refused: SCHEMA_INVALID")


def test_a_line_whose_statement_failed_was_offered(wired, account, make, expect, guilty):
    expect(ext_1=[*THREE[:1], ("b", 1, "2026-03-02")])
    wired.deliver(account, [make.line("a", 100)])
    wired.deliver(account, [make.line("a", 100), make.line("b", 100)])
    found = guilty(lost=["b"])
    assert (found["offered"], found["accepted"], found["neverOffered"]) == (3, 3, [])
    assert found["firstOffence"]["message"].endswith("its statement failed")


def test_another_providers_offers_are_not_counted(wired, account, make, expect):
    foreign = make.statement(account, [make.line("a")])
    us = wired.details["regions"]["us"]
    token = wired.http.post(
        f"{us['cloudIdUrl']}/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": us["clientId"],
            "client_secret": us["clientSecret"],
            "audience": us["audience"],
        },
    ).json()["access_token"]
    headers = {"x-api-key": us["providerApiKey"], "authorization": f"Bearer {token}"}
    response = wired.http.post(f"{us['providerUrl']}/v1/statements", json=foreign, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "BANK_ACCOUNT_NOT_FOUND")
    assert wired.account_verdict(account["bankAccountId"])["offered"] == 0
