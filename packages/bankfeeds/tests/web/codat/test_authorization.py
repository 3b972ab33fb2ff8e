"""`PUT authorization` over HTTP: how what the flow says is answered."""

from datetime import timedelta

import pytest

from bankfeeds.domain.authorisation import SESSION
from bankfeeds.domain.outcome import Done
from bankfeeds.flows import authorise

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


def test_a_refusal_in_the_own_web_app_reaches_sage_and_is_answered_alike_again(site, sage, authorisation_id):
    for _ in range(2):
        answer = site.call("DELETE", f"/authorizations/{authorisation_id}?bankId={consent.BANK}")
        assert (answer.status_code, answer.content) == (204, b"")

    assert [(told.authorisation_id, told.accounts, told.success) for told in sage.reports] == [
        (authorisation_id, None, False)
    ]


def test_what_was_refused_binds_no_more(site, path, authorisation_id):
    site.call("DELETE", f"/authorizations/{authorisation_id}")

    assert site.call("PUT", path, {"authorizationId": authorisation_id}).status_code == 404


def test_a_refusal_that_sage_did_not_hear_is_final_and_is_told_again_by_a_worker(
    site, connected, sage, authorisation_id
):
    sage.answers = [consent.SILENT, Done()]

    assert site.call("DELETE", f"/authorizations/{authorisation_id}").status_code == 204
    authorise.report_due(connected, connected.clock() + timedelta(hours=1))

    assert [told.success for told in sage.reports] == [False, False]


def test_what_was_bound_is_not_refused(site, world, path, sage, authorisation_id):
    site.call("PUT", path, {"authorizationId": authorisation_id})
    before = worlds.everything(world)

    answer = site.call("DELETE", f"/authorizations/{authorisation_id}")

    assert (answer.status_code, len(sage.reports)) == (409, 1)
    assert "unlink" in answer.json()["error"]
    assert worlds.everything(world) == before


@pytest.mark.parametrize("name", ["nobody's", "a%00b", "x" * 300])
def test_a_refusal_of_what_sage_never_announced_is_404(site, world, authorisation_id, name):
    before = worlds.everything(world)

    assert site.call("DELETE", f"/authorizations/{name}").status_code == 404
    assert site.call("DELETE", f"/authorizations/{authorisation_id}?bankId=another").status_code == 404
    assert worlds.everything(world) == before


def test_a_refusal_after_the_session_is_404(site, connected, authorisation_id, sage):
    connected.clock.forward(minutes=SESSION.total_seconds() / 60)

    assert site.call("DELETE", f"/authorizations/{authorisation_id}").status_code == 404
    assert sage.reports == []
