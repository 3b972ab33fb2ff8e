"""The form: what proves a connection, what a failure changes, and what Sage is told."""

from datetime import timedelta

import pytest

from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.flows import authorise, connections, listings, otp
from bankfeeds.flows.authorise import Failed, Failure, Redirected
from bankfeeds.flows.session import Stage
from bankfeeds.store import authorisations, otps, reports

from ... import consent, worlds


def status_of(started):
    found = started.world.db.read(lambda tx: authorisations.find(tx, consent.LISTING, started.authorisation_id))
    return found.status


def reported(world, made):
    return world.db.read(lambda tx: reports.reported_pks(tx, consent.LISTING, [made.account_pk]))


def changed_tables(before, after):
    return {name for name, rows in after.items() if rows != before[name]}


@pytest.mark.parametrize(
    ("connection_id", "password"),
    [
        (None, "WRONG2"),
        (None, ""),
        ("", None),
        ("not an id", None),
        ("00000000-0000-4000-8000-0000000000ff", None),
        ("x\x00y", "x\x00y"),
    ],
)
def test_whatever_is_wrong_the_failure_is_the_same_and_only_failures_are_counted(sage_world, connection_id, password):
    started = consent.start(sage_world)
    before = worlds.everything(sage_world)

    failed = started.submit(connection_id, password)

    assert isinstance(failed, Failed)
    assert failed.kind is Failure.wrong
    assert changed_tables(before, worlds.everything(sage_world)) <= {"login_failures", "otps"}
    assert started.sage.reports == []
    assert started.session.stage is Stage.open


def test_the_right_codes_tell_sage_of_every_account_and_lead_back_with_the_state(sage_world):
    made = worlds.make_account(sage_world)
    worlds.add_account(sage_world, made.company_id, made.connection_id, "acc-002", type="creditCard", number="777")
    started = consent.start(sage_world, made)

    assert started.submit() == Redirected(consent.RETURN)

    [told] = started.sage.reports
    assert (told.authorisation_id, told.success) == (started.authorisation_id, True)
    first, second = told.accounts
    assert (first.name, first.bank_identifier, first.account_identifier) == (
        "Trading account ••-001 GBP",
        made.company_id,
        "112233-1020acc-001",
    )
    assert (first.branch_identifier, first.type, second.type) == ("112233", "business", "creditCard")
    assert first.external_id == consent.external_id(sage_world, made)
    assert status_of(started) is AuthorisationStatus.succeeded
    assert reported(sage_world, made) == {made.account_pk}


def test_codes_are_forgiven_their_spaces_capitals_and_hyphens(sage_world):
    started = consent.start(sage_world)
    typed = started.made.connection_id.upper().replace("-", " ")

    assert started.submit(f"  {typed} ", f" {started.otp.lower()[:3]} {started.otp.lower()[3:]} ") == Redirected(
        consent.RETURN
    )


def test_a_password_is_spent_by_success(sage_world):
    started = consent.start(sage_world)
    started.submit()

    again = consent.start(sage_world, started.made)
    failed = authorise.submit(sage_world, again.handle, started.made.connection_id, started.otp, consent.ADDRESS)

    assert failed.kind is Failure.wrong
    assert len(started.sage.reports) == 1


def test_the_same_form_once_more_leads_to_the_same_place_and_tells_sage_nothing(sage_world):
    started = consent.start(sage_world)
    started.submit()
    before = worlds.everything(sage_world)

    assert started.submit() == Redirected(consent.RETURN)
    assert started.session.stage is Stage.done
    assert len(started.sage.reports) == 1
    assert worlds.everything(sage_world) == before


def test_a_used_session_serves_no_other_connection(sage_world):
    started = consent.start(sage_world)
    started.submit()
    other = worlds.make_account(sage_world)
    password, _ = otp.issue(sage_world, "api:test", other.company_id, other.connection_id)

    assert started.submit(other.connection_id, password).kind is Failure.wrong
    assert len(started.sage.reports) == 1
    assert reported(sage_world, other) == set()


def test_the_fifth_wrong_password_voids_it_and_the_right_one_no_longer_works(sage_world):
    started = consent.start(sage_world)
    for number in range(4):
        started.submit(password=f"WRONG{number}")
    assert sage_world.db.read(lambda tx: otps.find(tx, started.made.connection_id)).failures == 4

    started.submit(password="WRONG9")

    assert sage_world.db.read(lambda tx: otps.find(tx, started.made.connection_id)) is None
    assert started.submit().kind is Failure.wrong
    assert ("page", "otp.void", f"connection:{started.made.connection_id}") in worlds.audited(sage_world)


def test_four_wrong_passwords_do_not_void_it(sage_world):
    started = consent.start(sage_world)
    for number in range(4):
        started.submit(password=f"WRONG{number}")

    assert isinstance(started.submit(), Redirected)


def test_after_twenty_failures_an_address_waits_even_with_the_right_codes(sage_world, clock):
    started = consent.start(sage_world)
    for _ in range(20):
        assert started.submit("unknown").kind is Failure.wrong
    before = worlds.everything(sage_world)

    assert started.submit().kind is Failure.too_many
    assert worlds.everything(sage_world) == before
    assert isinstance(started.submit(address="203.0.113.10"), Redirected)
    clock.forward(minutes=15, seconds=1)
    fresh = consent.start(sage_world, started.made)
    assert isinstance(fresh.submit(), Redirected)


