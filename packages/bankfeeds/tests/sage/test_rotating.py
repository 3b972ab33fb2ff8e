"""Secrets that another process replaced: what Sage refuses by those before is asked again with the new ones, once."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx2
import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.outcome import Deferred
from bankfeeds.sage.destination import SageDestinations

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
