"""Before and after every operation: how often a caller may call, media types, OPTIONS, and pages of other origins."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from bankfeeds.web.codat import rates
from bankfeeds.web.codat.rates import Rates, TooManyRequests
from bankfeeds.web.codat.routes import RESOURCES

from ... import worlds

PAGE = "https://bank.example"


@pytest.fixture
def strict(server, world):
    """Three requests a minute, five a day."""
    with server.serving(world, requests_per_minute_max=3, requests_per_day_max=5) as site:
        yield site


def test_every_answer_tells_how_the_caller_stands(strict):
    for remaining, (method, path, status) in enumerate(
        [("GET", "/companies/x", 404), ("PUT", "/companies", 405), ("GET", "/companies", 200)]
    ):
        answer = strict.call(method, path)
        assert answer.status_code == status
        assert answer.headers["x-rate-limit-limit"] == "5"
        assert answer.headers["x-rate-limit-remaining"] == str(4 - remaining)
        assert answer.headers["x-rate-limit-reset"] == "2026-02-04T00:00:00Z"


def test_one_too_many_in_a_minute_is_429_until_the_next(strict, clock):
    clock.forward(seconds=20)
    for _ in range(3):
        assert strict.call("GET", "/companies").status_code == 200

    refused = strict.call("GET", "/companies")

    assert (refused.status_code, refused.json()["statusCode"]) == (429, 429)
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["x-rate-limit-remaining"] == "2"
    clock.forward(seconds=40)
    assert strict.call("GET", "/companies").status_code == 200


def test_one_too_many_in_a_day_is_429_until_midnight_and_nobody_is_told_to_sleep_longer_than_a_minute(strict, clock):
    for _ in range(5):
        assert strict.call("GET", "/companies").status_code == 200
        clock.forward(minutes=1)

    refused = strict.call("GET", "/companies")

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(rates.RETRY_AFTER_S_MAX)
    assert refused.headers["x-rate-limit-remaining"] == "0"
    clock.now = datetime(2026, 2, 4, tzinfo=UTC)
    assert strict.call("GET", "/companies").status_code == 200


def test_a_refused_push_is_not_stored(strict, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    line = {"date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}

    statuses = [
        strict.call("POST", path, {"accountId": "acc-001", "transactions": [{"id": f"t-{n}", **line}]}).status_code
        for n in range(4)
    ]

    assert statuses == [200, 200, 200, 429]
    assert len(worlds.everything(world)["lines"]) == 3


def test_a_push_that_needs_a_closer_look_counts_once(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    line = {"id": "t-1", "date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}

    answers = [
        site.call("POST", path, {"accountId": "acc-001", "transactions": lines}) for lines in [[line]] * 3 + [[]]
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 400]
    remaining = [int(answer.headers["x-rate-limit-remaining"]) for answer in answers]
    assert remaining == list(range(remaining[0], remaining[0] - 4, -1))


def test_a_429_releases_the_idempotency_key(strict, clock):
    key = {"idempotency-key": "6f1c2d3e-0000-4000-8000-00000000000a"}
    for _ in range(3):
        strict.call("GET", "/companies")
    assert strict.call("POST", "/companies", {"name": "Harbour"}, headers=key).status_code == 429
    clock.forward(minutes=1)
    assert strict.call("POST", "/companies", {"name": "Harbour"}, headers=key).status_code == 200


def test_each_caller_is_counted_apart_and_not_for_ever():
    counting = Rates(1, 10)
    for number in range(rates.CALLERS_MAX):
        counting.take(str(number), worlds.NOON)
    with pytest.raises(TooManyRequests):
        counting.take("0", worlds.NOON)
    counting.take("another", worlds.NOON)
    assert counting.take("0", worlds.NOON).remaining == 9


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "xml"]
)
def test_a_body_of_another_media_type_is_415(site, world, kind):
    before = worlds.everything(world)

    answer = site.call("POST", "/companies", b'{"name": "Harbour"}', headers={"content-type": kind})

    assert (answer.status_code, answer.json()["statusCode"]) == (415, 415)
    assert worlds.everything(world) == before


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", "text/json", "application/merge-patch+json"]
)
def test_every_way_to_say_json_is_read(site, kind):
    assert site.call("POST", "/companies", b'{"name": "Harbour"}', headers={"content-type": kind}).status_code == 200


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_options_tells_the_methods_without_a_key(site, resource):
    answer = httpx2.request("OPTIONS", site.url + resource.path)

    expected = {*resource.operations, "OPTIONS"} | ({"HEAD"} if "GET" in resource.operations else set())
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == expected
    assert "access-control-allow-origin" not in answer.headers


def preflight(site, origin):
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return httpx2.request("OPTIONS", f"{site.url}/companies", headers=headers)


def test_a_page_of_an_allowed_origin_may_call_and_read_errors_too(site):
    site.call("POST", "/corsSettings", {"allowedOrigins": [PAGE]})

    asked = preflight(site, PAGE)
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    for headers in ({"origin": PAGE}, {"origin": PAGE, "authorization": "Basic d3Jvbmc="}):
        answer = site.call("GET", "/companies", headers=headers)
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "origin"
        assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in asked.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "https://bank.example.evil", "http://bank.example", "null"])
def test_a_page_of_another_origin_may_not(site, origin):
    site.call("POST", "/corsSettings", {"allowedOrigins": [PAGE]})

    assert "access-control-allow-origin" not in preflight(site, origin).headers
    assert "access-control-allow-origin" not in site.call("GET", "/companies", headers={"origin": origin}).headers


def test_a_push_from_a_page_is_stored_and_may_be_read_by_it(site, world):
    site.call("POST", "/corsSettings", {"allowedOrigins": [PAGE]})
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    line = {"id": "t", "date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}

    answer = site.call("POST", path, {"accountId": "acc-001", "transactions": [line]}, headers={"origin": PAGE})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)


def test_what_was_given_back_of_a_minute_gone_by_is_nothing():
    counting = Rates(2, 10)
    counting.take("a", worlds.NOON)
    later = worlds.NOON + timedelta(minutes=1)
    counting.take("a", later)
    counting.give_back("a", worlds.NOON)
    counting.give_back("nobody", worlds.NOON)
    assert counting.take("a", later).remaining == 8
    with pytest.raises(TooManyRequests):
        counting.take("a", later)
