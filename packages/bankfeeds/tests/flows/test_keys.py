"""API keys: made, shown, revoked, expired."""

from datetime import timedelta

import pytest

from bankfeeds.domain.api_key import KEYS_MAX, Scope
from bankfeeds.domain.errors import Conflict, Forbidden, Invalid, NotFound
from bankfeeds.flows import keys

from .. import worlds


def test_a_key_made_opens_the_door_and_only_its_digest_is_kept(world):
    key, secret = keys.create(world, "operator:ann", "nightly push")

    assert keys.verify(world, secret) == key
    assert secret.endswith(key.hint)
    assert secret not in repr(worlds.everything(world))
    assert worlds.audited(world) == [("operator:ann", "api_key.create", f"api_key:{key.id}")]


def test_an_unknown_secret_is_nobodys(world):
    keys.create(world, "operator:ann", "nightly push")

    assert keys.verify(world, "bf_something-else") is None
    assert keys.verify(world, "") is None


def test_a_revoked_key_is_forbidden_at_once_and_revoking_again_changes_nothing(world):
    key, secret = keys.create(world, "operator:ann", "nightly push")

    keys.revoke(world, "operator:ann", key.id)

    with pytest.raises(Forbidden):
        keys.verify(world, secret)
    before = worlds.everything(world)
    keys.revoke(world, "operator:ann", key.id)
    assert worlds.everything(world) == before
    assert [each.revoked_at for each in keys.every(world)] == [worlds.NOON]


def test_a_key_ends_at_the_instant_it_expires(world, clock):
    _, secret = keys.create(world, "operator:ann", "trial", clock() + timedelta(hours=1))

    clock.forward(minutes=59)
    assert keys.verify(world, secret) is not None
    clock.forward(minutes=1)
    with pytest.raises(Forbidden):
        keys.verify(world, secret)


@pytest.mark.parametrize("name", ["", "   ", "x" * 51, "a\0b", "a\nb", "\ud800"])
def test_a_name_that_cannot_be_shown_in_a_list_is_refused(world, name):
    before = worlds.everything(world)

    with pytest.raises(Invalid):
        keys.create(world, "operator:ann", name)

    assert worlds.everything(world) == before


def test_the_eleventh_live_key_is_refused_until_one_is_revoked(world):
    made = [keys.create(world, "operator:ann", f"key {number}")[0] for number in range(KEYS_MAX)]
    before = worlds.everything(world)

    with pytest.raises(Conflict):
        keys.create(world, "operator:ann", "one more")
    assert worlds.everything(world) == before

    keys.revoke(world, "operator:ann", made[0].id)
    keys.create(world, "operator:ann", "one more")


def test_revoking_an_unknown_key_is_not_found(world):
    with pytest.raises(NotFound):
        keys.revoke(world, "operator:ann", "no-such-key")


def test_a_key_that_would_have_expired_already_is_not_made(world, clock):
    with pytest.raises(Invalid):
        keys.create(world, "operator:ann", "late", clock())
    assert keys.every(world) == []


def test_the_last_key_that_may_make_others_is_not_deleted_whatever_others_there_are(world):
    admin, _ = keys.create(world, "operator:ann", "admin")
    other, _ = keys.create(world, "operator:ann", "push", scope=Scope.write)
    with pytest.raises(Conflict):
        keys.delete(world, "api:admin", admin.id)
    keys.delete(world, "api:admin", other.id)
    assert [key.is_live(world.clock()) for key in keys.every(world)] == [True, False]
