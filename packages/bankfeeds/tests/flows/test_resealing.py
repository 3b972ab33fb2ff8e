"""Another secret key: everything is sealed anew, whatever happens in between, and what was hashed is still found."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bankfeeds.app.secret_key import WrongSecretKey, sealer_of
from bankfeeds.domain.errors import Conflict
from bankfeeds.domain.webhook import ConsumerDraft
from bankfeeds.flows import checkup, keys, listings, resealing, webhooks
from bankfeeds.store import resealing as stored
from bankfeeds.store import secret_keys
from bankfeeds.store.seal import Sealer, mark_of

from .. import worlds

OLD, NEW, OTHER = "o" * 40, "n" * 40, "x" * 40
BY = "operator:ann"


class Killed(BaseException):
    pass


def started(world, *given):
    """As a process with these keys in its settings starts."""
    sealer = sealer_of(world.db, given, world.clock())
    return replace(world, sealer=sealer, keys=type(world.keys)(timedelta(0)), secrets=type(world.secrets)(timedelta(0)))


@pytest.fixture
def before(world):
    """At work with the old key, with one of everything that is sealed."""
    old = started(world, OLD)
    worlds.link(old, worlds.make_account(old))
    draft = ConsumerDraft("https://receiver.example/", ("bankFeeds.feed.parked",))
    webhooks.create(old, BY, draft, {"X-Own": "of the receiver"})
    return old


def marks(world):
    """Each with whether it is in use."""
    return {each.mark: each.retired_at is None for each in world.db.read(secret_keys.every)}


def sealed_with(world, key):
    """How many rows hold something that this key alone opens."""
    alone, count = Sealer((key,)), 0
    for table in stored.tables():
        for row in world.db.read(lambda tx, of=table: tx.rows(sa.select(of))):
            held = [row._mapping[name] for name in row._mapping if name.startswith("sealed_")]
            count += any(alone.opened(text) is not None for each in held if each for text in flat(each))
    return count


def flat(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_everything_sealed_is_sealed_anew_and_the_old_key_can_go(world, before):
    _, secret = keys.create(before, BY, "nightly")
    consumer = webhooks.every(before)[0]
    told = (listings.secrets(before, worlds.LISTING_ID), webhooks.secrets(before, BY, consumer.id))
    assert sealed_with(world, OLD) == 2

    done = resealing.reseal(started(world, NEW, OLD), BY, "once a year")

    assert (done.changed, done.retired, done.broken) == (2, 1, {})
    assert sealed_with(world, OLD) == 0
    assert marks(world) == {mark_of(OLD): False, mark_of(NEW): True}
    after = started(world, NEW)
    assert (listings.secrets(after, worlds.LISTING_ID), webhooks.secrets(after, BY, consumer.id)) == told
    assert webhooks.header_names(after, consumer.id) == ["x-own"]
    assert keys.verify(after, secret) is not None
    assert worlds.audited(world)[-2][1] == "secret_key.reseal"
    assert resealing.reseal(started(world, NEW, OLD), BY).changed == 0


def test_every_column_that_is_sealed_is_known_by_its_name():
    found = {f"{table.name}.{name}" for table in stored.tables() for name in table.columns.keys() if "sealed" in name}  # noqa: SIM118
    assert found == {
        "listings.sealed_client_secret", "listings.sealed_api_key", "listings.sealed_header_values",
        "webhook_consumers.sealed_secret", "webhook_consumers.sealed_old_secret", "webhook_consumers.sealed_headers",
        "replies.sealed_body", "operator_sessions.sealed_flash", "secret_keys.sealed_digest_key",
        "digest_keys.sealed_key", "statement_uploads.sealed_content",
    }  # fmt: skip
    assert all(len(table.primary_key.columns) == 1 for table in stored.tables())


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
@pytest.mark.parametrize("where", ["resealed a batch", "resealed listings"])
def test_killed_in_the_middle_nothing_is_lost_and_a_second_run_finishes_it(world, before, where):
    _, secret = keys.create(before, BY, "nightly")

    def die(point):
        if point == where:
            raise Killed

    both = started(world, NEW, OLD)
    with pytest.raises(Killed):
        resealing.reseal(replace(both, crash=die), BY)

    assert marks(world) == {mark_of(OLD): True, mark_of(NEW): True}
    with pytest.raises(WrongSecretKey, match="put it into BANKFEEDS_SECRET_KEY"):
        started(world, NEW)
    assert listings.secrets(both, worlds.LISTING_ID).client_secret
    resealing.reseal(both, BY)
    assert sealed_with(world, OLD) == 0
    assert keys.verify(started(world, NEW), secret) is not None


def test_more_rows_than_a_batch_are_all_sealed_anew(world, before):
    table = next(table for table in stored.tables() if table.name == "replies")
    rows = [
        {"scope": f"{i:04}", "request": "r", "status": 200, "sealed_body": before.sealer.seal(f"body {i}"),
         "expires_at": worlds.NOON}
        for i in range(2 * stored.ROWS_AT_ONCE + 1)
    ]  # fmt: skip
    world.db.write(lambda tx: tx.connection.execute(table.insert(), rows))

    done = resealing.reseal(started(world, NEW, OLD), BY)

    assert done.changed == len(rows) + 2
    assert sealed_with(world, OLD) == 0


def test_a_program_without_the_key_that_sealed_is_not_started_and_changes_nothing(world, before):
    held = worlds.everything(world)

    for given in ((NEW,), (NEW, OTHER), (OTHER,)):
        with pytest.raises(WrongSecretKey):
            started(world, *given)

    assert worlds.everything(world) == held
    blind = replace(world, sealer=sealer_of(world.db, (NEW,), world.clock(), any_key=True))
    assert any("another secret key" in each.what for each in checkup.look(blind))
    assert not any("another secret key" in each.what for each in checkup.look(started(world, NEW, OLD)))


def test_a_process_left_with_the_old_key_knows_that_it_should_get_no_requests(world, before):
    assert resealing.missing_cause(world.db, before.sealer) is None
    started(world, NEW, OLD)
    assert mark_of(NEW) in (resealing.missing_cause(world.db, before.sealer) or "")


def test_processes_that_read_both_are_well_whichever_writes(world, before):
    first = started(world, OLD, NEW)
    second = started(world, NEW, OLD)
    _, by_old = keys.create(first, BY, "made by one that writes with the old key")
    _, by_new = keys.create(second, BY, "made by one that writes with the new key")
    for each in (first, second):
        assert resealing.missing_cause(world.db, each.sealer) is None
        assert keys.verify(each, by_old)
        assert keys.verify(each, by_new)


def test_what_no_key_opens_stops_it_and_is_given_up_only_by_saying_so(world, before):
    row = sa.text("UPDATE listings SET sealed_api_key = :sealed")
    world.db.write(lambda tx: tx.connection.execute(row, {"sealed": Sealer((OTHER,)).seal("lost")}))
    both = started(world, NEW, OLD)

    with pytest.raises(Conflict, match="1 in listings"):
        resealing.reseal(both, BY)
    assert marks(world) == {mark_of(OLD): True, mark_of(NEW): True}
    done = resealing.reseal(both, BY, gives_up_lost=True)

    assert done.broken == {"listings": 1}
    assert [mark for mark, in_use in marks(world).items() if in_use] == [mark_of(NEW)]


def test_a_key_that_is_lost_is_given_up_and_the_new_one_works(world, before):
    lost = replace(world, sealer=sealer_of(world.db, (NEW,), world.clock(), any_key=True))

    done = resealing.reseal(lost, BY, gives_up_lost=True)

    assert done.broken == {"listings": 1, "webhook_consumers": 1}
    assert marks(world) == {mark_of(NEW): True}
    started(world, NEW)


def test_a_retired_key_s_digests_count_as_long_as_an_api_key_needs_them(world, clock, before):
    key, secret = keys.create(before, BY, "nightly")
    clock.forward(days=1)
    resealing.reseal(started(world, NEW, OLD), BY)
    clock.forward(days=400)
    resealing.reseal(started(world, OTHER, NEW), BY)
    assert keys.verify(started(world, OTHER), secret) is not None

    keys.revoke(before, BY, key.id)
    clock.forward(days=1)
    resealing.reseal(started(world, OTHER), BY)

    assert marks(world) == {mark_of(NEW): False, mark_of(OTHER): True}


def test_there_are_twenty_retired_keys_at_most(world, before):
    keys.create(before, BY, "nightly")
    given = [f"{i:02}" * 20 for i in range(resealing.RETIRED_KEYS_MAX + 1)]
    writing = OLD
    for each in given[:-1]:
        resealing.reseal(started(world, each, writing), BY)
        writing = each
    held = marks(world)
    last = started(world, given[-1], writing)
    with pytest.raises(Conflict, match="20 secret keys"):
        resealing.reseal(last, BY)
    assert marks(world) == {**held, mark_of(given[-1]): True}
