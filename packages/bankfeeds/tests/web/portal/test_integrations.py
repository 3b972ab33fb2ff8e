"""Integrations: settings saved or refused field by field, listings added, tried, registered, confirmed, removed."""

import re
from dataclasses import dataclass, field, replace

import pytest

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.integration import DataType
from bankfeeds.domain.listing import AmountUnit
from bankfeeds.domain.outcome import Deferred, Done, Rejected
from bankfeeds.domain.ports import Registered
from bankfeeds.flows import integration, listings

from ... import consent, worlds
from . import portal_site
from .portal_site import said_in

NEW = {
    "id": "us",
    "name": "Harbour Bank",
    "region": "us",
    "country": "USA",
    "url": "https://bank.example",
    "provider_url": "https://sage.invalid/provider",
    "token_url": "https://sage.invalid/oauth/token",
    "jwks_url": "",
    "client_id": "client",
    "audience": "audience",
    "header_name": "X-Bank-Key",
    "bank_id": "",
    "amount_unit": "minor",
    "client_secret": "first secret",
    "api_key": "second secret",
    "header_value": "third secret",
}
LISTING = "integrations/uk"


@dataclass
class Sage:
    """`ports.Registrar`, `Destinations` and `Destination`: says what it was told to say."""

    answer: object = None
    told: list = field(default_factory=list)

    def __call__(self, listing):
        return self

    def find(self, external_id):
        self.told.append("find")
        return self.answer

    def register(self, listing, callbacks):
        self.told.append(callbacks.notification)
        return self.answer

    def unregister(self, listing):
        self.told.append(("unregister", listing.id))
        return self.answer


@pytest.fixture
def sage():
    return Sage()


@pytest.fixture
def site(server, world, sage):
    world = replace(world, destinations=sage)
    listings.add(world, "test", consent.listing(), consent.SECRETS)
    with portal_site.serving(server, world, registrar=sage) as running:
        running.sign_in_as("administrator")
        yield running


def settle(site, answer):
    """The page that a redirect leads to."""
    assert answer.status_code == 303, said_in(answer)
    return said_in(site.client.get(site.url + answer.headers["location"], headers={"accept-language": "en"}))


def test_what_is_set_for_all_listings_is_kept_and_its_flaws_are_told(site):
    answer = site.post("integrations", {"data_accounts": "on", "redirect_hosts": "app.bank.example\n*.bank.example"})
    assert "Saved." in settle(site, answer)
    kept = integration.institution(site.world)
    assert (kept.data_types, kept.redirect_hosts) == ((DataType.accounts,), ("app.bank.example", "*.bank.example"))

    for language, said in (("en", "Each must be a host"), ("fr", "Chacun doit être un hôte")):
        answer = site.post("integrations", {"data_accounts": "on", "redirect_hosts": "*.com"}, language)
        assert answer.status_code == 422
        assert said in answer.text
        assert ">*.com</textarea>" in answer.text
    assert "Choose at least one" in site.post("integrations", {"redirect_hosts": ""}).text
    assert integration.institution(site.world) == kept


def test_products_and_countries_are_told_with_their_source_and_date(site):
    said = said_in(site.get("integrations"))
    assert "Sage Intacct Worldwide" in said
    assert "read in 2026-11" in said
    assert "developer.sage.com" in said


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_a_listing_is_added_with_secrets_that_no_page_shows_again(site):
    answer = site.post("integrations/new", NEW)
    assert answer.headers["location"] == "/portal/integrations/us"
    made = listings.get(site.world, "us")
    assert (made.name, made.jwks_url) == ("Harbour Bank", "https://sage.invalid/.well-known/jwks.json")
    assert listings.secrets(site.world, "us").header_values == ("third secret",)
    for page in (settle(site, answer), site.get("integrations/us").text, site.get("integrations").text):
        assert not re.search("(first|second|third) secret", page)
    assert not re.search("(first|second|third) secret", str(worlds.everything(site.world)))


