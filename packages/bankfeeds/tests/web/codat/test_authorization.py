"""`PUT authorization` over HTTP: how what the flow says is answered."""

import pytest

from ... import consent, worlds


@pytest.fixture
def connected(world):
    """The world with a listing, and a Sage that answers by a script."""
    return consent.with_sage(world)


@pytest.fixture
def sage(connected):
    return connected.destinations


@pytest.fixture
def site(server, connected):
    with server.serving(connected) as running:
        yield running


@pytest.fixture
def path(connected):
    made = worlds.make_account(connected)
    return f"/companies/{made.company_id}/connections/{made.connection_id}/authorization"


@pytest.fixture
def authorisation_id(connected):
    """Of a session that Sage announced."""
    return consent.announce(connected)


def test_sages_own_id_binds_and_the_connection_is_answered_still_pending(site, path, sage, authorisation_id):
    answer = site.call("PUT", path, {"authorizationId": authorisation_id, "bankId": consent.BANK})

    assert answer.status_code == 200
    assert answer.json() == site.call("GET", path.removesuffix("/authorization")).json()
    assert answer.json()["status"] == "PendingAuth"
    assert len(sage.reports) == 1
    assert site.call("PUT", path, {"authorizationId": authorisation_id}).status_code == 200


@pytest.mark.parametrize("body", [{}, b"", {"authorizationId": ""}, {"authorizationId": 5}, {"authorizationId": "a\0"}])
def test_without_an_id_it_is_400_and_nothing_is_bound(site, world, path, body):
    before = worlds.everything(world)

    answer = site.call("PUT", path, body)

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == "authorizationId"
    assert worlds.everything(world) == before


def test_an_id_that_sage_never_announced_is_404(site, world, path):
    before = worlds.everything(world)

    assert site.call("PUT", path, {"authorizationId": "nobody's"}).status_code == 404
    assert worlds.everything(world) == before


def test_while_sage_is_silent_it_is_503_with_a_short_wait(site, path, sage, authorisation_id):
    sage.answers = [consent.BUSY]

    answer = site.call("PUT", path, {"authorizationId": authorisation_id})

    assert answer.status_code == 503
    assert 0 < int(answer.headers["retry-after"]) <= 5
    assert answer.json()["statusCode"] == 503