def test_an_ipv6_subscriber_cannot_change_address_to_guess_on(sage_world):
    started = consent.start(sage_world)
    for number in range(20):
        started.submit("unknown", address=f"2001:db8:1:2::{number + 1:x}")

    assert started.submit(address="2001:db8:1:2:ffff::9").kind is Failure.too_many
    assert isinstance(started.submit(address="2001:db8:1:3::1"), Redirected)


def test_a_password_ends_after_an_hour(sage_world, clock):
    made = worlds.make_account(sage_world)
    password, ends = otp.issue(sage_world, "api:test", made.company_id, made.connection_id)
    assert ends == clock.now + timedelta(hours=1)
    clock.forward(hours=1)
    authorisation_id = consent.announce(sage_world)
    shown = authorise.present(
        sage_world, consent.LISTING, authorisation_id, consent.BANK, consent.REDIRECT, consent.STATE
    )

    failed = authorise.submit(sage_world, shown.handle, made.connection_id, password, consent.ADDRESS)

    assert failed.kind is Failure.wrong


def test_a_new_password_voids_the_one_before(sage_world):
    started = consent.start(sage_world)
    newer, _ = otp.issue(sage_world, "api:test", started.made.company_id, started.made.connection_id)

    assert started.submit().kind is Failure.wrong
    assert isinstance(started.submit(password=newer), Redirected)


def test_a_password_opens_no_other_connection(sage_world):
    started = consent.start(sage_world)
    other = worlds.make_account(sage_world)

    assert started.submit(other.connection_id).kind is Failure.wrong
    assert started.sage.reports == []


def test_a_password_and_its_handle_are_nowhere_in_the_database(sage_world):
    started = consent.start(sage_world)

    stored = repr(worlds.everything(sage_world))

    assert started.otp not in stored
    assert started.handle not in stored


def test_a_connection_without_accounts_is_told_so_only_to_who_has_the_password(sage_world):
    company = worlds.make_account(sage_world).company_id
    bare = connections.create(sage_world, "test", company)
    started = consent.start(sage_world, worlds.Linked(company, bare.id, "none", 0))
    before = worlds.everything(sage_world)

    assert started.submit().kind is Failure.no_accounts
    assert worlds.everything(sage_world) == before
    assert started.submit(password="WRONG2").kind is Failure.wrong
    worlds.add_account(sage_world, company, bare.id, "late")
    assert isinstance(started.submit(), Redirected)


def test_a_session_is_over_after_twenty_minutes(sage_world, clock):
    started = consent.start(sage_world)
    clock.forward(minutes=20)
    before = worlds.everything(sage_world)

    failed = started.submit()

    assert failed.kind is Failure.over
    assert failed.session.return_to == consent.RETURN
    assert worlds.everything(sage_world) == before


def test_an_unknown_handle_shows_nothing(sage_world):
    consent.start(sage_world)

    failed = authorise.submit(sage_world, "guessed", "x", "y", consent.ADDRESS)

    assert (failed.kind, failed.session.institution, failed.session.return_to) == (Failure.over, None, None)


def test_a_listing_removed_meanwhile_ends_it(sage_world):
    started = consent.start(sage_world)
    listings.remove(sage_world, "operator:ann", consent.LISTING)

    assert started.submit().kind is Failure.off
    assert started.session.stage is Stage.off
    assert started.sage.reports == []


def test_a_deleted_connection_is_a_wrong_one(sage_world):
    started = consent.start(sage_world)
    connections.delete(sage_world, "test", started.made.company_id, started.made.connection_id)

    assert started.submit().kind is Failure.wrong


def test_who_gives_up_is_sent_back_and_sage_is_told(sage_world):
    started = consent.start(sage_world)

    assert authorise.refuse(sage_world, started.handle) == Redirected(consent.RETURN)

    assert started.sage.reports == [consent.Reported(started.authorisation_id, None, success=False)]
    assert started.submit().kind is Failure.cancelled
    assert status_of(started) is AuthorisationStatus.refused
    assert reported(sage_world, started.made) == set()


def test_giving_up_is_told_later_if_sage_does_not_answer(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.BUSY, consent.Done()]

    assert authorise.refuse(sage_world, started.handle) == Redirected(consent.RETURN)
    for _ in range(3):
        clock.forward(minutes=2)
        authorise.report_due(sage_world, clock.now)

    assert [told.success for told in started.sage.reports] == [False, False, False]
    assert authorise.report_due(sage_world, clock.now + timedelta(days=1)) == 0


def test_a_renewal_is_refused_to_another_connection_and_audited(sage_world):
    owner = worlds.make_account(sage_world)
    external_id = consent.external_id(sage_world, owner)
    stranger = worlds.make_account(sage_world)
    started = consent.start(sage_world, stranger, external_id)

    assert started.submit().kind is Failure.wrong

    assert started.sage.reports == []
    assert status_of(started) is AuthorisationStatus.presented
    assert ("page", "authorisation.mismatch", f"authorisation:{started.authorisation_id}") in worlds.audited(sage_world)
    assert sage_world.db.read(lambda tx: otps.find(tx, stranger.connection_id)).failures == 0
