"""Having Sage remove a listing: what is said to it, and that nothing is removed here unless it is removed there."""

import json
from dataclasses import replace

import httpx2
import pytest

from bankfeeds.domain.errors import Conflict, NotFound, Unavailable
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.flows import listings, registering
from bankfeeds.flows.context import World
from bankfeeds.sage.destination import SageDestinations

from .. import worlds

LISTING = Listing(
    id="uk", name="Bank", region="eu", country="GBR", bank_id="bank-1", external_ref="ref-1", url="https://bank.example",
    provider_url="http://sage.test", token_url="http://sage.test/oauth/token", jwks_url="http://sage.test/j",
    client_id="c", audience="a", connector_issuer=None, connector_audience=None, header_name="x-key",
    amount_unit=AmountUnit.minor, created_at=worlds.NOON,
)  # fmt: skip


def ask(world: World, status: int, body: object) -> list[object]:
    """Have it removed at a Sage that answers so; what Sage was told."""
    told: list[object] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/oauth/token":
            return httpx2.Response(200, json={"access_token": "t", "expires_in": 3600})
        told.append((request.method, request.url.path, json.loads(request.content)))
        return httpx2.Response(status, json=body)

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        sage = SageDestinations(lambda listing_id: listings.secrets(world, listing_id), http, world.clock)
        registering.unregister(world, sage, "operator:test", "uk", "closed")
    return told


@pytest.fixture
def listed(world: World) -> World:
    listings.add(world, "operator:test", LISTING, ListingSecrets("s", "k", ("h",)))
    return world


def test_sage_is_told_by_its_id_and_ours_and_then_the_listing_is_gone(listed: World) -> None:
    told = ask(listed, 200, {"data": {"removed": [{"principalId": "bank-1"}]}})
    assert told == [("POST", "/v1/banks", {"data": {"toRemove": [{"principalId": "bank-1", "externalRef": "ref-1"}]}})]
    with pytest.raises(NotFound):
        listings.get(listed, "uk")
    assert worlds.audited(listed)[-1] == ("operator:test", "listing.remove", "listing:uk")


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(400, Conflict), (409, Conflict), (403, Unavailable), (503, Unavailable), (429, Unavailable)],
)
def test_what_sage_does_not_remove_stays_here(listed: World, status: int, refusal: type[Exception]) -> None:
    before = worlds.everything(listed)
    with pytest.raises(refusal, match="removal"):
        ask(listed, status, {"errors": [{"code": "FORBIDDEN", "message": "ask support", "path": ""}]})
    assert worlds.everything(listed) == before


def test_a_listing_that_sage_never_heard_of_is_not_asked_for(world: World) -> None:
    listings.add(world, "operator:test", replace(LISTING, bank_id=None), ListingSecrets("s", "k", ("h",)))
    with pytest.raises(Conflict, match="without --at-sage"):
        ask(world, 500, {})
