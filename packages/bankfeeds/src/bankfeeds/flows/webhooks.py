"""Webhook consumers: made, listed, changed, removed; their secrets told and rotated."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Invalid, NotFound
from bankfeeds.domain.text import is_storable
from bankfeeds.domain.webhook import CONSUMERS_MAX, Consumer, ConsumerDraft, checked, checked_headers, secret_of
from bankfeeds.flows.context import World
from bankfeeds.flows.notify import headers_of, live_secrets
from bankfeeds.store import audit, consumers
from bankfeeds.store.consumers import SealedSecrets
from bankfeeds.store.engine import Read, Write

ROTATION_OVERLAP = timedelta(hours=24)
"""So long the secret before signs too, so that receivers can be changed one after the other."""
BY_HAND = "disabled by hand"


def create(
    world: World, actor: str, draft: ConsumerDraft, headers: Mapping[str, str] | None = None, reason: str | None = None
) -> Consumer:
    """With a signing secret of its own. Invalid for a draft that is none, or for one consumer too many."""
    now = world.clock()
    made = checked(draft, allows_private=world.limits.webhook_private_targets)
    sealed = SealedSecrets(
        world.sealer.seal(secret_of(world.ids.secret())), headers=_sealed_headers(world, headers or {})
    )
    consumer = Consumer(
        pk=0,
        id=world.ids.uuid(),
        url=made.url or "",
        event_types=tuple(made.event_types or ()),
        company_tags=tuple(made.company_tags or ()),
        is_disabled=made.is_disabled,
        created_at=now,
        disabled_at=now if made.is_disabled else None,
        disabled_cause=BY_HAND if made.is_disabled else None,
    )

    def run(tx: Write) -> Consumer:
        if consumers.count(tx) >= CONSUMERS_MAX:
            raise Invalid("consumers", f"there are {CONSUMERS_MAX} webhook consumers; remove one first")
        pk = consumers.insert(tx, consumer, sealed)
        audit.record(tx, AuditEntry(now, actor, "webhook.create", _subject(consumer), reason, {"url": consumer.url}))
        return replace(consumer, pk=pk)

    return world.db.write(run)


def every(world: World) -> list[Consumer]:
    """In the order they were made."""
    return world.db.read(consumers.every)


def get(world: World, consumer_id: str) -> Consumer:
    return world.db.read(lambda tx: found(tx, consumer_id))


def update(
    world: World,
    actor: str,
    consumer_id: str,
    draft: ConsumerDraft,
    headers: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> Consumer:
    """What is None stays as it is. Enabled again, it is sent what was still due, and has five days anew."""
    now = world.clock()

    def run(tx: Write) -> Consumer:
        before = locked(tx, consumer_id)
        wanted = ConsumerDraft(
            draft.url if draft.url is not None else before.url,
            draft.event_types if draft.event_types is not None else before.event_types,
            draft.company_tags if draft.company_tags is not None else before.company_tags,
            draft.is_disabled,
        )
        made = checked(wanted, allows_private=world.limits.webhook_private_targets)
        consumers.update(tx, before.pk, url=made.url, company_tags=list(made.company_tags or ()))
        if made.is_disabled is not before.is_disabled:
            _switch(world, tx, before, is_disabled=made.is_disabled)
        consumers.set_types(tx, before.pk, made.event_types or ())
        if headers is not None:
            consumers.update(tx, before.pk, sealed_headers=_sealed_headers(world, headers))
        audit.record(tx, AuditEntry(now, actor, "webhook.update", _subject(before), reason))
        return found(tx, consumer_id)

    return world.db.write(run)


def remove(world: World, actor: str, consumer_id: str, reason: str | None = None) -> None:
    """What was still to be sent to it is dropped."""
    now = world.clock()

    def run(tx: Write) -> None:
        consumer = locked(tx, consumer_id)
        consumers.remove(tx, consumer.pk, now)
        audit.record(tx, AuditEntry(now, actor, "webhook.remove", _subject(consumer), reason))

    world.db.write(run)


def secrets(world: World, actor: str, consumer_id: str) -> tuple[str, ...]:
    """Those that sign now, the newest first. Who looked is on record."""
    now = world.clock()

    def run(tx: Write) -> SealedSecrets:
        consumer = locked(tx, consumer_id)
        audit.record(tx, AuditEntry(now, actor, "webhook.secret", _subject(consumer)))
        return consumers.secrets(tx, consumer.pk)

    return live_secrets(world, world.db.write(run))


def rotate(world: World, actor: str, consumer_id: str, reason: str | None = None) -> str:
    """The new secret. The one before signs too for ROTATION_OVERLAP; one before that no more."""
    now = world.clock()
    secret = secret_of(world.ids.secret())

    def run(tx: Write) -> None:
        consumer = locked(tx, consumer_id)
        before = consumers.secrets(tx, consumer.pk)
        until = now + ROTATION_OVERLAP
        consumers.set_secrets(
            tx, consumer.pk, SealedSecrets(world.sealer.seal(secret), before.current, until, before.headers)
        )
        audit.record(tx, AuditEntry(now, actor, "webhook.rotate", _subject(consumer), reason))

    world.db.write(run)
    return secret


def header_names(world: World, consumer_id: str) -> Sequence[str]:
    """Of its own headers; their values may be credentials."""

    def read(tx: Read) -> SealedSecrets:
        return consumers.secrets(tx, found(tx, consumer_id).pk)

    return sorted(headers_of(world, world.db.read(read)))


def found(tx: Read, consumer_id: str) -> Consumer:
    consumer = consumers.find(tx, consumer_id) if is_storable(consumer_id) else None
    if consumer is None:
        raise unknown(consumer_id)
    return consumer


def locked(tx: Write, consumer_id: str) -> Consumer:
    consumer = consumers.lock(tx, consumer_id) if is_storable(consumer_id) else None
    if consumer is None:
        raise unknown(consumer_id)
    return consumer


def unknown(consumer_id: str) -> NotFound:
    return NotFound("webhook", f"Webhook consumer {consumer_id} was not found")


def _switch(world: World, tx: Write, consumer: Consumer, *, is_disabled: bool) -> None:
    at, cause = (world.clock(), BY_HAND) if is_disabled else (None, None)
    consumers.update(tx, consumer.pk, is_disabled=is_disabled, disabled_at=at, disabled_cause=cause, failing_since=None)


def _sealed_headers(world: World, headers: Mapping[str, str]) -> str | None:
    kept = checked_headers(headers)
    return world.sealer.seal(msgspec.json.encode(kept).decode()) if kept else None


def _subject(consumer: Consumer) -> str:
    return f"webhook:{consumer.id}"
