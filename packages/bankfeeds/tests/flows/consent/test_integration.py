"""What an institution sets of its integration, and what switching a listing off does to sessions."""

from dataclasses import asdict

import pytest
import sqlalchemy as sa

from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound
from bankfeeds.domain.integration import REDIRECT_HOSTS_MAX, TEXT_LENGTH_MAX, DataType
from bankfeeds.flows import authorise, branding, integration, listings
from bankfeeds.flows.session import Stage
from bankfeeds.store import tables as t

from ... import consent, pictures, worlds

ANN = "operator:ann"
SET = {
    "call_to_action_text": "Where do I find these?",
    "call_to_action_url": "https://bank.example/codes?from=sage",
    "authorization_redirect_url": "https://app.bank.example/link?a=1",
}


def switch(world, *, on):
    return integration.change(world, ANN, consent.LISTING, {"enabled": on}, "maintenance")


def test_a_listing_is_enabled_and_offers_nothing_until_something_is_set(sage_world):
    found = integration.get(sage_world, consent.LISTING)

    assert asdict(found) == {
        "listing_id": "uk",
        "enabled": True,
        "call_to_action_text": None,
        "call_to_action_url": None,
        "authorization_redirect_url": None,
    }
    assert integration.every(sage_world) == [found]
    assert integration.institution(sage_world).data_types == tuple(DataType)
    with pytest.raises(NotFound):
        integration.get(sage_world, "us")
    with pytest.raises(NotFound):
        integration.change(sage_world, ANN, "us", {"enabled": False})


def test_what_is_set_is_kept_and_audited_with_before_and_after(sage_world):
    changed = integration.change(sage_world, ANN, "uk", {**SET, "enabled": "off"}, "launch")

    assert integration.get(sage_world, "uk") == changed
    assert (changed.enabled, changed.call_to_action_text) == (False, "Where do I find these?")
    assert listings.get(sage_world, "uk").authorization_redirect_url == SET["authorization_redirect_url"]
    query = sa.select(t.audit).where(t.audit.c.action == "integration.change")
    row = sage_world.db.read(lambda tx: tx.row(query))
    assert (row.actor, row.subject, row.reason) == (ANN, "listing:uk", "launch")
    assert row.detail["changed"]["enabled"] == [True, False]

    cleared = integration.change(sage_world, ANN, "uk", dict.fromkeys(SET, ""))
    assert (cleared.call_to_action_url, cleared.authorization_redirect_url) == (None, None)
    assert cleared.enabled is False


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"enabled": "perhaps"}, "enabled"),
        ({"name": "x"}, "name"),
        ({"call_to_action_text": "Help"}, "call_to_action_url"),
        ({"call_to_action_url": "https://bank.example"}, "call_to_action_text"),
        ({**SET, "call_to_action_text": "x" * (TEXT_LENGTH_MAX + 1)}, "call_to_action_text"),
        ({**SET, "call_to_action_text": "a\nb"}, "call_to_action_text"),
        ({**SET, "call_to_action_url": "javascript:alert(1)"}, "call_to_action_url"),
        ({**SET, "call_to_action_url": "https://ann:secret@bank.example"}, "call_to_action_url"),
        ({"authorization_redirect_url": "https://bank.example\\@elsewhere.example"}, "authorization_redirect_url"),
        ({"authorization_redirect_url": "https://bank.example/" + "x" * 2048}, "authorization_redirect_url"),
    ],
)
def test_what_could_not_work_is_refused_by_field_and_changes_nothing(sage_world, changes, field):
    before = worlds.everything(sage_world)

    with pytest.raises(Invalid) as caught:
        integration.change(sage_world, ANN, "uk", changes)

    assert field in [flaw.field for flaw in caught.value.flaws]
    assert worlds.everything(sage_world) == before


