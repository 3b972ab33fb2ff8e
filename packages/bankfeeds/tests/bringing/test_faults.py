"""The other server fails, throttles, lies or changes while it is read: what is stored stays whole, and the report says why."""

import itertools
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest

from bankfeeds.codat import client as http
from bankfeeds.codat.client import checked_address
from bankfeeds.codat.source import PAGE_SIZE
from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.errors import Invalid
from bankfeeds.flows import bring as flow
from bankfeeds.flows import companies as company_flows
from bankfeeds.flows import keys, source_accounts
from bankfeeds.flows.bring import Order
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.store import companies, connections

from .. import worlds
from .conftest import customers, picture

ALL = Order(date(2026, 2, 10))
MANY = 2000


def failing(times, answer):
    """The first so many requests get that answer; a callable makes it."""

    def before(number, _request):
        if number > times:
            return None
        return answer() if callable(answer) else answer

    return before


def status(code, **headers):
    return lambda: httpx2.Response(code, headers=headers, json={"statusCode": code, "error": "not now"})


def lost():
    raise httpx2.ReadError("the connection broke")


@pytest.mark.parametrize("trouble", [status(429), status(500), status(503), lost])
def test_a_server_that_stumbles_is_asked_again_and_everything_arrives(move, trouble):
    customers(move.theirs)
    move.wire.before = failing(3, trouble)
    assert move.bring(ALL).is_whole
    assert set(picture(move.ours)) == set(picture(move.theirs))


def test_a_server_that_throttles_is_left_alone_for_as_long_as_it_asks(move):
    customers(move.theirs)
    until = (move.ours.clock() + timedelta(seconds=45)).astimezone(UTC)
    answers = itertools.chain(
        [status(429, **{"retry-after": "30"})()],
        [status(503, **{"retry-after": f"{until:%a, %d %b %Y %H:%M:%S} GMT"})()],
        itertools.repeat(None),
    )
    move.wire.before = lambda _number, _request: next(answers)
    assert move.bring(ALL).is_whole
    assert [wait for wait in move.slept if wait > http.SECONDS_APART] == [30.0, 45.0]


def test_a_server_whose_day_is_used_up_is_not_waited_for(move):
    customers(move.theirs)
    move.wire.before = lambda number, _request: status(429, **{"retry-after": "20000"})() if number == 3 else None
    report = move.bring(ALL)
    assert "asks us to wait 20000 s" in (report.stopped or "")
    assert not report.is_whole
    assert max(move.slept, default=0) < http.PATIENCE_S
    assert len(picture(move.ours)) == 1


@pytest.mark.parametrize("trouble", [status(429), status(502), lost])
def test_a_server_that_fails_and_fails_ends_the_import_and_what_arrived_stays(move, trouble):
    customers(move.theirs)
    move.wire.before = lambda number, _request: trouble() if number > 2 else None
    report = move.bring(ALL)
    assert f"{http.ATTEMPTS_MAX} times; run this again" in (report.stopped or "")
    (company,) = picture(move.ours).values()
    assert all(accounts for _, accounts in company[1].values())
    move.wire.before = lambda _number, _request: None
    assert move.bring(ALL).is_whole
    assert len(picture(move.ours)) == 3


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_may_not_read_there_ends_it_at_once(move, code):
    customers(move.theirs)
    move.wire.before = failing(1, status(code))
    report = move.bring(ALL)
    assert "the API key is not one that may read there" in (report.stopped or "")
    assert (len(move.wire.seen), picture(move.ours)) == (1, {})


def test_a_key_that_the_server_does_not_know_and_one_that_may_only_read(move):
    customers(move.theirs)
    assert "answered 401" in (move.bring(ALL, key="nobody").stopped or "")
    _, secret = keys.create(move.theirs, "test", "reader", scope=keys.Scope.read)
    assert move.bring(ALL, key=secret).is_whole


def test_a_wrong_address_is_told_as_such(move):
    report = move.bring(ALL, url=move.url + "/v1")
    assert "/v1/companies answered 404" in (report.stopped or "")


@pytest.mark.parametrize(
    "body",
    [b"<html>", b'{"results": {}}', b'{"results": [{"id": 7}], "totalResults": 1}', b"\xff", b"[" * 100_000, b""],
)
def test_an_answer_that_is_not_codat_s_ends_it_in_one_line(move, body):
    move.wire.before = failing(1, lambda: httpx2.Response(200, content=body))
    stopped = move.bring(ALL).stopped or ""
    assert "is it Codat-compatible?" in stopped
    assert "\n" not in stopped


def test_an_endless_answer_is_not_kept(move):
    move.wire.before = failing(1, lambda: httpx2.Response(200, content=b" " * (http.REPLY_BYTES_MAX + 1)))
    assert f"answered more than {http.REPLY_BYTES_MAX} bytes" in (move.bring(ALL).stopped or "")


