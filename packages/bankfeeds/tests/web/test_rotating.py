"""Rotations while calls come in, on both databases: no call that kept to the order is refused, and nothing is lost.

What the guide does with real processes, `tests/operations/test_rotating.py` shows; this is the same within one.
"""

import itertools
import threading
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from bankfeeds.domain.errors import Forbidden
from bankfeeds.flows import keys, listings, resealing
from bankfeeds.flows.context import KEY_REMEMBERED, SECRETS_REMEMBERED, World
from bankfeeds.flows.listings import NewSecrets
from bankfeeds.sage.jwks import JwksVerifier
from bankfeeds.store import authorisations

from .. import consent, worlds
from ..flows.test_resealing import NEW, OLD, sealed_with, started
from . import served

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
BY, WHY = "operator:ann", "once a year"
PATIENCE_S = 60
CALLERS = 2


class Load:
    """Calls one after the other from several threads, each with its own number, until it is enough."""

    def __init__(self, call: Callable[[int], httpx2.Response]) -> None:
        self.statuses: dict[int, int] = {}
        self._call, self._numbers = call, itertools.count(1)
        self._enough, self._answered = threading.Event(), threading.Condition()
        self._threads = [threading.Thread(target=self._go_on_calling) for _ in range(CALLERS)]

    def _go_on_calling(self) -> None:
        while not self._enough.is_set():
            number = next(self._numbers)
            try:
                status = self._call(number).status_code
            except httpx2.HTTPError:
                status = 0
            with self._answered:
                self.statuses[number] = status
                self._answered.notify_all()

    def goes_on(self) -> None:
        """What was asked before this was called has its answer, and so have some that were asked since."""
        with self._answered:
            wanted = len(self.statuses) + 3 * CALLERS
            assert self._answered.wait_for(lambda: len(self.statuses) >= wanted, PATIENCE_S)

    @contextmanager
    def going_on(self) -> Generator["Load"]:
        for thread in self._threads:
            thread.start()
        try:
            self.goes_on()
            yield self
            self.goes_on()
        finally:
            self._enough.set()
            for thread in self._threads:
                thread.join(PATIENCE_S)


def other_process(world: World) -> World:
    """On the same database, with memories of its own."""
    return replace(world, keys=type(world.keys)(KEY_REMEMBERED), secrets=type(world.secrets)(SECRETS_REMEMBERED))


def test_two_header_values_count_while_sage_changes_from_one_to_the_other(server, world, clock):
    signer = consent.Signer()
    with consent.publishing(signer) as published:
        verify = JwksVerifier()
        with served.serving(server, consent.with_sage(world, published.url), verify) as sage:
            _change_the_header(sage, signer, clock)
        verify.close()


def _change_the_header(sage, signer, clock):
    sends = {consent.HEADER: consent.HEADER_VALUE, "authorization": f"Bearer {signer.token(worlds.NOON)}"}
    there = other_process(sage.world)

    def notify(number: int, **changed: str) -> httpx2.Response:
        body = {
            "type": "resourceCreated",
            "resource": {"id": f"s-{number}", "type": "authorisation"},
            "additionalData": {"bankId": consent.BANK},
        }
        return sage.post("/sage/uk/notification", json=body, headers={**sends, **changed})

    def is_taken(value: str) -> tuple[bool, bool]:
        """By this process and by another."""
        here = notify(0, **{consent.HEADER: value}).status_code == 204
        return here, listings.is_header_value(there, consent.LISTING, value)

    old, new = consent.HEADER_VALUE, "the value after"
    with Load(notify).going_on() as load:
        assert is_taken(old) == (True, True)
        assert is_taken(new) == (False, False)
        listings.rotate(sage.world, BY, consent.LISTING, NewSecrets(header_value=new), WHY)
        load.goes_on()
        assert is_taken(old) == is_taken(new) == (True, True)
        sends[consent.HEADER] = new
        load.goes_on()
        listings.drop_old_header(sage.world, BY, consent.LISTING, WHY)
        clock.now += SECRETS_REMEMBERED + timedelta(milliseconds=1)
        load.goes_on()
        assert is_taken(old) == (False, False)
        assert is_taken(new) == (True, True)

    assert set(load.statuses.values()) == {204}
    for number in load.statuses:
        assert sage.world.db.read(lambda tx, n=number: authorisations.find(tx, consent.LISTING, f"s-{n}")) is not None


def test_an_api_key_is_replaced_while_it_is_in_use(site, clock):
    here, there = site.world, other_process(site.world)
    old_key = keys.every(here)[0]
    old = site.authorization_key
    uses = {"key": old}

    def create(number: int) -> httpx2.Response:
        headers = worlds.basic(uses["key"])
        return site.client.post("/companies", json={"name": f"Customer {number}"}, headers=headers)

    with Load(create).going_on() as load:
        _, new = keys.create(here, BY, "nightly push", reason=WHY)
        load.goes_on()
        assert keys.verify(there, old)
        assert keys.verify(there, new)
        uses["key"] = new
        load.goes_on()
        keys.revoke(here, BY, old_key.id, WHY)
        clock.now += KEY_REMEMBERED + timedelta(milliseconds=1)
        load.goes_on()
        with pytest.raises(Forbidden):
            keys.verify(there, old)
        assert site.client.get("/companies", headers=worlds.basic(old)).status_code == 403

    assert set(load.statuses.values()) == {200}
    total = site.client.get("/companies", headers=worlds.basic(new)).json()["totalResults"]
    assert total == len(load.statuses)


def test_everything_is_sealed_anew_while_others_go_on_sealing(server, world):
    """Between each batch of it, by a process that still writes with the old key; what that sealed, a second run seals."""
    worlds.link(started(world, OLD), worlds.make_account(started(world, OLD)))
    behind = started(world, OLD, NEW)
    replies: dict[int, httpx2.Response] = {}

    def create(number: int) -> httpx2.Response:
        headers = {"idempotency-key": str(uuid.UUID(int=number)), "authorization": caller}
        replies[number] = site.client.post("/companies", json={"name": f"Customer {number}"}, headers=headers)
        return replies[number]

    def look(point: str) -> None:
        seen.append(point)
        load.goes_on()
        assert listings.secrets_anew(behind, worlds.LISTING_ID).client_secret == "client secret"

    seen: list[str] = []
    with server.serving(behind) as site:
        caller = site.authorization
        with Load(create).going_on() as load:
            resealing.reseal(replace(started(world, NEW, OLD), crash=look), BY, WHY)
        assert seen
        assert set(load.statuses.values()) == {200}
    resealing.reseal(started(world, NEW, OLD), BY, WHY)

    assert sealed_with(world, OLD) == 0
    after = started(world, NEW)
    assert listings.secrets(after, worlds.LISTING_ID).client_secret == "client secret"
    with server.serving(after) as site:
        for number, first in dict(replies).items():
            again = create(number)
            assert (again.status_code, again.content) == (200, first.content)
            assert again.headers["idempotency-replayed"] == "true"
