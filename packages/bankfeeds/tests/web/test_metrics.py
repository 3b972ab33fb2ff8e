"""`/metrics` says what the database says, documents what it says, and gives nothing away."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from bankfeeds.app.server import MEASURED, ROLES
from bankfeeds.flows import pausing
from bankfeeds.store.engine import Database
from bankfeeds.web import metrics
from bankfeeds.web.server import make_app

from .. import worlds

PAGE = (Path(__file__).parents[4] / "docs/reference/metrics.md").read_text(encoding="utf-8")


def scrape(world):
    app = make_app(metrics.routes(world), lambda: None, unrouted=None, is_https=False)  # pyright: ignore[reportArgumentType]
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: TestClient(app).get("/metrics")).result()


def families(answer):
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_an_empty_platform_has_zeros(world):
    answer = scrape(world)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = families(answer)
    statuses = {sample.labels["status"]: sample.value for sample in found["bankfeeds_feeds"].samples}
    assert statuses == {"open": 0, "parked": 0, "closed": 0}
    assert found["bankfeeds_lines_waiting_oldest_seconds"].samples == []
    assert [sample.value for sample in found["bankfeeds_pushes_pending"].samples] == [0]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_feeds_are_counted_by_status_and_by_being_held(world):
    made = worlds.make_account(world)
    worlds.link(world, made, "sage-1")
    worlds.link(world, made, "sage-2")
    pausing.pause(world, "operator:ann", pausing.Target(), "Sage is moving")
    found = families(scrape(world))
    statuses = {sample.labels["status"]: sample.value for sample in found["bankfeeds_feeds"].samples}
    assert statuses == {"open": 2, "parked": 0, "closed": 0}
    assert found["bankfeeds_feeds_held"].samples[0].value == 2
    (oldest,) = found["bankfeeds_lines_waiting_oldest_seconds"].samples
    assert (oldest.labels, oldest.value) == ({"listing": worlds.LISTING_ID}, 0)


def test_every_metric_is_documented_and_no_other(world):
    rows = re.findall(r"^\| `(bankfeeds_\w+)` \|", PAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted(families(scrape(world)))


def test_a_database_that_does_not_answer_is_a_503(world):
    nowhere = Database("postgresql://127.0.0.1:1/nothing")
    answer = scrape(replace(world, db=nowhere))
    nowhere.close()
    assert (answer.status_code, answer.text) == (503, "the database does not answer; try again")


def test_a_process_for_sage_alone_does_not_answer_it():
    assert ROLES - {"sage", "portal"} == MEASURED
