"""Sage asks where to send the person: what is refused, and that a refusal changes nothing."""

from dataclasses import replace

import pytest

from bankfeeds.domain.authorisation import AuthorisationKind
from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound
from bankfeeds.flows import authorise, listings, otp
from bankfeeds.flows.session import Stage

from ... import consent, worlds


def present(world, announced, **changes):
    given = {
        "listing_id": consent.LISTING,
        "authorisation_id": announced,
        "bank": consent.BANK,
        "redirect_uri": consent.REDIRECT,
        "state": consent.STATE,
        **changes,
    }
    return authorise.present(world, **given)


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"listing_id": "us"}, NotFound, "listing"),
        ({"authorisation_id": "never announced"}, NotFound, "session_unknown"),
        ({"bank": "another bank"}, NotFound, "session_unknown"),
        ({"bank": ""}, NotFound, "session_unknown"),
        ({"redirect_uri": "https://evil.example/"}, Forbidden, "redirect_refused"),
        ({"redirect_uri": "https://evil.example/?money.sage.com"}, Forbidden, "redirect_refused"),
        ({"redirect_uri": "http://money.sage.com/"}, Forbidden, "redirect_refused"),
        ({"state": ""}, Invalid, "malformed"),
        ({"state": "x" * 201}, Invalid, "malformed"),
        ({"state": "a\nb"}, Invalid, "malformed"),
        ({"bank": None, "external_id": "never made"}, NotFound, "account_unknown"),
    ],
)
def test_what_is_not_as_announced_is_refused_and_changes_nothing(sage_world, changes, kind, code):
    authorisation_id = consent.announce(sage_world)
    before = worlds.everything(sage_world)

    with pytest.raises(kind) as caught:
        present(sage_world, authorisation_id, **changes)

    assert caught.value.code == code
    assert worlds.everything(sage_world) == before


def test_an_expired_session_is_refused(sage_world, clock):
    authorisation_id = consent.announce(sage_world)
    clock.forward(minutes=20)

    with pytest.raises(Conflict) as caught:
        present(sage_world, authorisation_id)

    assert caught.value.code == "session_over"


def test_a_used_session_is_refused(sage_world):
    started = consent.start(sage_world)
    started.submit()

    with pytest.raises(Conflict) as caught:
        present(sage_world, started.authorisation_id)

    assert caught.value.code == "session_used"
    assert started.session.stage is Stage.done


def test_a_new_handle_replaces_the_one_before(sage_world):
    authorisation_id = consent.announce(sage_world)
    first = present(sage_world, authorisation_id)
    second = present(sage_world, authorisation_id)

    assert authorise.session(sage_world, first.handle).stage is Stage.over
    assert authorise.session(sage_world, second.handle).stage is Stage.open


def test_a_renewal_never_becomes_a_first_authorisation(sage_world):
    made = worlds.make_account(sage_world)
    external_id = consent.external_id(sage_world, made)
    started = consent.start(sage_world, made, external_id)
    before = worlds.everything(sage_world)

    for changes in (
        {},
        {"bank": None, "external_id": consent.external_id(sage_world, worlds.make_account(sage_world))},
    ):
        with pytest.raises(Conflict):
            present(sage_world, started.authorisation_id, **changes)

    assert started.session.kind is AuthorisationKind.reauthorisation
    assert worlds.everything(sage_world)["authorisations"] == before["authorisations"]


def test_the_banks_own_web_app_gets_the_state_as_the_authorization_id(sage_world):
    changes = {"authorization_redirect_url": "https://app.bank.example/link?from=sage"}
    listings.update(sage_world, "operator:ann", consent.LISTING, changes)

    presented = present(sage_world, consent.announce(sage_world))

    assert presented.elsewhere == (
        "https://app.bank.example/link?from=sage"
        f"&authorizationId={consent.STATE}"
        "&redirectUri=https%3A%2F%2Fsnd01eu.sagebankdrive.com%2Fapi%2Fv1%2Findirectredirect%2F77%3Fx%3D1"
        f"&bankId={consent.BANK}"
    )


def test_a_session_waiting_for_sage_can_be_presented_again(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.Done()]
    started.submit()
    again = replace(started, handle=present(sage_world, started.authorisation_id).handle)

    assert again.session.stage is Stage.waiting
    clock.forward(seconds=5)
    assert again.submit(password="") == authorise.Redirected(consent.RETURN)


def test_a_session_tells_who_asks_and_where_to_go_back_to(sage_world):
    started = consent.start(sage_world)

    shown = started.session

    assert (shown.institution, shown.kind, shown.return_to) == (
        "Harbour Bank",
        AuthorisationKind.onboarding,
        consent.RETURN,
    )


def test_a_password_is_made_for_the_companys_own_connection_only(sage_world):
    made, other = worlds.make_account(sage_world), worlds.make_account(sage_world)
    before = worlds.everything(sage_world)

    for company_id, connection_id in ((other.company_id, made.connection_id), (made.company_id, "unknown")):
        with pytest.raises(NotFound):
            otp.issue(sage_world, "api:test", company_id, connection_id)

    assert worlds.everything(sage_world) == before
