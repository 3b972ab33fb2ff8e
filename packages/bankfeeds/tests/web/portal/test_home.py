"""Home: every figure of the chart stands in the table too, and what needs somebody is said first."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bankfeeds.flows.home import HOURS, Hour
from bankfeeds.store import tables as t
from bankfeeds.web.portal import chart

from ... import worlds
from ...flows import test_home as deliveries
from . import portal_site
from .portal_site import said_in


@pytest.fixture
def linked(world):
    made = worlds.make_account(world)
    worlds.link(world, made)
    return made


def test_a_new_platform_says_what_is_missing(site):
    assert "There is no listing yet" in said_in(site.get())
    assert "pas encore de référencement" in said_in(site.get("", "fr"))


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_the_chart_and_the_table_have_the_same_figures(site, world, linked, clock):
    for hours, lines in ((0, 1200), (3, 40)):
        deliveries.finish(world, clock() - timedelta(hours=hours), lines=lines)
    deliveries.finish(world, clock() - timedelta(hours=5), "refused", lines=1)
    text = site.get().text

    rows = re.findall(r'<td class="number">([\d,]+)</td>' * 3, text)
    assert len(rows) == HOURS
    assert [row for row in rows if row != ("0", "0", "0")] == [("0", "0", "1"), ("40", "1", "0"), ("1,200", "1", "0")]
    bars = re.findall(r'<rect class="(bar|bad)"[^>]*height="([\d.]+)"', text)
    assert [kind for kind, _ in bars] == ["bad", "bar", "bar"]
    assert "1 200" in site.get("", "fr").text.replace("\u202f", " ")


@pytest.mark.parametrize(("pending", "said"), [(1000, "1,000 Pending"), (1001, "over 1,000 Pending")])
def test_pending_pushes_beyond_a_thousand_are_not_counted_and_the_page_says_so(site, world, linked, pending, said):
    rows = [
        {
            "key": f"push-{number}", "company_id": linked.company_id, "connection_id": linked.connection_id,
            "account_pk": linked.account_pk, "account_id": linked.account_id, "requested_at": worlds.NOON, "status": "Pending",
        }
        for number in range(pending)
    ]  # fmt: skip
    world.db.write(lambda tx: tx.connection.execute(t.pushes.insert(), rows))

    assert said in said_in(site.get())


def test_production_says_that_an_amount_unit_is_not_confirmed(server, world, linked):
    with portal_site.serving(server, replace(world, is_production=True)) as site:
        site.sign_in_as("viewer")
        assert "Example Bank: nothing is delivered" in said_in(site.get())


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (1, 1), (2, 2), (3, 4), (5, 10), (10, 10), (11, 20), (999, 1000), (1001, 2000)]
)
def test_the_axis_ends_at_a_round_number_that_can_be_halved(highest, top):
    assert chart.nice_top(highest) == top


def test_the_highest_bar_is_as_high_as_the_chart_and_the_smallest_can_be_seen():
    hours = [Hour(worlds.NOON, number, 1, 0) for number in (10_000, 1, 0)]
    drawn = chart.draw(hours)
    assert [bar.height for bar in drawn.bars] == [chart.HEIGHT - chart.TOP - chart.BOTTOM, 2.0, 0.0]
    assert all(bar.x + bar.width <= chart.WIDTH for bar in drawn.bars)