def test_a_redirect_does_not_take_the_key_elsewhere(move):
    move.wire.before = failing(1, status(302, location="https://evil.example/companies"))
    assert "answered 302" in (move.bring(ALL).stopped or "")
    assert len(move.wire.seen) == 1


def test_a_connection_deleted_there_meanwhile_is_left_and_told(move):
    bakery, *_ = customers(move.theirs)

    def gone(_number, request):
        return status(404)() if f"{bakery.connection_id}/" in request.url.path else None

    move.wire.before = gone
    report = move.bring(ALL)
    assert report.is_whole
    assert picture(move.ours)[bakery.company_id][1] == {}
    assert [each.why for each in report.troubles if "deleted" in each.why] == ["was deleted there meanwhile"]


@pytest.mark.parametrize(
    "url", ["http://api.codat.io", "ftp://x", "api.codat.io", "https://", "https://u:p@x", "https://x?a"]
)
def test_a_key_is_sent_to_no_address_but_https_or_this_machine(url):
    with pytest.raises(Invalid, match="source"):
        checked_address(url)


def test_addresses_that_will_do():
    assert checked_address("https://api.codat.io/") == "https://api.codat.io"
    assert checked_address("http://[::1]:8080/prefix") == "http://[::1]:8080/prefix"


def fill(world, count):
    """Companies, each with a connection, made one second after the other."""
    first = datetime(2025, 1, 1, tzinfo=UTC)

    def write(tx):
        for number in range(count):
            at = first + timedelta(seconds=number)
            company_id, connection_id = (f"{kind}0000000-0000-4000-8000-{number:012d}" for kind in "ab")
            companies.insert(tx, Company(company_id, f"Company {number}", None, {}, at))
            connections.insert(tx, Connection(connection_id, company_id, ConnectionStatus.pending_auth, at))

    world.db.write(write)


def test_thousands_of_companies_arrive_page_by_page(move):
    fill(move.theirs, MANY)
    report = move.bring(ALL)
    assert report.is_whole
    assert report.counts["company", flow.Verdict.new] == MANY
    assert set(picture(move.ours)) == set(picture(move.theirs))
    assert move.progress[-1] == (MANY, MANY)
    assert sum("/connections/" in path for path in move.asked()) == MANY
    assert len([wait for wait in move.slept if wait > http.SECONDS_APART]) == 0


def test_companies_that_come_and_go_between_pages_hide_none(move):
    fill(move.theirs, PAGE_SIZE * 2)
    changes = iter(range(2))

    def shift(_number, request):
        if request.url.path == "/companies" and request.url.params["page"] == "2" and next(changes, None) is not None:
            (first, *_), _ = company_flows.page(move.theirs, PAGE_SIZE * 2 - 1, 1)
            company_flows.delete(move.theirs, "test", first.company.id)
            move.theirs.clock.forward(seconds=1)
            company_flows.create(move.theirs, "test", CompanyDraft("Made meanwhile", None, None))

    move.wire.before = shift
    assert move.bring(ALL).is_whole
    assert set(picture(move.theirs)) <= set(picture(move.ours))


def test_a_server_that_lists_others_each_time_is_given_up_on(move):
    numbers = itertools.count()

    def endless(_number, request):
        if request.url.path != "/companies":
            return None
        results = [{"id": f"c0000000-0000-4000-8000-{next(numbers):012d}", "name": "C"} for _ in range(PAGE_SIZE)]
        return httpx2.Response(200, json={"results": results, "totalResults": PAGE_SIZE * 2})

    move.wire.before = endless
    report = move.bring(ALL)
    assert "lists other companies each time" in (report.stopped or "")
    assert len(move.wire.seen) == 2 * flow.LISTINGS_MAX


def test_a_list_that_never_ends_is_ended(move):
    """A total that grows with every page must not keep us for ever: an empty page ends it."""

    def growing(_number, request):
        page = int(request.url.params["page"])
        results = [] if page > 3 else [{"id": f"c0000000-0000-4000-8000-{page:012d}", "name": "C"}]
        return httpx2.Response(200, json={"results": results, "totalResults": page * 1000})

    move.wire.before = growing
    assert move.bring(ALL).is_whole
    assert len(picture(move.ours)) == 3


def test_accounts_that_arrived_have_what_a_client_asks_for(move):
    bakery, *_ = customers(move.theirs)
    move.bring(ALL)
    found = source_accounts.get(move.ours, bakery.company_id, bakery.connection_id, "acc-001")
    assert (found.number, found.branch, found.currency) == ("1020acc-001", "112233", "GBP")
    assert worlds.audited(move.ours)[-1] == ("operator:ada", "codat.import", f"server:{move.url}")
