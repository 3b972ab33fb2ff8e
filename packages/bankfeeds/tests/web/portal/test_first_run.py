"""The first run: every step is seen from what is stored, whoever did it, and none is taken twice or too early."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.outcome import Deferred, Rejected
from bankfeeds.flows import companies, first_run, listings, otp
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.first_run import Step
from bankfeeds.web.portal.first_run import product_of

from ... import worlds
from .portal_site import said_in

FORM = {"company": "Harbour Bakery", "account": "Current account", "currency": "GBP"}
SECRETS = ListingSecrets("client secret", "api key", ("header value",))


class Sage:
    """Answers account queries as it is told to."""

    def __init__(self, answer=None):
        self.answer = answer

    def __call__(self, _listing):
        return self

    def find(self, _external_id):
        return self.answer


@pytest.fixture
def listed(site, world, clock):
    sandbox = replace(worlds._listing(clock()), provider_url="http://127.0.0.1:9080/papi")
    return listings.add(world, "test", sandbox, SECRETS)


def link(site):
    walk = first_run.look(site.world)
    linked = worlds.Linked(walk.company.id, walk.connection_id, walk.account.id, walk.account.pk)
    worlds.link(site.world, linked, start_on=site.world.clock().date().isoformat())


def test_with_nothing_there_it_says_where_a_listing_is_added(site):
    answer = site.get("first-run")

    assert first_run.look(site.world).step is Step.listing
    assert '<a class="button" href="/portal/integrations">Add a listing</a>' in answer.text
    assert site.post("first-run/check").headers["location"] == "/portal/first-run"


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_it_goes_from_a_listing_to_lines_that_are_on_their_way(site, listed, clock):
    assert first_run.look(site.world).step is Step.account

    answer = site.post("first-run/account", FORM)
    assert answer.headers["location"] == "/portal/first-run"
    walk = first_run.look(site.world)
    assert (walk.step, walk.company.name, walk.account.name) == (Step.link, "Harbour Bakery", "Current account")

    shown = site.post("first-run/password")
    issued = re.search(r'One-time password</dt><dd><code class="copyable">(\w{6})</code>', shown.text)[1]
    assert walk.connection_id in shown.text
    assert 'href="http://127.0.0.1:9080/ui"' in shown.text
    assert issued not in site.get("first-run").text

    link(site)
    assert first_run.look(site.world).step is Step.push
    assert "Linked since 2026-02-03 12:00 UTC" in said_in(site.get("first-run"))
    assert site.post("first-run/push").headers["location"] == "/portal/first-run"
    walk = first_run.look(site.world)
    assert (walk.step, walk.account.last_seq, walk.delivered) == (Step.deliver, 3, 0)
    assert "Delivery takes a moment." in said_in(site.get("first-run"))


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"company": " "}, "company"), ({"account": ""}, "account"), ({"currency": "XXX"}, "currency")],
)
def test_a_form_that_is_wrong_says_so_at_the_field(site, listed, changed, field):
    answer = site.post("first-run/account", {**FORM, **changed})

    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert first_run.look(site.world).account is None


def test_a_run_that_died_after_its_company_goes_on_with_it(site, listed):
    companies.create(site.world, "test", CompanyDraft("Harbour Bakery", None, None))

    assert first_run.look(site.world).step is Step.account
    site.post("first-run/account", {**FORM, "company": "Another"})

    walk = first_run.look(site.world)
    assert (walk.step, walk.company.name) == (Step.link, "Harbour Bakery")
    assert companies.page(site.world, 0, 10)[1] == 1


def test_no_step_is_taken_twice_or_too_early(site, listed):
    assert site.post("first-run/push").status_code == 409
    assert site.post("first-run/password").headers["location"] == "/portal/first-run"
    site.post("first-run/account", FORM)
    before = worlds.everything(site.world)

    assert site.post("first-run/account", FORM).status_code == 422
    assert site.post("first-run/push").status_code == 409

    assert companies.page(site.world, 0, 10)[1] == 1
    assert worlds.everything(site.world) == before


def test_samples_are_never_before_the_start_date_that_sage_s_user_chose(site, listed, clock):
    site.post("first-run/account", FORM)
    link(site)
    clock.now += timedelta(days=40)

    push = first_run.push_samples(site.world, "test")

    assert push.warnings == ()
    site.sign_in_as("administrator")
    assert "Three lines of today" in said_in(site.get("first-run"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Sage answers, and takes the credentials."),
        (Deferred("the token endpoint answered 401"), "Sage did not take the call: the token endpoint answered 401."),
        (Rejected("SCHEMA_INVALID"), "Sage did not take the call: SCHEMA_INVALID."),
    ],
)
def test_the_credentials_are_tested_by_a_real_call(server, world, listed, answer, said):
    from .portal_site import serving  # noqa: PLC0415 - a world of its own

    with serving(server, replace(world, destinations=Sage(answer))) as site:
        site.sign_in_as("administrator")
        assert said in said_in(site.post("first-run/check"))


def test_a_viewer_may_look_and_do_nothing(site, listed):
    site.sign_in_as("viewer")

    assert '<form method="post" action="/portal/first-run' not in site.get("first-run").text
    assert site.post("first-run/account", FORM).status_code == 403
    assert first_run.look(site.world).step is Step.account


def test_a_password_that_others_made_is_not_shown_but_known_of(site, listed):
    site.post("first-run/account", FORM)
    walk = first_run.look(site.world)
    issued, _ = otp.issue(site.world, "test", walk.company.id, walk.connection_id)

    page = site.get("first-run").text

    assert issued not in page
    assert "Look again" in page


def test_only_a_sandbox_s_product_is_linked(listed):
    assert product_of(listed) == "http://127.0.0.1:9080/ui"
    assert product_of(replace(listed, provider_url="https://api.sage.example/provider")) is None
    assert product_of(None) is None
