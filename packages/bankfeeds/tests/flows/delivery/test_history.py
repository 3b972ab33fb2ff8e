"""What operators read of the past: companies found, pushes by filters, lines feed by feed, an account's timeline."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.company import Company
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.domain.feed_view import FeedFilter
from bankfeeds.domain.history import LineState, Place, PushFilter, Source, read_place
from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.domain.showing import Product
from bankfeeds.flows import companies as company_flows
from bankfeeds.flows import history, operate, overview, pausing, search
from bankfeeds.flows.pausing import Target
from bankfeeds.store import audit, companies

from .conftest import COMPANY, CONNECTION, NOON
from .operators import ANN, DAYS, WHY, park

EXTERNAL = "ext-acc-001"


WAYS = (
    *("", "harbour", "BAKERY", "trading", "acc-001", "10203041", "1020 3041", EXTERNAL, "112233-10203041"),
    *(COMPANY, COMPANY[:8], CONNECTION, CONNECTION.upper().replace("-", " ")),
)


def test_a_company_is_found_by_what_an_operator_has_at_hand(platform: Any) -> None:
    for text in WAYS:
        (found,) = search.companies_like(platform.world, text, 1).companies
        assert (found.id, found.accounts, sum(found.connections.values())) == (COMPANY, 2, 1)


def test_what_is_not_there_is_not_found(platform: Any) -> None:
    for text in ("nobody", "%", "_", "\\", CONNECTION.replace("2", "3")):
        assert search.companies_like(platform.world, text, 1).companies == []


def test_accents_are_found_in_either_case(platform: Any) -> None:
    company = Company("33333333-3333-4333-8333-333333333333", "École Élan", None, {}, NOON)
    platform.world.db.write(lambda tx: companies.insert(tx, company))
    for text in ("école", "ÉCOLE", "École É"):
        assert [each.name for each in search.companies_like(platform.world, text, 1).companies] == ["École Élan"]


def test_a_search_turns_pages_and_says_when_there_are_more(platform: Any) -> None:
    def insert(tx: Any) -> None:
        for n in range(search.COMPANIES_PER_PAGE):
            companies.insert(tx, Company(f"44444444-4444-4444-8444-{n:012d}", f"Shop {n}", None, {}, NOON))

    platform.world.db.write(insert)
    first, second = (search.companies_like(platform.world, "", page) for page in (1, 2))
    assert (len(first.companies), first.has_more) == (search.COMPANIES_PER_PAGE, True)
    assert (len(second.companies), second.has_more) == (1, False)


def test_a_search_beyond_its_limits_is_refused(platform: Any) -> None:
    for text, page in (("x" * 201, 1), ("a\x00b", 1), ("", 0), ("", search.PAGES_MAX + 1)):
        with pytest.raises(Invalid):
            search.companies_like(platform.world, text, page)


def test_a_company_shows_its_accounts_with_their_feeds_and_what_pauses_it(platform: Any) -> None:
    platform.link()
    pausing.pause(platform.world, ANN, Target(company=COMPANY), WHY)
    found = search.company(platform.world, COMPANY)
    (connection,) = found.connections
    assert [each.account.id for each in connection.accounts] == ["acc-001", "acc-002"]
    assert [feed.bank_account_id for feed in connection.accounts[0].feeds] == ["ba-1"]
    assert [pause.scope for pause in found.pauses] == [f"company:{COMPANY}"]
    for unknown in ("nobody", "a\x00b"):
        with pytest.raises(NotFound):
            search.company(platform.world, unknown)


def test_the_write_history_is_filtered_by_whatever_is_given(platform: Any, make_lines: Any) -> None:
    failed = _skipped(platform, make_lines)
    platform.clock.advance(86400 * 2)
    done = platform.push(*make_lines("2026-02-11", start=11))
    platform.run()
    platform.link("ba-2", account="acc-002")
    other = platform.push(*make_lines("2026-02-11"), account="acc-002")
    day = failed.requested_at.date()

    def keys(**wanted: Any) -> list[str]:
        return [row.push.key for row in history.pushes(platform.world, PushFilter(**wanted)).rows]

    assert keys() == [other.key, done.key, failed.key]
    assert keys(company_id=COMPANY, external_id=EXTERNAL) == [done.key, failed.key]
    assert keys(status=PushStatus.failed) == [failed.key]
    assert keys(status=PushStatus.timed_out) == []
    assert keys(status=PushStatus.pending) == [other.key]
    assert keys(status=PushStatus.success) == [done.key]
    assert keys(first_on=day, last_on=day) == [failed.key]
    assert keys(first_on=date(2099, 1, 1)) == []
    assert keys(company_id="nobody") == []
    assert keys(external_id="nobody") == []


def test_days_the_wrong_way_round_and_made_up_places_are_refused(platform: Any) -> None:
    with pytest.raises(Invalid, match="to: "):
        history.pushes(platform.world, PushFilter(first_on=date(2026, 2, 2), last_on=date(2026, 2, 1)))
    for before in ("", "x", "1-2-3", "1-push-", f"1-push-{2**63}", f"{'9' * 30}-push-1", "1-push-1" + "0" * 60):
        with pytest.raises(Invalid, match="before: "):
            history.pushes(platform.world, PushFilter(), before)
        with pytest.raises(Invalid, match="before: "):
            history.account(platform.world, EXTERNAL, before)


def test_a_place_is_read_as_it_was_spelled() -> None:
    place = Place(NOON.replace(microsecond=123457), Source.statement, 7)
    assert read_place(place.spelled()) == place


def test_a_push_shows_each_line_as_it_stands_in_each_feed(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1", "2026-02-02")
    platform.run()
    platform.sage.unwanted = {"t-3"}
    platform.sage.unwanted_in = "ba-1"
    push = platform.push(*make_lines(*DAYS[:5]))
    platform.run()
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = {"t-5"}
    platform.run()
    detail = history.push(platform.world, push.key)
    (feed,) = detail.feeds
    assert [each.states[feed.number] for each in detail.lines] == [
        LineState.withheld, LineState.delivered, LineState.skipped, LineState.delivered, LineState.parked,
    ]  # fmt: skip
    assert {number for number, _ in detail.statements} == {feed.number}
    assert "refused" in {statement.status for _, statement in detail.statements}
    assert detail.row.new_lines == 5
    (shown,) = history.account(platform.world, EXTERNAL).feeds
    assert (shown.withheld, shown.is_more) == (1, False)


def test_lines_that_wait_are_in_flight_or_never_sent(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    push = platform.push(*make_lines(*DAYS[:2]))
    assert _states(platform, push) == [LineState.waiting] * 2
    platform.sage.follow_troubles = ["processing"]
    platform.step()
    assert _states(platform, push) == [LineState.in_flight] * 2
    platform.unlink("ba-1")
    assert _states(platform, push) == [LineState.never] * 2


def test_a_push_of_many_lines_is_read_in_pages(platform: Any, make_lines: Any) -> None:
    platform.link()
    push = platform.push(*make_lines(*["2026-02-01"] * (history.LINES_PER_PAGE + 1)))
    first = history.push(platform.world, push.key)
    assert (len(first.lines), first.after_line) == (history.LINES_PER_PAGE, history.LINES_PER_PAGE)
    second = history.push(platform.world, push.key, history.LINES_PER_PAGE)
    assert ([each.line.id for each in second.lines], second.after_line) == ([f"t-{history.LINES_PER_PAGE + 1}"], None)


def test_a_push_that_repeats_another_names_it(platform: Any, make_lines: Any) -> None:
    platform.link()
    first = platform.push(*make_lines(*DAYS[:2]))
    again = platform.push(*make_lines(*DAYS[:2]))
    detail = history.push(platform.world, again.key)
    assert (detail.originals, detail.lines, detail.row.new_lines) == ([first.key], [], 0)


def test_an_unknown_push_is_not_found(platform: Any) -> None:
    for key in ("nobody", "a\x00b"):
        with pytest.raises(NotFound):
            history.push(platform.world, key)


def test_the_timeline_tells_everything_from_the_first_day_on_newest_first(platform: Any, make_lines: Any) -> None:
    _skipped(platform, make_lines)
    pausing.pause(platform.world, ANN, Target(), WHY)
    pausing.resume(platform.world, ANN, Target(), WHY)
    entries = history.account(platform.world, EXTERNAL).entries
    told = [entry.what for entry in reversed(entries) if entry.place.source is not Source.statement]
    assert told == ["feed.open", "Failed", "feed.park", "feed.skip", "delivery.pause", "delivery.resume"]
    statements = [entry.statement for entry in reversed(entries) if entry.statement is not None]
    assert statements[0].kind == "opening"
    assert {"done", "refused"} <= {each.status for each in statements}
    places = [entry.place.at for entry in entries]
    assert places == sorted(places, reverse=True)


def test_an_account_says_when_its_customer_sees_what_was_delivered(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    nothing = history.account(platform.world, EXTERNAL)
    assert (nothing.delivered_at, nothing.shows) == (None, [])
    platform.push(*make_lines(platform.clock().date().isoformat()))
    platform.run()
    found = history.account(platform.world, EXTERNAL)
    assert found.delivered_at is not None
    assert {each.rhythm.product for each in found.shows if each.today_waits} == {Product.intacct, Product.desktop}
    platform.clock.advance(86400)
    assert not any(each.today_waits for each in history.account(platform.world, EXTERNAL).shows)


def test_the_timeline_of_another_account_is_told_apart(platform: Any, make_lines: Any) -> None:
    _skipped(platform, make_lines)
    pausing.pause(platform.world, ANN, Target(account=EXTERNAL), WHY)
    assert history.account(platform.world, "ext-acc-002").entries == []
    for unknown in ("nobody", "a\x00b"):
        with pytest.raises(NotFound):
            history.account(platform.world, unknown)


def test_a_timeline_in_pages_repeats_and_loses_nothing(platform: Any, make_lines: Any) -> None:
    """Most of it at one and the same moment, from three sources."""
    platform.link()
    for n in range(history.ENTRIES_PER_PAGE):
        platform.push(*make_lines("2026-02-01", start=n + 1))
        entry = AuditEntry(platform.clock(), ANN, "account.note", f"account:{EXTERNAL}", str(n))
        platform.world.db.write(lambda tx, entry=entry: audit.record(tx, entry))
    platform.run()
    seen: list[Place] = []
    before: str | None = None
    for _ in range(10):
        page = history.account(platform.world, EXTERNAL, before)
        seen.extend(entry.place for entry in page.entries)
        before = page.before
        if before is None:
            break
    assert len(seen) == len(set(seen))
    sources = [place.source for place in seen]
    assert (sources.count(Source.push), sources.count(Source.act)) == (50, 51)
    assert sources.count(Source.statement) >= 2


def test_the_write_history_in_pages_repeats_and_loses_nothing(platform: Any, make_lines: Any) -> None:
    platform.link()
    for n in range(history.PUSHES_PER_PAGE + 1):
        platform.push(*make_lines("2026-02-01", start=n + 1))
    first = history.pushes(platform.world, PushFilter())
    assert first.before is not None
    second = history.pushes(platform.world, PushFilter(), first.before)
    keys = [row.push.key for row in (*first.rows, *second.rows)]
    assert (len(first.rows), len(second.rows), len(set(keys)), second.before) == (50, 1, 51, None)


def test_feeds_are_shown_by_how_they_stand(platform: Any, make_lines: Any) -> None:
    park(platform, make_lines)
    platform.link("ba-2", account="acc-002")
    platform.run()
    pausing.pause(platform.world, ANN, Target(account="ext-acc-002"), WHY)

    def shown(show: FeedFilter) -> list[str]:
        return [feed.bank_account_id for feed in overview.feed_page(platform.world, show).feeds]

    assert shown(FeedFilter.live) == ["ba-1", "ba-2"]
    assert shown(FeedFilter.parked) == shown(FeedFilter.waiting) == ["ba-1"]
    assert shown(FeedFilter.paused) == ["ba-2"]
    assert shown(FeedFilter.closed) == shown(FeedFilter.reauthorise) == []
    page = overview.feed_page(platform.world, FeedFilter.live)
    assert [statement.refusal for statement in page.refused.values()] == ["SCHEMA_INVALID"]
    (first, _) = page.feeds
    assert [f.bank_account_id for f in overview.feed_page(platform.world, FeedFilter.live, first.number).feeds] == [
        "ba-2"
    ]
    with pytest.raises(Invalid):
        overview.feed_page(platform.world, FeedFilter.live, -1)


def test_what_was_read_of_a_deleted_account_stays_readable(platform: Any, make_lines: Any) -> None:
    _skipped(platform, make_lines)
    company_flows.delete(platform.world, ANN, COMPANY)
    detail = history.account(platform.world, EXTERNAL)
    assert (detail.company, detail.connection) == (None, None)
    assert detail.deleted_at is not None
    assert detail.entries[0].what in {"connection.delete", "feed.close"}


def _states(platform: Any, push: Any) -> list[LineState]:
    detail = history.push(platform.world, push.key)
    return [state for each in detail.lines for state in each.states.values()]


def _skipped(platform: Any, make_lines: Callable[..., Any]) -> Any:
    """The operation of a push whose third line was skipped, the rest delivered."""
    push = park(platform, make_lines)
    operate.skip(platform.world, ANN, "ba-1", "t-3", WHY)
    platform.sage.unwanted = set()
    platform.run()
    return replace(push, status=PushStatus.failed)