def test_the_institutions_own_hosts_may_be_returned_to_beside_sages(sage_world):
    authorisation_id = consent.announce(sage_world)

    def present(redirect_uri):
        return authorise.present(
            sage_world, consent.LISTING, authorisation_id, consent.BANK, redirect_uri, consent.STATE
        )

    with pytest.raises(Forbidden):
        present("https://test.bank.example/back")

    integration.change_institution(sage_world, ANN, {"redirect_hosts": "*.bank.example, http://localhost:9000"})

    assert present("https://test.bank.example/back").handle
    assert present("https://money.sage.com/back").handle
    with pytest.raises(Forbidden):
        present("https://bank.example.evil.example/back")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"redirect_hosts": "https://bank.example/path"}, "redirect_hosts"),
        ({"redirect_hosts": "*.com"}, "redirect_hosts"),
        ({"redirect_hosts": ["bank.example", "a b"]}, "redirect_hosts"),
        ({"redirect_hosts": [f"h{n}.example" for n in range(REDIRECT_HOSTS_MAX + 1)]}, "redirect_hosts"),
        ({"data_types": "accounts passwords"}, "data_types"),
        ({"data_types": ""}, "data_types"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_setting_of_the_institution_that_could_not_work_is_refused_by_field(sage_world, changes, field):
    before = worlds.everything(sage_world)

    with pytest.raises(Invalid) as caught:
        integration.change_institution(sage_world, ANN, changes)

    assert [flaw.field for flaw in caught.value.flaws] == [field]
    assert worlds.everything(sage_world) == before


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_switched_off_a_session_begun_ends_and_sage_is_told_once(sage_world, clock):
    started = consent.start(sage_world)

    switch(sage_world, on=False)

    assert started.session.stage is Stage.off
    assert started.session.return_to == consent.RETURN
    assert started.submit().kind is authorise.Failure.off
    for _ in range(3):
        authorise.report_due(sage_world, clock())
        clock.forward(minutes=2)
    assert [(told.authorisation_id, told.success) for told in started.sage.reports] == [
        (started.authorisation_id, False)
    ]
    switch(sage_world, on=True)
    assert started.session.stage is Stage.cancelled


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_switched_off_a_new_session_is_shown_that_on_our_own_page_and_sage_is_told_once(sage_world, clock):
    integration.change(sage_world, ANN, "uk", {**SET, "enabled": False})
    authorisation_id = consent.announce(sage_world)

    shown = authorise.present(
        sage_world, consent.LISTING, authorisation_id, consent.BANK, consent.REDIRECT, consent.STATE
    )

    assert shown.elsewhere is None
    assert authorise.session(sage_world, shown.handle).stage is Stage.off
    assert authorise.report_due(sage_world, clock()) == 1
    assert authorise.report_due(sage_world, clock()) == 0
    assert [told.success for told in sage_world.destinations.reports] == [False]


def test_a_session_presented_just_when_it_was_switched_off_ends_at_its_form(sage_world, clock):
    started = consent.start(sage_world)
    switch(sage_world, on=False)
    sage_world.db.write(
        lambda tx: tx.run(
            t.authorisations.update().values(
                status=AuthorisationStatus.presented.value, report=None, report_due_at=None
            )
        )
    )

    assert started.submit().kind is authorise.Failure.off
    assert authorise.report_due(sage_world, clock()) == 1


def test_switched_off_nobody_is_vouched_for(sage_world):
    started = consent.start(sage_world)
    switch(sage_world, on=False)
    late = consent.announce(sage_world)
    before = worlds.everything(sage_world)

    with pytest.raises(Conflict) as caught:
        authorise.bind_by_api(
            sage_world, "api:test", started.made.company_id, started.made.connection_id, late, consent.BANK
        )

    assert caught.value.code == "integration_off"
    assert worlds.everything(sage_world) == before


def test_switched_off_what_is_linked_may_be_renewed(sage_world):
    made = worlds.make_account(sage_world)
    worlds.add_account(sage_world, made.company_id, made.connection_id, "acc-002")
    switch(sage_world, on=False)
    started = consent.start(sage_world, made, consent.external_id(sage_world, made))

    assert started.session.stage is Stage.open
    assert started.session.renews == "Trading account ••-001 GBP"
    assert started.submit() == authorise.Redirected(consent.RETURN)


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_the_branding_is_kept_shown_and_audited(sage_world):
    changed = branding.change(sage_world, ANN, {"name": " Harbour & Sons ", "colour": "#0B7"}, "new look")
    with_logo = branding.change_logo(sage_world, ANN, pictures.SVG)

    assert (changed.name, changed.colour) == ("Harbour & Sons", "#00bb77")
    assert branding.get(sage_world) == with_logo
    assert (with_logo.logo_type, len(with_logo.logo_digest)) == ("image/svg+xml", 64)
    assert branding.logo(sage_world).content == pictures.SVG
    assert consent.start(sage_world).session.institution == "Harbour & Sons"
    assert worlds.audited(sage_world)[1:3] == [
        (ANN, "branding.change", "institution:branding"),
        (ANN, "branding.logo", "institution:branding"),
    ]

    branding.change(sage_world, ANN, {"name": "", "colour": None})
    branding.change_logo(sage_world, ANN, None)
    assert asdict(branding.get(sage_world)) == dict.fromkeys(("name", "colour", "logo_type", "logo_digest"))
    assert branding.logo(sage_world) is None


@pytest.mark.parametrize(
    ("changes", "field"), [({"colour": "blue"}, "colour"), ({"name": "x" * 61}, "name"), ({"logo": "x"}, "logo")]
)
def test_branding_that_cannot_be_shown_is_refused_by_field(sage_world, changes, field):
    before = worlds.everything(sage_world)

    with pytest.raises(Invalid) as caught:
        branding.change(sage_world, ANN, changes)
    with pytest.raises(Invalid):
        branding.change_logo(sage_world, ANN, b"GIF89a")

    assert [flaw.field for flaw in caught.value.flaws] == [field]
    assert worlds.everything(sage_world) == before
