"""Rotating a listing's credentials in the portal: what is filled in changes, the old header counts until it is let go."""

from dataclasses import replace

import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.flows import listings
from bankfeeds.flows.listings import NewSecrets

from ... import consent, worlds
from . import portal_site
from .portal_site import said_in
from .test_integrations import LISTING, settle

WHY = {"reason": "once a year"}
ONE = ListingSecrets("the client secret", "the key", ("the first value",))


def serving(server, world, **options):
    listings.add(world, "test", consent.listing(), ONE)
    return portal_site.serving(server, world, **options)


@pytest.fixture
def site(server, world):
    with serving(server, world) as running:
        running.sign_in_as("administrator")
        yield running


def rotate(site, language="en", **given):
    return site.post(f"{LISTING}/secrets", {**WHY, **given}, language)


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_the_header_is_rotated_and_the_page_says_that_the_old_value_counts_until_it_is_let_go(site):
    assert "Old header" not in said_in(site.get(LISTING))
    assert "Saved." in settle(site, rotate(site, header_value="the second value"))

    assert listings.secrets(site.world, "uk") == replace(ONE, header_values=("the second value", "the first value"))
    for language, chip, lead, drop in (
        ("en", "Old header accepted", "Two values of X-Bank-Key are accepted", "Let the old value go"),
        (
            "fr",
            "Ancien en-tête accepté",
            "Deux valeurs de X-Bank-Key sont acceptées",
            "Ne plus accepter",
        ),
    ):
        said = said_in(site.get(LISTING, language))
        assert chip in said
        assert lead in said
        assert drop in said
    assert "the second value" not in site.get(LISTING).text

    settle(site, site.post(f"{LISTING}/drop-old-header", WHY))

    assert listings.secrets(site.world, "uk") == replace(ONE, header_values=("the second value",))
    assert "Old header" not in said_in(site.get(LISTING))
    acts = [(actor, act) for actor, act, _ in worlds.audited(site.world)]
    ann = "operator:ann-administrator"
    assert acts[-2:] == [(ann, "listing.rotate"), (ann, "listing.drop_old_header")]


def test_what_is_left_empty_stays_as_it_is(site):
    settle(site, rotate(site, client_secret="another", api_key="", header_value=""))
    assert listings.secrets(site.world, "uk") == replace(ONE, client_secret="another")
    settle(site, rotate(site, client_secret="third", api_key="third key", header_value="third value"))
    assert listings.secrets(site.world, "uk") == ListingSecrets(
        "third", "third key", ("third value", "the first value")
    )


@pytest.mark.parametrize(
    ("given", "english", "french"),
    [
        ({}, "one of the three at least", "au moins un des trois"),
        ({"api_key": "k" * (listings.SECRET_LENGTH_MAX + 1)}, "The API key is needed", "Il faut la clé"),
        ({"header_value": "clé"}, "plain ASCII", "en ASCII"),
        ({"header_value": "two\nlines"}, "plain ASCII", "en ASCII"),
        ({"header_value": "new", "reason": " "}, "Say why", "Dites pourquoi"),
        ({"header_value": "new", "reason": "a\0b"}, "Say why", "Dites pourquoi"),
    ],
)
def test_what_cannot_be_a_credential_is_refused_in_both_languages_and_never_repeated(site, given, english, french):
    before = worlds.everything(site.world)
    for language, told in (("en", english), ("fr", french)):
        answer = rotate(site, language, **given)
        assert answer.status_code == 422
        assert told in said_in(answer)
        for secret in ("k" * 10, "clé", "two"):
            assert f'value="{secret}' not in answer.text
    assert worlds.everything(site.world) == before


def test_letting_go_of_the_only_value_is_refused(site):
    before = worlds.everything(site.world)
    answer = site.post(f"{LISTING}/drop-old-header", WHY)
    assert answer.status_code == 422
    assert "One value is accepted only" in said_in(answer)
    assert worlds.everything(site.world) == before


def test_letting_go_needs_a_reason(site):
    rotate(site, header_value="the second value")
    answer = site.post(f"{LISTING}/drop-old-header", {"reason": ""})
    assert answer.status_code == 422
    assert 'id="drop-reason-problem"' in answer.text
    assert len(listings.secrets(site.world, "uk").header_values) == 2


def test_a_listing_that_settings_describe_is_rotated_there_and_its_old_header_let_go_here(server, world):
    with serving(server, world, settings_listing="uk") as site:
        site.sign_in_as("administrator")
        page = site.get(LISTING)
        assert "Change its credentials there and restart each process" in said_in(page)
        assert 'name="client_secret"' not in page.text
        assert "The settings describe this listing" in said_in(rotate(site, header_value="another"))
        assert listings.secrets(world, "uk") == ONE

        listings.rotate(world, "operator:settings", "uk", NewSecrets(header_value="by the settings"))
        assert "Two values of X-Bank-Key are accepted" in said_in(site.get(LISTING))
        settle(site, site.post(f"{LISTING}/drop-old-header", WHY))
        assert listings.secrets(world, "uk").header_values == ("by the settings",)
