"""`/metrics` says what the database says and what the process measured, documents it, and gives nothing away."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from bankfeeds.app.listening import CannotListen
from bankfeeds.app.measuring import MeasuredDestinations
from bankfeeds.app.metrics import measuring
from bankfeeds.domain.delivery import FoundAccount
from bankfeeds.domain.outcome import Deferred, Done, Rejected, Taken, Unknown
from bankfeeds.flows import pausing
from bankfeeds.settings import WrongSetting, load
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database
from bankfeeds.web.codat.routes import routes, unrouted
from bankfeeds.web.metrics import Meters, make_metrics_app
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from .. import worlds

PAGE = (Path(__file__).parents[4] / "docs/reference/metrics.md").read_text(encoding="utf-8")
OF_THE_LIBRARY = ("process_", "python_")


def scrape(world, meters=None):
    app = make_metrics_app(world, meters or Meters())
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: TestClient(app).get("/metrics")).result()


def families(answer):
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def values(family, label):
    return {sample.labels[label]: sample.value for sample in family.samples}


def push(world, made, lines, accepted_at, done_at=None):
    """A push operation with `lines` new lines, accepted then; in Sage since `done_at`."""
    row = {
        "key": f"push-{accepted_at:%H%M%S}", "company_id": made.company_id, "connection_id": made.connection_id,
        "account_pk": made.account_pk, "account_id": made.account_id, "requested_at": accepted_at,
        "completed_at": done_at, "status": "Success" if done_at else "Pending",
        "first_seq": 1 if lines else None, "last_seq": lines or None,
    }  # fmt: skip
    world.db.write(lambda tx: tx.run(t.pushes.insert().values(**row)))


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_an_empty_platform_has_zeros(world):
    answer = scrape(world)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = families(answer)
    assert values(found["bankfeeds_feeds"], "status") == {"open": 0, "parked": 0, "closed": 0}
    assert found["bankfeeds_lines_waiting_oldest_seconds"].samples == []
    assert found["bankfeeds_push_delivery_seconds"].samples == []
    assert [sample.value for sample in found["bankfeeds_pushes_pending"].samples] == [0]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_feeds_are_counted_by_status_by_being_held_and_by_the_age_of_their_newest_line(world):
    made = worlds.make_account(world)
    worlds.link(world, made, "sage-1")
    worlds.link(world, made, "sage-2")
    none = families(scrape(world))["bankfeeds_feeds_newest_line"]
    assert values(none, "age") == {"2d": 0, "7d": 0, "30d": 0, "older": 0, "none": 2}
    for days, age in ((0, "2d"), (2, "2d"), (3, "7d"), (30, "30d"), (31, "older")):
        newest_on = world.clock().date() - timedelta(days=days)
        world.db.write(lambda tx, on=newest_on: tx.run(t.source_accounts.update().values(newest_on=on)))
        bands = values(families(scrape(world))["bankfeeds_feeds_newest_line"], "age")
        assert bands == {"2d": 0, "7d": 0, "30d": 0, "older": 0, "none": 0, age: 2}
    pausing.pause(world, "operator:ann", pausing.Target(), "Sage is moving")
    found = families(scrape(world))
    assert values(found["bankfeeds_feeds"], "status") == {"open": 2, "parked": 0, "closed": 0}
    assert found["bankfeeds_feeds_held"].samples[0].value == 2
    (oldest,) = found["bankfeeds_lines_waiting_oldest_seconds"].samples
    assert (oldest.labels, oldest.value) == ({"listing": worlds.LISTING_ID}, 0)


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_delivery_times_are_those_of_the_newest_pushes_that_nothing_holds_back(world, clock):
    linked = worlds.make_account(world)
    worlds.link(world, linked, "sage-1")
    nobodys = worlds.add_account(world, linked.company_id, linked.connection_id, "acc-002")
    began = clock()
    for number in range(10):
        accepted = began + timedelta(seconds=number)
        push(world, linked, 1, accepted, accepted + timedelta(seconds=number))
    push(world, nobodys, 1, began + timedelta(seconds=30))
    push(world, linked, 0, began + timedelta(seconds=40), began + timedelta(seconds=400))
    clock.forward(seconds=600)

    assert values(families(scrape(world))["bankfeeds_push_delivery_seconds"], "quantile") == {"0.5": 5, "0.95": 9}
    push(world, linked, 1, clock() - timedelta(seconds=60))
    assert values(families(scrape(world))["bankfeeds_push_delivery_seconds"], "quantile") == {"0.5": 5, "0.95": 60}
    world.db.write(lambda tx: tx.run(t.feeds.update().values(is_held=True)))
    assert values(families(scrape(world))["bankfeeds_push_delivery_seconds"], "quantile") == {"0.5": 5, "0.95": 9}


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_the_budget_and_its_failures_are_told_by_listing(world, clock):
    worlds.link(world, worlds.make_account(world))
    budget = {"listing_id": worlds.LISTING_ID, "next_at": clock() + timedelta(seconds=7), "failures": 3}
    world.db.write(lambda tx: tx.run(t.budgets.delete()))
    assert values(families(scrape(world))["bankfeeds_budget_ahead_seconds"], "listing") == {"uk": 0}
    world.db.write(lambda tx: tx.run(t.budgets.insert().values(**budget)))
    found = families(scrape(world))
    assert values(found["bankfeeds_budget_ahead_seconds"], "listing") == {"uk": 7}
    assert values(found["bankfeeds_sage_failures_in_a_row"], "listing") == {"uk": 3}


def test_production_counts_the_listings_that_nobody_confirmed(world):
    worlds.link(world, worlds.make_account(world))
    for is_production, count in ((False, 0), (True, 1)):
        found = families(scrape(replace(world, is_production=is_production)))
        assert found["bankfeeds_listings_unconfirmed"].samples[0].value == count


def test_each_call_to_sage_is_timed_by_what_came_of_it(world):
    answers = iter(
        [Done(), Taken("1"), Rejected("no"), Deferred("later"), Unknown("?"), None, FoundAccount("a", "active", None)]
    )

    class Sage:
        def offer(self, _delivery):
            return next(answers)

        def find(self, _external_id):
            return next(answers)

        def follow(self, _statement_id):
            raise ZeroDivisionError

    meters = Meters()
    worlds.link(world, worlds.make_account(world))
    listing = replace(worlds._listing(world.clock()), id="uk")
    sage = MeasuredDestinations(lambda _: Sage(), lambda *told: meters.sage_call(*told[:4]))(listing)  # pyright: ignore[reportArgumentType]
    statement = SimpleNamespace(pk=1, line_count=2)
    delivery: Any = SimpleNamespace(bank_account_id="ba-1", statement=statement)
    for _ in range(5):
        sage.offer(delivery)
    assert sage.find("x") is None
    assert isinstance(sage.find("x"), FoundAccount)
    with pytest.raises(ZeroDivisionError):
        sage.follow("1")
    samples = families(scrape(world, meters))["bankfeeds_sage_call_seconds"].samples
    counts = {(s.labels["call"], s.labels["outcome"]): s.value for s in samples if s.name.endswith("_count")}
    offers = {("offer", word): 1 for word in ("done", "taken", "rejected", "deferred", "unknown")}
    assert counts == {**offers, ("find", "notFound"): 1, ("find", "found"): 1, ("follow", "crashed"): 1}


def test_requests_are_timed_by_route_and_never_by_the_values_in_a_path(world):
    meters = Meters()
    with worlds.started_server() as server:
        surface = Surface(server.pool, lambda: "0" * 32, "https://feeds.example", worlds.BODY_BYTES_MAX)
        server.app = make_app(
            routes(world, surface),
            lambda: None,
            unrouted(surface),
            is_https=False,
            measure=lambda *told: meters.request(*told[:4]),
        )
        site = worlds.Site(world, server.url)
        site.client.get("/companies/secret-name")
        site.client.get("/nowhere/secret-name")
        site.client.request("PROPFIND", "/companies")
        site.client.close()
    samples = families(scrape(world, meters))["bankfeeds_request_seconds"].samples
    counted = {tuple(s.labels.values()) for s in samples if s.name.endswith("_count")}
    assert ("GET", "/companies/{company_id}", "404") in counted
    assert not [labels for labels in counted if "secret-name" in str(labels)]
    assert {method for method, _, _ in counted} == {"GET", "(other)"}


def test_every_metric_is_documented_and_no_other(world):
    meters = Meters()
    meters.request("GET", "/", 200, 0.1)
    meters.sage_call("uk", "offer", "done", 0.1)
    rows = re.findall(r"^\| `(bankfeeds_\w+)` \|", PAGE, flags=re.MULTILINE)
    own = [name for name in families(scrape(world, meters)) if not name.startswith(OF_THE_LIBRARY)]
    assert sorted(rows) == sorted(own)


def test_a_database_that_does_not_answer_is_a_503(world):
    nowhere = Database("postgresql://127.0.0.1:1/nothing")
    answer = scrape(replace(world, db=nowhere))
    nowhere.close()
    assert (answer.status_code, answer.text) == (503, "the database does not answer; try again")


def test_it_is_answered_nowhere_unless_an_address_is_set(world):
    with measuring(load({}), world, Meters()) as address:
        assert address is None


def test_it_is_answered_on_the_address_that_is_set_and_told_if_that_is_taken(world):
    with measuring(load({"BANKFEEDS_METRICS_ADDRESS": "127.0.0.1:0"}), world, Meters()) as address:
        assert "bankfeeds_feeds" in httpx2.get(f"{address}/metrics").text
        taken = load({"BANKFEEDS_METRICS_ADDRESS": str(address).removeprefix("http://")})
        with pytest.raises(CannotListen, match="BANKFEEDS_METRICS_ADDRESS"), measuring(taken, world, Meters()):
            pass


@pytest.mark.parametrize("text", ["9464", "127.0.0.1", "http://127.0.0.1:9464", "::1:9464", "host:123456"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(WrongSetting, match="BANKFEEDS_METRICS_ADDRESS"):
        load({"BANKFEEDS_METRICS_ADDRESS": text})
