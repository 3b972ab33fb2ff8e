"""Secrets that another process replaced: what Sage refuses by those before is asked again with the new ones, once."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx2
import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.outcome import Deferred
from bankfeeds.flows import listings
from bankfeeds.flows.context import SECRETS_REMEMBERED
from bankfeeds.flows.listings import NewSecrets
from bankfeeds.sage.destination import SageDestinations

from .. import consent, worlds
from .test_offering import LISTING

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD, NEW = ListingSecrets("old", "old", ("h",)), ListingSecrets("new", "new", ("h",))


class Sage:
    """Takes one client secret and one API key, and knows no account."""

    def __init__(self, takes):
        self.takes, self.asked = takes, []

    def __call__(self, request):
        self.asked.append(request.url.path)
        if request.url.path == "/oauth/token":
            (given,) = parse_qs(request.content.decode())["client_secret"]
            return httpx2.Response(200 if given == self.takes.client_secret else 401, json={"access_token": "t"})
        return httpx2.Response(404 if request.headers["x-api-key"] == self.takes.api_key else 403, json={})


def find(sage, anew):
    """What a question comes to, where OLD is remembered and `anew` is what the database has."""
    with httpx2.Client(transport=httpx2.MockTransport(sage)) as http:
        destinations = SageDestinations(lambda _: OLD, http, lambda: NOON, secrets_anew=lambda _: anew)
        return destinations(LISTING).find("ext-1")


@pytest.mark.parametrize(
    ("takes", "calls"),
    [
        (NEW, ["/oauth/token", "/oauth/token", "/v1/accountqueries", "/v1/accountqueries"]),
        (ListingSecrets("old", "new", ()), ["/oauth/token", "/v1/accountqueries", "/v1/accountqueries"]),
        (OLD, ["/oauth/token", "/v1/accountqueries"]),
    ],
)
def test_what_is_refused_by_the_secrets_before_is_asked_with_the_new_ones(takes, calls):
    sage = Sage(takes)
    assert find(sage, NEW) is None
    assert sage.asked == calls


def test_what_is_refused_by_the_only_secrets_there_are_is_not_asked_twice():
    sage = Sage(ListingSecrets("old", "new", ()))
    assert isinstance(find(sage, OLD), Deferred)
    assert sage.asked == ["/oauth/token", "/v1/accountqueries"]
    sage = Sage(NEW)
    assert isinstance(find(sage, OLD), Deferred)
    assert sage.asked == ["/oauth/token"]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_credentials_that_an_operator_rotated_are_used_by_every_process_at_once(world):
    """Sage takes the new ones from one moment to the next, as the harder case has it."""
    listings.add(world, "operator:ann", consent.listing(), consent.SECRETS)
    there = replace(world, secrets=type(world.secrets)(SECRETS_REMEMBERED))
    sage = Sage(consent.SECRETS)

    def find(process):
        with httpx2.Client(transport=httpx2.MockTransport(sage)) as http:
            destinations = SageDestinations(
                lambda listing: listings.secrets(process, listing),
                http,
                world.clock,
                secrets_anew=lambda listing: listings.secrets_anew(process, listing),
            )
            return destinations(listings.get(world, consent.LISTING)).find("ext-1")

    assert find(world) is find(there) is None
    sage.takes = replace(consent.SECRETS, client_secret="another", api_key="another key")
    assert isinstance(find(there), Deferred), "Sage has changed, we have not been told: nothing is lost, it waits"

    new = NewSecrets(client_secret="another", api_key="another key")
    listings.rotate(world, "operator:ann", consent.LISTING, new, "Sage issued others")

    assert find(world) is find(there) is None
    assert listings.secrets(there, consent.LISTING).header_values == consent.SECRETS.header_values