def test_a_listing_that_cannot_be_is_refused_field_by_field_and_its_secrets_are_not_repeated(site):
    before = worlds.everything(site.world)
    wrong = {**NEW, "id": "US!", "provider_url": "ftp://x", "header_name": "a b", "name": ""}
    for language, said in (("en", "Use 1 to 64 lower-case letters"), ("fr", "De 1 à 64 minuscules")):
        answer = site.post("integrations/new", wrong, language)
        assert answer.status_code == 422
        assert said in answer.text
        assert answer.text.count('class="wrong"') == 4
        assert 'value="Harbour' not in answer.text
        assert 'value="USA"' in answer.text
        assert "first secret" not in answer.text
    answer = site.post("integrations/new", {**NEW, "header_value": ""})
    assert 'id="header_value-problem"' in answer.text
    assert "There is a listing of that short name" in site.post("integrations/new", {**NEW, "id": "uk"}).text
    assert worlds.everything(site.world) == before


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_linking_is_switched_off_and_the_rest_is_kept(site):
    given = {"call_to_action_text": "Where are my codes?", "call_to_action_url": "https://bank.example/codes"}
    assert "Linking off" in settle(site, site.post(f"{LISTING}/settings", given))
    kept = integration.get(site.world, "uk")
    assert (kept.enabled, kept.call_to_action_text) == (False, "Where are my codes?")

    answer = site.post(f"{LISTING}/settings", {**given, "enabled": "on", "call_to_action_url": ""})
    assert answer.status_code == 422
    assert 'id="call_to_action_url-problem"' in answer.text
    assert re.search(r'id="enabled"[^>]* checked', answer.text)
    assert integration.get(site.world, "uk") == kept


def test_names_and_addresses_are_changed(site):
    stored = listings.get(site.world, "uk")
    given = {name: getattr(stored, name) or "" for name in NEW if hasattr(stored, name)}
    assert "Renamed Bank" in settle(site, site.post(f"{LISTING}/facts", {**given, "name": "Renamed Bank"}))
    assert replace(listings.get(site.world, "uk"), name=stored.name) == stored
    assert site.post(f"{LISTING}/facts", {**given, "url": "no address"}).status_code == 422


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_the_amount_unit_is_confirmed_withdrawn_and_changed_each_with_a_reason(site):
    confirm = {"do": "confirm", "amount_unit": "minor", "evidence": "Ann at Sage, 3 May", "reason": "go-live"}
    assert site.post(f"{LISTING}/amounts", {**confirm, "evidence": ""}).status_code == 422
    assert site.post(f"{LISTING}/amounts", {**confirm, "reason": ""}).status_code == 422
    answer = site.post(f"{LISTING}/amounts", {**confirm, "amount_unit": "major"})
    assert "changed meanwhile" in answer.text
    assert listings.get(site.world, "uk").confirmed_at is None

    assert "Recorded at 2026-02-03 12:00 UTC by operator:ann-administrator: Ann at Sage, 3 May" in settle(
        site, site.post(f"{LISTING}/amounts", confirm)
    )
    site.post(f"{LISTING}/amounts", {"do": "withdraw", "reason": "a mistake"})
    assert listings.get(site.world, "uk").confirmed_at is None
    site.post(f"{LISTING}/amounts", confirm)
    site.post(f"{LISTING}/amounts", {"do": "unit", "amount_unit": "major", "reason": "Sage said so"})
    found = listings.get(site.world, "uk")
    assert (found.amount_unit, found.confirmed_at) == (AmountUnit.major, None)


def test_the_connection_is_tried_and_what_sage_says_is_told(site, sage):
    assert "Sage answered, and took the credentials" in settle(site, site.post(f"{LISTING}/try"))
    sage.answer = Deferred("Sage answered 401 to the client secret")
    assert "did not work: Sage answered 401" in settle(site, site.post(f"{LISTING}/try"))
    assert sage.told == ["find", "find"]
    assert [entry[1] for entry in worlds.audited(site.world)].count("listing.try") == 2


