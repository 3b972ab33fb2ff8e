"""Three beats: what Sage answered, failed to answer, or never heard, and a process that died on any line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.flows import authorise, notifications, otp, report
from bankfeeds.flows.authorise import Failure, Redirected
from bankfeeds.flows.session import Stage
from bankfeeds.store import authorisations, feeds, otps, reports, source_accounts

from ... import consent, worlds


class Died(Exception):
    """The process ends here."""


def find(started):
    return started.world.db.read(lambda tx: authorisations.find(tx, consent.LISTING, started.authorisation_id))


def is_reported(started):
    pk = started.made.account_pk
    return pk in started.world.db.read(lambda tx: reports.reported_pks(tx, consent.LISTING, [pk]))


def has_otp(started):
    return started.world.db.read(lambda tx: otps.find(tx, started.made.connection_id)) is not None


def test_a_report_that_sage_did_not_take_leaves_all_as_it_was(sage_world):
    started = consent.start(sage_world)
    started.sage.answers = [consent.BUSY, consent.Done()]

    assert started.submit().kind is Failure.unavailable

    found = find(started)
    assert (found.status, found.connection_id, found.report, found.report_due_at) == (
        AuthorisationStatus.presented,
        None,
        None,
        None,
    )
    assert not is_reported(started)
    assert has_otp(started)
    assert started.submit() == Redirected(consent.RETURN)


def test_a_report_that_sage_refuses_is_the_generic_failure_and_the_session_survives(sage_world):
    started = consent.start(sage_world)
    started.sage.answers = [consent.MALFORMED, consent.Done()]

    assert started.submit().kind is Failure.wrong

    assert not is_reported(started)
    assert has_otp(started)
    assert started.session.stage is Stage.open
    assert ("worker", "authorisation.unbind", f"authorisation:{started.authorisation_id}") in worlds.audited(sage_world)
    assert started.submit() == Redirected(consent.RETURN)


@pytest.mark.parametrize("answer", [consent.USED, consent.OVER])
def test_a_session_that_sage_calls_used_or_over_is_over_and_nothing_is_bound(sage_world, answer):
    started = consent.start(sage_world)
    started.sage.answers = [answer]

    assert started.submit().kind is Failure.over

    assert not is_reported(started)
    assert has_otp(started)
    assert started.session.stage is Stage.over
    assert authorise.report_due(sage_world, sage_world.clock() + timedelta(days=1)) == 0


def test_without_an_answer_it_stays_bound_and_the_background_brings_it_home(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.Done()]

    assert started.submit().kind is Failure.waiting
    assert started.session.stage is Stage.waiting
    assert has_otp(started)
    assert authorise.report_due(sage_world, clock.now) == 0
    clock.forward(seconds=2)
    assert authorise.report_due(sage_world, clock.now) == 1

    assert find(started).status is AuthorisationStatus.succeeded
    assert not has_otp(started)
    assert started.sage.reports[0] == started.sage.reports[1]
    assert started.submit() == Redirected(consent.RETURN)
    assert authorise.report_due(sage_world, clock.now + timedelta(days=1)) == 0


def test_a_repeated_submit_resolves_it_without_the_password(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.USED]
    started.submit()

    assert started.submit(password="").kind is Failure.waiting
    clock.forward(seconds=2)

    assert started.submit(password="") == Redirected(consent.RETURN)
    assert find(started).status is AuthorisationStatus.succeeded


def test_a_bound_session_is_not_open_to_another_connection(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT]
    started.submit()
    other = consent.start(sage_world)
    clock.forward(seconds=2)
    before = find(started)

    failed = authorise.submit(sage_world, started.handle, other.made.connection_id, other.otp, consent.ADDRESS)

    assert failed.kind is Failure.wrong
    assert find(started) == before
    assert len(started.sage.reports) == 1


def test_used_after_an_answer_we_never_had_means_that_it_landed(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.BUSY, consent.USED]
    started.submit()
    for _ in range(2):
        clock.forward(minutes=1)
        authorise.report_due(sage_world, clock.now)

    assert find(started).status is AuthorisationStatus.succeeded
    assert is_reported(started)


def test_over_after_an_answer_we_never_had_keeps_the_accounts_reported(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.OVER]
    started.submit()
    clock.forward(minutes=25)
    authorise.report_due(sage_world, clock.now)

    assert find(started).status is AuthorisationStatus.refused
    assert is_reported(started)


def test_a_sage_that_never_answers_is_given_up_in_the_end(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT]
    started.submit()
    for _ in range(100):
        clock.forward(minutes=1)
        authorise.report_due(sage_world, clock.now)

    assert find(started).status is AuthorisationStatus.refused
    assert find(started).report_due_at is None
    assert is_reported(started)
    assert len(started.sage.reports) < 90


def test_dying_before_sage_is_told_loses_nothing(sage_world, clock):
    started = consent.start(sage_world)
    admitted = _first_beat(started)
    assert isinstance(admitted, report.Attempt)
    assert find(started).status is AuthorisationStatus.bound

    clock.forward(seconds=29)
    assert authorise.report_due(sage_world, clock.now) == 0
    clock.forward(seconds=1)
    assert authorise.report_due(sage_world, clock.now) == 1

    assert len(started.sage.reports) == 1
    assert find(started).status is AuthorisationStatus.succeeded
    assert not has_otp(started)


def test_dying_after_sage_was_told_doubles_nothing(sage_world, clock):
    started = consent.start(sage_world)
    attempt = _first_beat(started)
    assert report.send(sage_world, attempt) == consent.Done()
    started.sage.answers = [consent.USED]

    clock.forward(seconds=30)
    authorise.report_due(sage_world, clock.now)

    assert find(started).status is AuthorisationStatus.succeeded
    assert started.submit() == Redirected(consent.RETURN)


def test_an_attempt_that_lost_its_lease_changes_nothing(sage_world, clock):
    started = consent.start(sage_world)
    slow = _first_beat(started)
    clock.forward(seconds=30)
    authorise.report_due(sage_world, clock.now)
    before = worlds.everything(sage_world)

    assert report.finish(sage_world, slow, consent.USED) is report.Told.taken
    assert report.finish(sage_world, slow, consent.MALFORMED) is report.Told.taken
    assert worlds.everything(sage_world) == before


def test_two_repeaters_tell_sage_once(sage_world, clock):
    started = consent.start(sage_world)
    _first_beat(started)
    clock.forward(seconds=30)
    pk = find(started).pk
    first = sage_world.db.write(lambda tx: report.repeat(tx, authorisations.lock(tx, pk), clock.now))
    second = sage_world.db.write(lambda tx: report.repeat(tx, authorisations.lock(tx, pk), clock.now))

    assert first is not None
    assert second is None


def test_sage_may_act_on_the_report_before_we_have_its_answer(sage_world):
    started = consent.start(sage_world)
    attempt = _first_beat(started)
    external_id = consent.external_id(sage_world, started.made)

    result = notifications.receive(sage_world, consent.LISTING, consent.account_created("sage-1", external_id))

    assert result == "opened"
    assert report.tell(sage_world, attempt) is report.Told.taken


def test_a_newer_password_outlives_the_report_made_with_the_older_one(sage_world, clock):
    started = consent.start(sage_world)
    attempt = _first_beat(started)
    clock.forward(seconds=1)
    otp.issue(sage_world, "api:test", started.made.company_id, started.made.connection_id)

    report.tell(sage_world, attempt)

    assert has_otp(started)


def test_a_renewal_clears_the_need_for_it_and_wakes_the_feed(sage_world, clock):
    made = worlds.make_account(sage_world)
    worlds.link(sage_world, made)
    sage_world.db.write(lambda tx: _put_to_sleep(tx, made))
    started = consent.start(sage_world, made, consent.external_id(sage_world, made))

    assert started.submit() == Redirected(consent.RETURN)

    account = sage_world.db.read(lambda tx: source_accounts.get(tx, made.account_pk))
    [feed] = sage_world.db.read(lambda tx: feeds.live_of_account(tx, made.account_pk))
    assert not account.needs_reauthorisation
    assert feed.waiting_since == clock.now
    assert started.sage.reports == [consent.Reported(started.authorisation_id, None, success=True)]


def _put_to_sleep(tx, made):
    source_accounts.update(tx, made.account_pk, needs_reauthorisation=True)
    [feed] = feeds.live_of_account(tx, made.account_pk)
    feeds.change(tx, feed.pk, due_at=None, waiting_since=None)


def _first_beat(started):
    """The process dies right after the first transaction; the attempt it was about to make."""

    def die(_listing):
        raise Died

    dying = replace(started.world, destinations=die)
    with pytest.raises(Died):
        authorise.submit(dying, started.handle, started.made.connection_id, started.otp, consent.ADDRESS)
    found = find(started)
    return report.Attempt(found.pk, found.id, consent.listing(), found.report, found.report_due_at)
