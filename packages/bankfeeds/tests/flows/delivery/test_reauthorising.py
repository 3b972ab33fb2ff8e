"""Asking users to authorise again, and confirming the amount unit: what waits for either arrives afterwards."""

from dataclasses import replace
from typing import Any

from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.domain.listing import AmountUnit
from bankfeeds.flows import listings, overview, reauthorise, report

from .operators import ANN, DAYS, WHY, audit_rows, ids, refuses


def renew(platform: Any) -> None:
    connection_id = platform.connection().id
    platform.world.db.write(lambda tx: report._renew(tx, connection_id, platform.clock()))


def test_lines_wait_for_the_user_and_drain_in_order_afterwards(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.push(*make_lines(*DAYS[:3]))
    platform.run()
    assert reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY) == ["ba-1"]
    pushes = [platform.push(*make_lines(day, start=number)) for number, day in enumerate(DAYS[3:], 4)]
    platform.run()
    assert platform.sage.statuses["ba-1"][-1] == "authRequired"
    assert platform.sage.stored["ba-1"] == ids(3)
    assert {platform.operation(push).status.value for push in pushes} == {"Pending"}
    renew(platform)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.sage.statuses["ba-1"].count("authRequired") == 1
    assert {platform.operation(push).status.value for push in pushes} == {"Success"}


def test_a_statement_in_flight_is_finished_before_the_user_is_asked(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    platform.push(*make_lines(*DAYS))
    platform.step()
    reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY)
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.sage.statuses["ba-1"] == ["active", "active", "authRequired"]


def test_a_renewal_that_comes_first_leaves_nothing_to_ask(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY)
    renew(platform)
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert "authRequired" not in platform.sage.statuses["ba-1"]
    assert platform.sage.stored["ba-1"] == ids(10)


def test_a_question_that_sage_never_took_is_taken_back_by_the_renewal(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY)
    platform.sage.troubles = ["refused connection"]
    platform.step()
    renew(platform)
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert "authRequired" not in platform.sage.statuses["ba-1"]
    assert platform.sage.stored["ba-1"] == ids(10)


def test_lines_that_wait_for_the_user_move_on_when_another_company_links_the_account(
    platform: Any, make_lines: Any
) -> None:
    """A new link makes the renewal needless; the feed that was there before must hear of it."""
    platform.link()
    platform.run()
    reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY)
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == []
    platform.link("ba-2")
    platform.run()
    assert platform.sage.stored == {"ba-1": ids(10), "ba-2": ids(10)}


def test_one_account_is_asked_for_and_the_renewal_clears_all_of_the_connection(platform: Any, make_lines: Any) -> None:
    platform.link("ba-1")
    platform.link("ba-2", account="acc-002")
    platform.run()
    reauthorise.ask(platform.world, ANN, "22222222-2222-4222-8222-222222222222/acc-001", WHY)
    platform.push(*make_lines(*DAYS), account="acc-002")
    platform.run()
    assert platform.sage.stored["ba-2"] == ids(10)
    reauthorise.ask(platform.world, ANN, "ext-acc-002", WHY)
    renew(platform)
    assert [platform.account(each).needs_reauthorisation for each in ("acc-001", "acc-002")] == [False, False]


def test_an_account_without_a_feed_or_asked_for_already_is_not_asked_for(platform: Any) -> None:
    act = lambda: reauthorise.ask(platform.world, ANN, "ext-acc-001", WHY)  # noqa: E731
    refuses(platform, act, Conflict, "not linked")
    platform.link()
    act()
    (row,) = audit_rows(platform, "account.reauthorise")
    assert (row.actor, row.reason, row.detail) == (ANN, WHY, {"bankAccountIds": ["ba-1"]})
    refuses(platform, act, Conflict, "already")


def test_confirming_the_amount_unit_starts_production_at_once(platform: Any, make_lines: Any) -> None:
    platform.world = replace(platform.world, is_production=True)
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.step()
    assert overview.health(platform.world).unconfirmed[0].id == "default"
    done = listings.confirm(platform.world, ANN, "default", AmountUnit.minor, "letter of 1 February", WHY)
    assert (done.confirmed_at, done.confirmed_by) == (platform.clock(), ANN)
    assert done.confirmed_evidence == "letter of 1 February"
    assert platform.step() == 1
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert overview.health(platform.world).is_well


def test_another_unit_than_the_listings_is_not_confirmed(platform: Any) -> None:
    act = lambda: listings.confirm(platform.world, ANN, "default", AmountUnit.major, "letter", WHY)  # noqa: E731
    refuses(platform, act, Conflict, "amount_unit=major")
    act = lambda: listings.confirm(platform.world, ANN, "default", AmountUnit.minor, " ", WHY)  # noqa: E731
    refuses(platform, act, Invalid, "evidence")
    act = lambda: listings.confirm(platform.world, ANN, "nowhere", AmountUnit.minor, "letter", WHY)  # noqa: E731
    refuses(platform, act, NotFound, "nowhere")


def test_a_confirmation_taken_back_stops_production(platform: Any, make_lines: Any) -> None:
    act = lambda: listings.withdraw_confirmation(platform.world, ANN, "default", WHY)  # noqa: E731
    refuses(platform, act, Conflict, "not confirmed")
    platform.world = replace(platform.world, is_production=True)
    listings.confirm(platform.world, ANN, "default", AmountUnit.minor, "letter", WHY)
    taken_back = act()
    assert (taken_back.confirmed_at, taken_back.confirmed_by, taken_back.confirmed_evidence) == (None, None, None)
    platform.link()
    platform.push(*make_lines(*DAYS))
    for _ in range(5):
        platform.step()
        platform.clock.advance(400)
    assert platform.sage.offers == []


def test_another_amount_unit_has_to_be_confirmed_anew(platform: Any) -> None:
    listings.confirm(platform.world, ANN, "default", AmountUnit.minor, "letter", WHY)
    changed = listings.update(platform.world, ANN, "default", {"amount_unit": "major"})
    assert (changed.confirmed_at, changed.confirmed_by, changed.confirmed_evidence) == (None, None, None)
