"""What the doctor looks at beside feeds: each thing that is wrong is found, with what to do about it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from bankfeeds.app import checking, facts
from bankfeeds.domain.outcome import Deferred, Rejected
from bankfeeds.domain.sage_hosts import Environment, environment_of
from bankfeeds.flows import checkup, keys, listings
from bankfeeds.settings import Settings
from bankfeeds.store import tables as t

from .. import worlds

SANDBOX = {
    "provider_url": "https://papi-snd01-eu-west-1.sagebanking-sandbox.cloud",
    "token_url": "https://id-shadow.sage.com/oauth/token",
    "jwks_url": "https://id-shadow.sage.com/.well-known/jwks.json",
    "audience": "sfdsbanking/sfdsBankingProvider-Pre",
}
PRODUCTION = {
    "provider_url": "https://eu-banking.fabric.sage.com/provider",
    "token_url": "https://id.sage.com/oauth/token",
    "jwks_url": "https://id.sage.com/.well-known/jwks.json",
    "audience": "issued by Sage",
}


class Sage:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def __call__(self, _listing):
        return self

    def find(self, external_id):
        self.asked.append(external_id)
        return self.answer


@pytest.fixture
def linked(world):
    worlds.link(world, worlds.make_account(world))
    return world


def found(world, area):
    return [each.what for each in checkup.look(world) if each.area == area]


def set_addresses(world, **values):
    world.db.write(lambda tx: tx.run(t.listings.update().values(**values)))


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_nothing_is_found_where_nothing_is_wrong(linked):
    assert checkup.look(linked) == []
    assert checking.database_clock(replace(linked, clock=facts.now)) == []
    assert checking.settings_and_disk(Settings()) == []


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        (SANDBOX["provider_url"], Environment.sandbox),
        (SANDBOX["token_url"], Environment.sandbox),
        ("https://snd01eu.sagebankdrive.com/api/v1", Environment.sandbox),
        ("https://sandbox-money.sage.com", Environment.sandbox),
        (PRODUCTION["provider_url"], Environment.production),
        (PRODUCTION["token_url"], Environment.production),
        ("http://127.0.0.1:9080", Environment.local),
        ("https://proxy.bank.example", None),
        ("https://notsage.com", None),
    ],
)
def test_an_address_tells_the_environment(url, environment):
    assert environment_of(url) is environment


@pytest.mark.parametrize("name", SANDBOX)
def test_one_address_of_the_sandbox_among_those_of_production_is_found(linked, name):
    set_addresses(linked, **{**PRODUCTION, name: SANDBOX[name]})
    (what,) = found(replace(linked, is_production=True), "hosts")
    assert "mixes environments" in what
    assert f"{name} is sandbox" in what


def test_addresses_of_another_environment_than_the_platforms_are_found(linked):
    set_addresses(linked, **SANDBOX)
    assert found(linked, "hosts") == []
    (what,) = found(replace(linked, is_production=True), "hosts")
    assert "goes to Sage's sandbox" in what
    set_addresses(linked, **PRODUCTION)
    assert found(replace(linked, is_production=True), "hosts") == []
    (what,) = found(linked, "hosts")
    assert "goes to Sage's production" in what


def test_keys_that_end_or_have_ended_are_found(linked, clock):
    key, _ = keys.create(linked, "test", "ending", clock() + timedelta(days=15))
    assert found(linked, "keys") == []
    clock.forward(days=2)
    (what,) = found(linked, "keys")
    assert what.startswith("API key 'ending' ends at 2026-")
    keys.revoke(linked, "test", key.id)
    assert found(linked, "keys") == ["no API key is live: every push is refused"]


def test_secrets_that_no_key_in_force_opens_are_found_and_sage_is_not_asked_with_them(linked):
    set_addresses(linked, sealed_api_key="not ours")
    assert found(linked, "keys") == ["the x-api-key of listing uk cannot be opened"]
    sage = Sage(None)
    assert checkup.ask_sage(replace(linked, destinations=sage)) == []
    assert sage.asked == []


def test_sage_is_asked_after_an_account_that_nobody_has(linked):
    for answer, count in ((None, 0), (Rejected("no such account"), 0), (Deferred("refuses our credentials (403)"), 1)):
        sage = Sage(answer)
        told = checkup.ask_sage(replace(linked, destinations=sage))
        assert sage.asked == ["bankfeeds-doctor"]
        assert len(told) == count
    assert "refuses our credentials (403)" in told[0].what


def test_a_listing_that_is_not_registered_is_found(linked):
    set_addresses(linked, bank_id=None)
    (told,) = checkup.ask_sage(linked)
    assert "is not registered" in told.what


def test_clocks_apart_are_found(world, clock):
    clock.now = facts.now() + timedelta(seconds=40)
    (told,) = checking.database_clock(world)
    assert "s apart" in told.what


@pytest.mark.parametrize(
    ("status", "body", "seconds", "words"),
    [
        (200, {"keys": [{}]}, 0, None),
        (200, {"keys": [{}]}, 3600, "3600 s apart"),
        (200, {"keys": []}, 0, "names no key"),
        (200, [], 0, "no keys of Sage's tokens"),
        (404, {}, 0, "no keys of Sage's tokens"),
    ],
)
def test_sages_keys_and_clock_are_looked_at(linked, clock, status, body, seconds, words):
    told_at = (clock() + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json=body, headers={"date": told_at}))
    with httpx2.Client(transport=transport) as http:
        (listing,) = listings.every(linked)
        told = checking.sage_clock(linked, listing, http)
    assert [words in each.what for each in told] == ([] if words is None else [True])


def test_settings_that_endanger_production_are_found(tmp_path: Path):
    risky = Settings(environment="production", database_url=f"sqlite:///{tmp_path}/x.db", webhook_private_targets="on")
    assert [each.what.split()[0] for each in checking.settings_and_disk(risky)] == [
        "BANKFEEDS_PUBLIC_URL",
        "BANKFEEDS_WEBHOOK_PRIVATE_TARGETS",
    ]
    safe = replace(risky, public_url="https://feeds.bank.example", webhook_private_targets="off")
    assert checking.settings_and_disk(safe) == []


def test_a_disk_that_is_almost_full_is_found(tmp_path: Path):
    settings = Settings(database_url=f"sqlite:///{tmp_path}/x.db")
    (told,) = checking.disk(settings, 2**62)
    assert "MiB are free" in told.what
    assert checking.FREE_BYTES_MIN == 2**30


def test_every_finding_says_what_to_do(linked):
    set_addresses(linked, **{**PRODUCTION, "token_url": SANDBOX["token_url"], "sealed_api_key": "?"})
    every = checkup.look(linked)
    assert len(every) == 2
    assert all(each.next_step for each in every)
