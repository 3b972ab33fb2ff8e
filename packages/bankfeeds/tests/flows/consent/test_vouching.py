"""The institution's own web app vouches for the person: `PUT authorization`."""

import pytest

from bankfeeds.domain.authorisation import AuthorisationStatus
from bankfeeds.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from bankfeeds.flows import authorise, connections, otp
from bankfeeds.store import authorisations, otps, reports

from ... import consent, worlds


def vouch(started, authorization_id=consent.STATE, made=None, bank_id=None):
    made = made or started.made
    return authorise.bind_by_api(
        started.world, "api:test", made.company_id, made.connection_id, authorization_id, bank_id
    )


def find(started):
    return started.world.db.read(lambda tx: authorisations.find(tx, consent.LISTING, started.authorisation_id))


def unchanged(started, before):
    return worlds.everything(started.world) == before


@pytest.mark.parametrize("by_own_id", [False, True])
def test_the_state_and_sages_own_id_both_bind_and_the_answer_is_the_connection(sage_world, by_own_id):
    started = consent.start(sage_world)

    bound = vouch(started, started.authorisation_id if by_own_id else consent.STATE, bank_id=consent.BANK.upper())

    assert bound == connections.get(sage_world, started.made.company_id, started.made.connection_id)
    [told] = started.sage.reports
    assert told.success
    assert find(started).status is AuthorisationStatus.succeeded
    assert sage_world.db.read(lambda tx: reports.reported_pks(tx, consent.LISTING, [started.made.account_pk]))


def test_the_same_again_is_answered_alike_and_sage_is_told_once(sage_world, clock):
    started = consent.start(sage_world)
    first = vouch(started)
    clock.forward(hours=1)

    assert vouch(started) == first
    assert len(started.sage.reports) == 1


def test_a_session_bound_to_one_connection_is_forbidden_to_another(sage_world):
    started = consent.start(sage_world)
    vouch(started)
    other = worlds.make_account(sage_world)
    before = worlds.everything(sage_world)

    with pytest.raises(Forbidden):
        vouch(started, made=other)

    assert unchanged(started, before)


@pytest.mark.parametrize("authorization_id", ["unknown", "", "x\x00"])
def test_an_unknown_authorization_is_not_found(sage_world, authorization_id):
    started = consent.start(sage_world)
    before = worlds.everything(sage_world)

    with pytest.raises(NotFound):
        vouch(started, authorization_id)

    assert unchanged(started, before)


def test_another_banks_authorization_is_not_found(sage_world):
    started = consent.start(sage_world)

    with pytest.raises(NotFound):
        vouch(started, bank_id="another bank")

    assert started.sage.reports == []


def test_an_expired_authorization_is_not_found(sage_world, clock):
    started = consent.start(sage_world)
    clock.forward(minutes=20)

    with pytest.raises(NotFound):
        vouch(started)

    assert started.sage.reports == []


def test_a_state_that_could_mean_two_sessions_means_none(sage_world):
    started = consent.start(sage_world)
    consent.start(sage_world)

    with pytest.raises(NotFound):
        vouch(started)

    assert started.sage.reports == []


def test_another_companys_connection_is_not_found(sage_world):
    started = consent.start(sage_world)
    other = worlds.make_account(sage_world)
    mixed = worlds.Linked(other.company_id, started.made.connection_id, "", 0)

    with pytest.raises(NotFound):
        vouch(started, made=mixed)

    assert started.sage.reports == []


def test_a_connection_without_accounts_binds_nothing(sage_world):
    started = consent.start(sage_world)
    bare = connections.create(sage_world, "test", started.made.company_id)
    before = worlds.everything(sage_world)

    with pytest.raises(NotFound) as caught:
        vouch(started, made=worlds.Linked(started.made.company_id, bare.id, "", 0))

    assert caught.value.code == "no_accounts"
    assert unchanged(started, before)


def test_a_renewal_is_forbidden_to_another_connection_and_nothing_is_bound(sage_world):
    owner, stranger = worlds.make_account(sage_world), worlds.make_account(sage_world)
    started = consent.start(sage_world, owner, consent.external_id(sage_world, owner))

    with pytest.raises(Forbidden):
        vouch(started, made=stranger)

    assert started.sage.reports == []
    assert find(started).connection_id is None


def test_sage_unavailable_binds_nothing_and_says_when_to_come_back(sage_world):
    started = consent.start(sage_world)
    started.sage.answers = [consent.BUSY, consent.Done()]

    with pytest.raises(Unavailable) as caught:
        vouch(started)

    assert caught.value.retry_after_s <= 5
    assert find(started).connection_id is None
    assert vouch(started).id == started.made.connection_id


def test_an_unknown_outcome_is_repeated_by_the_same_call_or_in_the_background(sage_world, clock):
    started = consent.start(sage_world)
    started.sage.answers = [consent.SILENT, consent.SILENT, consent.USED]
    for _ in range(2):
        with pytest.raises(Unavailable):
            vouch(started)
        clock.forward(seconds=5)
    assert find(started).status is AuthorisationStatus.bound
    assert len(started.sage.reports) == 2

    assert vouch(started).id == started.made.connection_id
    assert authorise.report_due(sage_world, clock.now) == 0


def test_sages_refusal_is_told_and_nothing_is_bound(sage_world):
    started = consent.start(sage_world)
    started.sage.answers = [consent.MALFORMED]
    with pytest.raises(Conflict):
        vouch(started)

    started.sage.answers = [consent.OVER]
    with pytest.raises(NotFound):
        vouch(started)

    assert not sage_world.db.read(lambda tx: reports.reported_pks(tx, consent.LISTING, [started.made.account_pk]))


def test_vouching_spends_no_password(sage_world):
    started = consent.start(sage_world)
    otp.issue(sage_world, "api:test", started.made.company_id, started.made.connection_id)

    vouch(started)

    assert sage_world.db.read(lambda tx: otps.find(tx, started.made.connection_id)) is not None