def test_of_a_listing_that_sage_does_not_know_the_test_says_what_it_could_not_try(site, sage):
    listings.add(site.world, "test", consent.listing(id="new", bank_id=None), consent.SECRETS)
    said = settle(site, site.post("integrations/new/try"))
    assert "took the credentials. It does not know this listing yet" in said
    assert "register it next" in said
    sage.answer = Deferred("Sage refuses our credentials (401)")
    assert "did not work: Sage refuses our credentials" in settle(site, site.post("integrations/new/try"))


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_sage_is_told_the_callback_addresses(site, sage):
    sage.answer = Registered("bank-9", "ref-9")
    assert "Sage has the addresses now" in settle(site, site.post(f"{LISTING}/register"))
    assert sage.told == [f"{site.url}/sage/uk/notification"]
    assert listings.get(site.world, "uk").bank_id == "bank-9"
    sage.answer = Rejected("externalRef is taken")
    assert "externalRef is taken" in settle(site, site.post(f"{LISTING}/register"))


def test_a_listing_is_removed_at_sage_first_if_asked(site, sage):
    sage.answer = Rejected("not in production")
    answer = site.post(f"{LISTING}/remove", {"at_sage": "on", "reason": "closed"})
    assert answer.status_code == 409
    assert "not in production" in answer.text
    assert listings.get(site.world, "uk").id == "uk"
    sage.answer = Done("bank")
    assert "The listing uk was removed" in settle(
        site, site.post(f"{LISTING}/remove", {"at_sage": "on", "reason": "x"})
    )
    assert sage.told == [("unregister", "uk")] * 2
    with pytest.raises(NotFound):
        listings.get(site.world, "uk")


def test_an_unknown_listing_is_a_page_that_says_so(site):
    for path in ("integrations/none", "integrations/none/remove"):
        assert site.get(path).status_code == 404


def test_viewers_see_what_is_set_and_no_buttons(site):
    site.sign_in_as("viewer")
    text = site.get("integrations").text
    assert "Harbour Bank" in text
    assert "Save" not in said_in(site.get("integrations"))
    assert "integrations/new" not in text


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_who_may_not_change_a_listing_reads_it_without_forms_and_without_secrets(site, role):
    integration.change(site.world, "test", "uk", {"authorization_redirect_url": "https://app.bank.example/consent"})
    listings.confirm(site.world, "test", "uk", AmountUnit.minor, "Ann at Sage, 3 May", "go-live")
    site.sign_in_as(role)
    assert 'href="/portal/integrations/uk"' in site.get("integrations").text
    answer = site.get(LISTING)
    shown = listings.get(site.world, "uk")
    for fact in (
        shown.name, shown.bank_id, shown.external_ref, shown.provider_url, shown.token_url, shown.client_id,
        shown.header_name, "Old header accepted", f"{site.url}/sage/uk/notification", "https://app.bank.example/consent", "3 May",
    ):  # fmt: skip
        assert str(fact) in said_in(answer), fact
    main = answer.text.partition("<main")[2]
    assert shown.client_id in main
    assert not re.search(r"<form|<button|<input|/remove|/try", main)
    secrets = consent.SECRETS
    for secret in (secrets.client_secret, secrets.api_key, *secrets.header_values):
        assert f">{secret}<" not in answer.text

    before = worlds.everything(site.world)
    for path in ("settings", "facts", "secrets", "drop-old-header", "amounts", "try", "register", "remove"):
        assert site.post(f"{LISTING}/{path}", {"reason": "x"}).status_code == 403
    assert site.get(f"{LISTING}/remove").status_code == 403
    assert site.get("integrations/new").status_code == 403
    assert worlds.everything(site.world) == before
