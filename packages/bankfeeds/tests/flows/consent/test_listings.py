"""Listings: what an operator may do, what is refused, and where the secrets are."""

from dataclasses import replace

import pytest

from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.domain.listing import AmountUnit, ListingSecrets
from bankfeeds.flows import listings

from ... import consent, worlds


def test_a_listing_is_kept_with_its_secrets_sealed(world):
    added = listings.add(world, "operator:ann", consent.listing(), consent.SECRETS, "first one")

    assert listings.get(world, consent.LISTING) == added
    assert listings.every(world) == [added]
    assert listings.secrets(world, consent.LISTING) == consent.SECRETS
    stored = repr(worlds.everything(world))
    for secret in ("client secret", "api key", consent.HEADER_VALUE, "the value before"):
        assert secret not in stored
    assert worlds.audited(world) == [("operator:ann", "listing.add", "listing:uk")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "Not A Path"}, "id"),
        ({"id": ""}, "id"),
        ({"name": ""}, "name"),
        ({"provider_url": "ftp://sage.example"}, "provider_url"),
        ({"jwks_url": "https://"}, "jwks_url"),
        ({"authorization_redirect_url": "javascript:alert(1)"}, "authorization_redirect_url"),
        ({"header_name": "two words"}, "header_name"),
        ({"client_id": "a\x00b"}, "client_id"),
        ({"audience": ""}, "audience"),
    ],
)
def test_a_listing_that_could_not_work_is_refused_by_field(world, changes, field):
    before = worlds.everything(world)

    with pytest.raises(Invalid) as caught:
        listings.add(world, "operator:ann", consent.listing(**changes), consent.SECRETS)

    assert field in [flaw.field for flaw in caught.value.flaws]
    assert worlds.everything(world) == before


@pytest.mark.parametrize(
    "secrets", [ListingSecrets("", "k", ("v",)), ListingSecrets("s", "", ("v",)), ListingSecrets("s", "k", ())]
)
def test_a_listing_without_a_secret_is_refused(world, secrets):
    with pytest.raises(Invalid):
        listings.add(world, "operator:ann", consent.listing(), secrets)
    assert listings.every(world) == []


def test_an_id_is_never_given_out_twice(world):
    listings.add(world, "operator:ann", consent.listing(), consent.SECRETS)
    listings.remove(world, "operator:ann", consent.LISTING, "moved")
    before = worlds.everything(world)

    with pytest.raises(Conflict):
        listings.add(world, "operator:ann", consent.listing(), consent.SECRETS)
    for act in (listings.get, lambda w, i: listings.remove(w, "x", i), lambda w, i: listings.update(w, "x", i, {})):
        with pytest.raises(NotFound):
            act(world, consent.LISTING)

    assert listings.every(world) == []
    assert worlds.everything(world) == before


def test_changes_leave_the_rest_and_secrets_change_only_when_given(sage_world):
    before = listings.get(sage_world, consent.LISTING)

    after = listings.update(sage_world, "operator:ann", consent.LISTING, {"name": "Quay Bank"}, None, "renamed")
    assert after == replace(before, name="Quay Bank")
    assert listings.secrets(sage_world, consent.LISTING) == consent.SECRETS

    newer = replace(consent.SECRETS, api_key="another")
    listings.update(sage_world, "operator:ann", consent.LISTING, {}, newer)
    assert listings.secrets(sage_world, consent.LISTING) == newer


@pytest.mark.parametrize(
    "changes", [{"id": "other"}, {"confirmed_at": None}, {"colour": "red"}, {"amount_unit": "pence"}, {"name": None}]
)
def test_what_cannot_be_changed_is_refused(sage_world, changes):
    before = worlds.everything(sage_world)

    with pytest.raises(Invalid):
        listings.update(sage_world, "operator:ann", consent.LISTING, changes)

    assert worlds.everything(sage_world) == before


def test_the_confirmation_names_its_evidence_and_ends_with_the_unit(sage_world):
    with pytest.raises(Invalid):
        listings.confirm(sage_world, "operator:ann", consent.LISTING, AmountUnit.minor, "  ", "we asked")
    assert listings.get(sage_world, consent.LISTING).confirmed_at is None

    told = "letter of 1 February"
    confirmed = listings.confirm(sage_world, "operator:ann", consent.LISTING, AmountUnit.minor, told, "we asked")
    assert confirmed.confirmed_at == worlds.NOON
    kept = listings.update(sage_world, "operator:ann", consent.LISTING, {"name": "Quay Bank"})
    assert kept.confirmed_at == worlds.NOON

    changed = listings.update(sage_world, "operator:ann", consent.LISTING, {"amount_unit": "major"})
    assert (changed.amount_unit, changed.confirmed_at) == (AmountUnit.major, None)


def test_every_header_value_in_force_is_sages(sage_world):
    assert listings.is_header_value(sage_world, consent.LISTING, consent.HEADER_VALUE)
    assert listings.is_header_value(sage_world, consent.LISTING, "the value before")
    for wrong in ("", "value", consent.HEADER_VALUE + " ", "Ü"):
        assert not listings.is_header_value(sage_world, consent.LISTING, wrong)
