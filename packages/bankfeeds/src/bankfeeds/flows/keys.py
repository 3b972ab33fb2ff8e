"""API keys: made, listed, revoked, and shown at the door."""

import hmac
from datetime import datetime

from bankfeeds.domain.api_key import HINT_LENGTH, KEYS_MAX, NAME_LENGTH_MAX, ApiKey, Scope
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict, Forbidden, NotFound, one_flaw
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.store import audit, keys
from bankfeeds.store.engine import Read, Write

PREFIX = "bf_"
"""Starts every key, so that scanners of source code can tell a leaked one."""


def create(
    world: World,
    actor: str,
    name: str,
    expires_at: datetime | None = None,
    reason: str | None = None,
    scope: Scope = Scope.admin,
) -> tuple[ApiKey, str]:
    """The key and its secret; the secret is shown this once and not kept."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not is_storable(name) or not name.isprintable():
        raise one_flaw("name", f"must have 1 to {NAME_LENGTH_MAX} printable characters")
    now = world.clock()
    if expires_at is not None and expires_at <= now:
        raise one_flaw("expiresAt", "is not in the future")
    secret = PREFIX + world.ids.secret()
    key = ApiKey(world.ids.uuid(), name, secret[-HINT_LENGTH:], now, expires_at, scope=scope)

    def insert(tx: Write) -> None:
        live = [known for known in keys.every(tx) if known.is_live(now)]
        if len(live) >= KEYS_MAX:
            raise Conflict("api_keys_max", f"there are {KEYS_MAX} API keys already; revoke one first")
        keys.insert(tx, key, world.sealer.digest(secret))
        audit.record(
            tx,
            AuditEntry(now, actor, "api_key.create", f"api_key:{key.id}", reason, {"name": name, "scope": scope.value}),
        )

    world.db.write(insert)
    return key, secret


def every(world: World) -> list[ApiKey]:
    """Revoked and expired ones too, in the order they were made."""
    return world.db.read(keys.every)


def revoke(world: World, actor: str, key_id: str, reason: str | None = None) -> None:
    """It stops working at once here, in other processes within KEY_REMEMBERED; revoking it again changes nothing."""
    now = world.clock()

    def run(tx: Write) -> None:
        if _find(tx, key_id).revoked_at is None:
            _revoke(tx, key_id, AuditEntry(now, actor, "api_key.revoke", f"api_key:{key_id}", reason))

    world.db.write(run)
    world.keys.clear()


def delete(world: World, actor: str, key_id: str) -> None:
    """As `revoke`, for one who has nothing but keys: NotFound if it is revoked already, Conflict if no other works that
    could make another.
    """
    now = world.clock()

    def run(tx: Write) -> None:
        if _find(tx, key_id).revoked_at is not None:
            raise unknown(key_id)
        others = [other for other in keys.every(tx) if other.id != key_id and other.scope is Scope.admin]
        if not any(other.is_live(now) for other in others):
            raise Conflict(
                "last_api_key",
                f"API key {key_id} is the last one that may make others; make another before deleting it",
            )
        _revoke(tx, key_id, AuditEntry(now, actor, "api_key.revoke", f"api_key:{key_id}"))

    world.db.write(run)
    world.keys.clear()


def unknown(key_id: str) -> NotFound:
    return NotFound("api_key", f"API key {key_id} was not found")


def _find(tx: Read, key_id: str) -> ApiKey:
    key = keys.find(tx, key_id)
    if key is None:
        raise unknown(key_id)
    return key


def _revoke(tx: Write, key_id: str, entry: AuditEntry) -> None:
    keys.revoke(tx, key_id, entry.at)
    audit.record(tx, entry)


def verify(world: World, secret: str) -> ApiKey | None:
    """The key whose secret this is; None if there is none; Forbidden if it was revoked or has expired.

    A key that was good a moment ago (KEY_REMEMBERED) is not looked up again.
    """
    now = world.clock()
    digests = world.sealer.digests(secret)
    key = world.keys.get(digests, now)
    if key is None:
        key = _look_up(world, digests)
        if key is None:
            return None
        world.keys.put(digests, key, now)
    if not key.is_live(now):
        raise Forbidden("api_key_outdated", "this API key was revoked or has expired; use another")
    return key


def remembered(world: World, secret: str) -> ApiKey | None:
    """A live key that `verify` has looked up within KEY_REMEMBERED; asks no database."""
    now = world.clock()
    key = world.keys.get(world.sealer.digests(secret), now)
    return key if key is not None and key.is_live(now) else None


def _look_up(world: World, digests: tuple[str, ...]) -> ApiKey | None:
    def find(tx: Read) -> list[tuple[str, ApiKey]]:
        return keys.by_digest(tx, digests)

    for stored, key in world.db.read(find):
        if any(hmac.compare_digest(stored, digest) for digest in digests):
            return key
    return None
