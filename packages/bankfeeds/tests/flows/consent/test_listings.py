"""Listings: what an operator may do, what is refused, and where the secrets are."""

from dataclasses import replace

import pytest

from bankfeeds.app.registering import FIRST, ensure_first_listing
from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.domain.listing import AmountUnit, ListingSecrets
from bankfeeds.flows import listings
from bankfeeds.flows.context import SECRETS_REMEMBERED
from bankfeeds.flows.listings import NewSecrets
from bankfeeds.settings import Settings

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


def test_a_new_header_value_counts_beside_the_one_before_until_that_is_dropped(sage_world):
    rotate = NewSecrets(header_value="third")
    listings.rotate(sage_world, "operator:ann", consent.LISTING, rotate, "once a year")

    before = listings.secrets(sage_world, consent.LISTING)
    assert before.header_values == ("third", consent.HEADER_VALUE)
    assert not listings.is_header_value(sage_world, consent.LISTING, "the value before")
    listings.rotate(sage_world, "operator:ann", consent.LISTING, rotate)
    assert listings.secrets(sage_world, consent.LISTING) == before, "the same again must not push the other out"

    listings.drop_old_header(sage_world, "operator:ann", consent.LISTING)
    assert listings.secrets(sage_world, consent.LISTING) == replace(before, header_values=("third",))
    with pytest.raises(Conflict, match="one header value"):
        listings.drop_old_header(sage_world, "operator:ann", consent.LISTING)
    acts = [act for _, act, _ in worlds.audited(sage_world)][-3:]
    assert acts == ["listing.rotate", "listing.rotate", "listing.drop_old_header"]


def test_the_same_value_again_leaves_the_one_before_beside_it(sage_world):
    listings.rotate(sage_world, "operator:ann", consent.LISTING, NewSecrets(header_value=consent.HEADER_VALUE))
    assert listings.secrets(sage_world, consent.LISTING) == consent.SECRETS


@pytest.mark.parametrize(
    "wrong", [NewSecrets(), NewSecrets(api_key=""), NewSecrets(header_value="v" * (listings.SECRET_LENGTH_MAX + 1))]
)
def test_a_rotation_to_nothing_is_refused(sage_world, wrong):
    before = worlds.everything(sage_world)
    with pytest.raises(Invalid):
        listings.rotate(sage_world, "operator:ann", consent.LISTING, wrong)
    assert worlds.everything(sage_world) == before


def test_a_header_that_another_process_was_just_told_of_is_sages_here_too(sage_world):
    assert not listings.is_header_value(sage_world, consent.LISTING, "third")
    other = replace(sage_world, secrets=type(sage_world.secrets)(SECRETS_REMEMBERED))
    listings.rotate(other, "operator:ann", consent.LISTING, NewSecrets(header_value="third"))
    assert listings.is_header_value(sage_world, consent.LISTING, "third")


def test_settings_that_changed_keep_the_header_value_before_and_replace_the_rest(world):
    known = {f"sage_{name}": f"the {name}" for name in ("client_id", "client_secret", "audience", "api_key", "bank_id")}
    urls = {"sage_provider_url": "http://sage.test", "sage_token_url": "http://sage.test/token"}
    header = {"sage_header_name": "X-Key", "sage_header_value": "first"}
    settings = Settings(**known, **urls, **header)
    ensure_first_listing(world, settings, "http://own.test")

    newer = replace(settings, sage_header_value="second", sage_api_key="another")
    ensure_first_listing(world, newer, "http://own.test")

    told = ListingSecrets("the client_secret", "another", ("second", "first"))
    assert listings.secrets(world, FIRST) == told
    held = worlds.everything(world)
    ensure_first_listing(world, newer, "http://own.test")
    assert worlds.everything(world) == held
