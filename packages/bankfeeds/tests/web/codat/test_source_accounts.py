"""Source accounts over HTTP: both versions, batches, changes, deletion."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from ... import worlds

V2 = {
    "id": "acc-001",
    "accountName": "Trading account",
    "accountType": "checking",
    "accountNumber": "10203040",
    "sortCode": "112233",
    "currency": "GBP",
    "balance": 250.75,
}
V1 = {
    "id": "acc-001",
    "accountName": "Trading account",
    "accountType": "Debit",
    "accountNumber": "10203040",
    "sortCode": "112233",
    "currency": "GBP",
    "balance": 250.75,
}
FULL = {
    "id": "acc-002",
    "accountName": "Shop",
    "accountType": "savings",
    "accountNumber": "55667788",
    "routingInfo": {"bankCode": "11-22-33", "type": "sortcode"},
    "currency": "GBP",
    "balance": 0,
    "accountInfo": {
        "description": "till",
        "nickname": "Shop",
        "accountOpenDate": "2019-05-01",
        "availableBalance": 290.5,
    },
}


@pytest.fixture
def path(site):
    company = site.call("POST", "/companies", {"name": "Harbour Bakery"}).json()["id"]
    connection = site.call("POST", f"/companies/{company}/connections", {"platformKey": "olpr"}).json()["id"]
    return f"/companies/{company}/connections/{connection}/connectionInfo/bankFeedAccounts"


def path_of(linked):
    return f"/companies/{linked.company_id}/connections/{linked.connection_id}/connectionInfo/bankFeedAccounts"


def refused(site, world, method, path, body):
    """The fields at fault, after making sure that nothing changed."""
    before = worlds.everything(world)
    answer = site.call(method, path, body)
    assert answer.status_code == 400, answer.content
    assert worlds.everything(world) == before
    return [flaw["itemId"] for flaw in answer.json()["validation"]["errors"]]


@pytest.mark.parametrize("body", [V1, V2, FULL])
def test_an_account_is_answered_and_listed_in_the_version_it_was_made_in(site, world, path, body):
    answer = site.call("POST", path, body)

    assert answer.status_code == 200
    assert answer.json() == {**body, "status": "pending", "modifiedDate": "2026-02-03T12:00:00Z"}
    assert site.call("GET", path).json() == [answer.json()]
    assert worlds.audited(world)[-1][:2] == ("api:harbour", "source_account.create")


def test_the_routing_type_is_bankcode_if_none_is_said(site, path):
    body = {**FULL, "routingInfo": {"bankCode": "112233"}}

    assert site.call("POST", path, body).json()["routingInfo"] == {"bankCode": "112233", "type": "bankcode"}


def test_a_v1_account_needs_no_more_than_an_id_and_a_currency(site, path):
    answer = site.call("POST", path, {"id": "acc-009", "currency": "EUR"})

    assert answer.json() == {
        "id": "acc-009",
        "currency": "EUR",
        "status": "pending",
        "modifiedDate": "2026-02-03T12:00:00Z",
    }


def test_amounts_are_exact_and_leave_as_numbers(site, path):
    sent = (
        b'{"id":"a","accountName":"A","accountType":"loan","accountNumber":"1","currency":"EUR","balance":-1E2,'
        b'"accountInfo":{"availableBalance":123456789012345.67}}'
    )

    answer = site.call("POST", path, sent)

    assert b'"balance":-100,' in answer.content
    assert b'"availableBalance":123456789012345.67}' in answer.content


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"id": None}, ["id"]),
        ({"id": ""}, ["id"]),
        ({"id": "x" * 256}, ["id"]),
        ({"id": "a\nb"}, ["id"]),
        ({"id": "batch"}, ["id"]),
        ({"accountName": None}, ["accountName"]),
        ({"accountName": "  "}, ["accountName"]),
        ({"accountNumber": None}, ["accountNumber"]),
        ({"accountNumber": "x" * 501}, ["accountNumber"]),
        ({"currency": None}, ["currency"]),
        ({"currency": "gbp"}, ["currency"]),
        ({"currency": "XXX"}, ["currency"]),
        ({"sortCode": None}, ["sortCode"]),
        ({"sortCode": ""}, ["sortCode"]),
        ({"balance": None}, ["balance"]),
        ({"balance": 0.001}, ["balance"]),
        ({"balance": 1e15}, ["balance"]),
        ({"balance": "10.50"}, ["balance"]),
        ({"balance": "NaN"}, ["balance"]),
        ({"balance": True}, ["balance"]),
        ({"accountInfo": {"accountOpenDate": "yesterday"}}, ["accountInfo.accountOpenDate"]),
        ({"accountInfo": {"availableBalance": "1"}}, ["accountInfo.availableBalance"]),
        ({"accountType": "current", "routingInfo": {"bankCode": "1"}}, ["accountType"]),
        ({"routingInfo": {"bankCode": "1", "type": "iban2"}}, ["routingInfo.type"]),
        ({"accountName": None, "accountNumber": None, "balance": None}, ["accountName", "accountNumber", "balance"]),
        ({"accountName": "a\0"}, ["accountName"]),
    ],
)
def test_an_account_against_the_rules_is_400_naming_every_field(site, world, path, change, fields):
    assert refused(site, world, "POST", path, {**V2, **change}) == fields


def test_a_v1_account_without_a_currency_is_400_with_the_remedy(site, world, path):
    assert refused(site, world, "POST", path, {**V1, "currency": None}) == ["currency"]


@pytest.mark.parametrize(("currency", "balance"), [("JPY", 10.5), ("EUR", 10.555), ("KWD", 10.5555)])
def test_more_decimals_than_the_currency_has_are_refused(site, world, path, currency, balance):
    body = {**V2, "currency": currency, "balance": balance}

    assert refused(site, world, "POST", path, body) == ["balance"]


@pytest.mark.parametrize("number", [b"1e400", b"1e99999999999999999999", b"9" * 400, b"9" * 5000])
def test_numbers_that_no_account_holds_are_refused(site, world, path, number):
    sent = (
        b'{"id":"a","accountName":"A","accountType":"loan","accountNumber":"1","currency":"EUR","balance":'
        + number
        + b"}"
    )

    assert refused(site, world, "POST", path, sent) == ["balance"]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_of_many_requests_at_once_for_one_id_exactly_one_makes_the_account(site, path):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: site.call("POST", path, V2).status_code, range(8)))

    assert sorted(answers) == [200] + [400] * 7
    assert len(site.call("GET", path).json()) == 1


def test_an_id_used_before_on_the_connection_is_400_even_with_the_same_content(site, world, path):
    site.call("POST", path, V2)
    before = worlds.everything(world)

    answer = site.call("POST", path, V2)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)
    assert "already used" in answer.json()["error"]
    assert worlds.everything(world) == before


def test_the_same_number_and_sort_code_twice_on_a_connection_is_400(site, world, path):
    site.call("POST", path, V2)

    body = {**V2, "id": "acc-002", "accountNumber": "1020 3040", "sortCode": "11-22-33"}
    assert refused(site, world, "POST", path, body) == ["accountNumber"]


def test_an_id_is_free_again_after_deletion_and_on_another_connection(site, path):
    site.call("POST", path, V2)
    assert site.call("DELETE", f"{path}/acc-001").status_code == 204
    assert site.call("POST", path, V2).status_code == 200
    connections = path.split("/connections/", maxsplit=1)[0] + "/connections"
    second = site.call("POST", connections, {"platformKey": "olpr"}).json()["id"]
    assert site.call("POST", f"{connections}/{second}/connectionInfo/bankFeedAccounts", V2).status_code == 200


def test_an_unknown_connection_is_404_for_every_operation_on_accounts(site, world, path):
    elsewhere = path.replace("/connections/00000000-0000-0000", "/connections/00000000-0000-1000")
    before = worlds.everything(world)
    bodies = {"POST": V2, "PATCH": {"accountName": "Till"}}

    for method, where in itertools.product(
        ["GET", "POST"], [elsewhere, path[:40] + "/connections/x/connectionInfo/bankFeedAccounts"]
    ):
        assert site.call(method, where, bodies.get(method)).status_code == 404
    for method, account in itertools.product(["PATCH", "DELETE"], ["acc-001", "%00", "acc%ff"]):
        assert site.call(method, f"{elsewhere}/{account}", bodies.get(method)).status_code == 404
        assert site.call(method, f"{path}/{account}", bodies.get(method)).status_code == 404
    assert site.call("POST", f"{elsewhere}/batch", [V2]).status_code == 404
    assert worlds.everything(world) == before


def test_an_id_may_hold_any_printable_character_percent_encoded_in_the_path(site, path):
    site.call("POST", path, {**V2, "id": "acc 1/ä?#%"})

    answer = site.call("PATCH", f"{path}/acc%201%2F%C3%A4%3F%23%25", {"accountName": "Till"})

    assert (answer.status_code, answer.json()["accountName"]) == (200, "Till")
    assert site.call("DELETE", f"{path}/acc%201%2F%C3%A4%3F%23%25").status_code == 204


def test_a_batch_all_made_is_201_with_an_item_for_each(site, world, path):
    answer = site.call("POST", f"{path}/batch", [V2, FULL])

    assert answer.status_code == 201
    assert answer.json() == [
        {"sourceAccountId": account["id"], "result": {"statusCode": 201, "account": account}}
        for account in site.call("GET", path).json()
    ]
    assert [action for _, action, _ in worlds.audited(world)][-1] == "source_account.create_batch"


def test_a_mixed_batch_is_207_its_errors_with_text_codes_and_without_an_account(site, path):
    site.call("POST", path, V2)
    wrong = {**FULL, "id": "acc-003", "currency": "XXX"}

    answer = site.call("POST", f"{path}/batch", [FULL, V2, wrong, FULL])

    assert answer.status_code == 207
    results = [
        (item["sourceAccountId"], item["result"]["statusCode"], "account" in item["result"]) for item in answer.json()
    ]
    assert results == [
        ("acc-002", 201, True),
        ("acc-001", "409", False),
        ("acc-003", "400", False),
        ("acc-002", "409", False),
    ]
    assert "currency" in answer.json()[2]["result"]["error"]
    assert [account["id"] for account in site.call("GET", path).json()] == ["acc-001", "acc-002"]


def test_a_batch_of_ids_all_used_is_409_as_an_array(site, world, path):
    site.call("POST", path, V2)
    before = worlds.everything(world)

    answer = site.call("POST", f"{path}/batch", [V2, V2])

    assert answer.status_code == 409
    assert [item["result"]["statusCode"] for item in answer.json()] == ["409", "409"]
    assert worlds.everything(world) == before


def test_a_batch_of_which_all_fail_for_other_reasons_is_207(site, world, path):
    before = worlds.everything(world)

    answer = site.call("POST", f"{path}/batch", [{**V2, "id": None}, {**V2, "balance": 0.001}])

    assert answer.status_code == 207
    assert [(item["sourceAccountId"], item["result"]["statusCode"]) for item in answer.json()] == [
        ("", "400"),
        ("acc-001", "400"),
    ]
    assert worlds.everything(world) == before


@pytest.mark.parametrize(
    "batch",
    [[], {}, b"", [V2, {**V1, "id": "acc-003"}], [V2] * 1001, [V2, 1], [{**V2, "balance": "1"}], [{**V2, "id": "a\0"}]],
)
def test_a_batch_that_is_none_is_400_as_a_whole(site, world, path, batch):
    before = worlds.everything(world)

    assert site.call("POST", f"{path}/batch", batch).status_code == 400
    assert worlds.everything(world) == before


def test_a_wrong_type_in_a_batch_is_named_with_its_place(site, world, path):
    assert refused(site, world, "POST", f"{path}/batch", [V2, {**V2, "balance": "1"}]) == ["[1].balance"]


def test_a_thousand_accounts_are_made_in_one_batch(site, path):
    batch = [{**V2, "id": f"acc-{number}", "accountNumber": str(number)} for number in range(1000)]

    assert site.call("POST", f"{path}/batch", batch).status_code == 201
    assert len(site.call("GET", path).json()) == 1000


def test_patch_changes_name_and_balance_of_a_pending_account_and_bumps_its_date(site, clock, path):
    site.call("POST", path, V2)
    clock.forward(hours=1)

    answer = site.call("PATCH", f"{path}/acc-001", {"id": "acc-001", "accountName": "Till", "balance": 12.5})

    assert answer.status_code == 200
    assert answer.json() == {
        **V2,
        "accountName": "Till",
        "balance": 12.5,
        "status": "pending",
        "modifiedDate": "2026-02-03T13:00:00Z",
    }
    assert site.call("GET", path).json() == [answer.json()]


def test_patch_ignores_what_cannot_change_and_the_whole_account_sent_back_changes_nothing(site, world, path):
    account = site.call("POST", path, FULL).json()
    before = worlds.everything(world)

    answer = site.call("PATCH", f"{path}/acc-002", {**account, "currency": "USD", "accountNumber": "1"})

    assert (answer.status_code, answer.json()) == (200, account)
    assert worlds.everything(world) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "acc-002"}, "id"),
        ({"accountName": ""}, "accountName"),
        ({"accountName": 1}, "accountName"),
        ({"status": "connected"}, "status"),
        ({"status": "Disconnected"}, "status"),
        ({"balance": 0.001}, "balance"),
        ({"balance": "1"}, "balance"),
    ],
)
def test_a_change_that_is_not_allowed_is_400_by_field(site, world, path, body, field):
    site.call("POST", path, V2)

    assert refused(site, world, "PATCH", f"{path}/acc-001", body) == [field]


def test_the_balance_of_a_connected_account_follows_its_transactions(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)

    assert refused(site, world, "PATCH", f"{path_of(linked)}/acc-001", {"balance": 5}) == ["balance"]


@pytest.mark.parametrize(("draft", "start"), [({}, "2026-02-03"), ({"type": "Debit"}, "2026-02-03T00:00:00Z")])
def test_a_connected_account_has_a_start_date_until_it_is_disconnected(site, world, draft, start):
    linked = worlds.make_account(world, **draft)
    worlds.link(world, linked)
    (connected,) = site.call("GET", path_of(linked)).json()
    assert (connected["status"], connected["feedStartDate"]) == ("connected", start)

    answer = site.call("PATCH", f"{path_of(linked)}/acc-001", {"status": "disconnected"})

    assert (answer.status_code, answer.json()["status"]) == (200, "disconnected")
    assert "feedStartDate" not in answer.json()
    assert site.call("GET", path_of(linked)).json() == [answer.json()]
    connection = site.call("GET", path_of(linked).removesuffix("/connectionInfo/bankFeedAccounts")).json()
    assert connection["status"] == "Deauthorized"
    assert site.call("PATCH", f"{path_of(linked)}/acc-001", {"balance": 5}).json()["balance"] == 5


def test_deleting_an_account_is_204_without_a_type_closes_its_feed_and_it_is_gone(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)

    answer = site.call("DELETE", f"{path_of(linked)}/acc-001")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert site.call("GET", path_of(linked)).json() == []
    assert site.call("DELETE", f"{path_of(linked)}/acc-001").status_code == 404
    assert [action for _, action, _ in worlds.audited(world)][-2:] == ["feed.close", "source_account.delete"]


def test_a_one_time_password_is_made_by_a_post_without_body_or_type(site, world, path):
    connection = path.removesuffix("/connectionInfo/bankFeedAccounts")

    answer = site.call("POST", f"{connection}/bankFeeds/otp")

    assert answer.status_code == 200
    assert set(answer.json()) == {"otp", "expiry"}
    assert answer.json()["expiry"] == "2026-02-03T13:00:00Z"
    assert site.call("GET", f"{connection}/bankFeeds/otp").status_code == 405
    other = connection.rsplit("/", 1)[0] + "/00000000-0000-4000-8000-000000000000"
    assert site.call("POST", f"{other}/bankFeeds/otp").status_code == 404
