"""The log of deliveries, and what a hand may do: send a test, resend one, recover failed ones, replay missed ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict, NotFound, one_flaw
from bankfeeds.domain.ports import EventWords
from bankfeeds.domain.text import is_storable
from bankfeeds.domain.webhook import Consumer, Event
from bankfeeds.domain.webhook_delivery import DeliveryStatus
from bankfeeds.flows.context import World
from bankfeeds.flows.webhook_samples import sample
from bankfeeds.flows.webhooks import found, locked
from bankfeeds.store import audit, happenings, webhook_log
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.happenings import NewDelivery
from bankfeeds.store.webhook_log import Attempt, Entry

PAGE_SIZE = 50
KEPT = timedelta(days=30)
"""Events that are on their way to nobody any more are forgotten after so long."""
PURGE_ROUNDS_MAX = 20


@dataclass(frozen=True, slots=True)
class EntryView:
    """One delivery with every attempt, and the body as it is sent."""

    entry: Entry
    attempts: list[Attempt]
    body: bytes


def page(
    world: World, consumer_id: str, status: DeliveryStatus | None = None, before_pk: int | None = None
) -> list[Entry]:
    """Newest first, PAGE_SIZE at a time."""

    def read(tx: Read) -> list[Entry]:
        return webhook_log.page(tx, found(tx, consumer_id).pk, status, before_pk, PAGE_SIZE)

    return world.db.read(read)


def view(world: World, words: EventWords, consumer_id: str, event_id: str) -> EntryView:
    def read(tx: Read) -> EntryView:
        entry = _entry(tx, found(tx, consumer_id), event_id)
        payload = webhook_log.payload(tx, event_id)
        event = Event(entry.event_id, entry.event_type, entry.at, entry.company_id, None, payload)
        return EntryView(entry, webhook_log.attempts(tx, entry.pk), words.body(event, entry.sequence))

    return world.db.read(read)


def counts(world: World, consumer_id: str) -> dict[DeliveryStatus, int]:
    return world.db.read(lambda tx: webhook_log.counts(tx, found(tx, consumer_id).pk))


def send_test(
    world: World, words: EventWords, actor: str, consumer_id: str, event_type: str | None, reason: str | None = None
) -> str:
    """The id of a sample event, which is delivered like any other. Of its first type unless one is named."""
    now = world.clock()

    def run(tx: Write) -> str:
        consumer = locked(tx, consumer_id)
        if consumer.is_disabled:
            raise Conflict("webhook_disabled", f"webhook consumer {consumer_id} is disabled; enable it first")
        wanted = event_type or consumer.event_types[0]
        subject = sample(wanted, now)
        if subject is None:
            raise one_flaw("eventType", f"{wanted!r} is never sent; choose another one")
        event_id = world.ids.uuid()
        event = Event(event_id, wanted, now, None, None, words.payload(wanted, event_id, subject))
        happenings.insert(tx, [NewDelivery(consumer.pk, event, None, is_missed=False)])
        audit.record(tx, AuditEntry(now, actor, "webhook.test", f"webhook:{consumer.id}", reason, {"event": event_id}))
        return event_id

    return world.db.write(run)


def resend(world: World, actor: str, consumer_id: str, event_id: str, reason: str | None = None) -> None:
    """However it ended. Conflict while it is on its way."""
    now = world.clock()

    def run(tx: Write) -> None:
        consumer = locked(tx, consumer_id)
        entry = _entry(tx, consumer, event_id)
        if entry.status is DeliveryStatus.pending and entry.attempts == 0:
            raise Conflict("webhook_pending", f"event {event_id} is on its way already")
        webhook_log.send_again(tx, entry.pk, now)
        audit.record(
            tx, AuditEntry(now, actor, "webhook.resend", f"webhook:{consumer.id}", reason, {"event": event_id})
        )

    world.db.write(run)


def recover(world: World, actor: str, consumer_id: str, since: datetime, reason: str | None = None) -> int:
    """Those that failed for good, of events since then. How many are on their way again."""
    return _send_all_again(world, actor, consumer_id, DeliveryStatus.failure, since, "webhook.recover", reason)


def replay(world: World, actor: str, consumer_id: str, since: datetime, reason: str | None = None) -> int:
    """Those that came while the consumer was disabled, of events since then. How many are on their way now."""
    return _send_all_again(world, actor, consumer_id, DeliveryStatus.missed, since, "webhook.replay", reason)


def purge(world: World) -> int:
    """Forgets what is older than KEPT. How many events."""
    before = world.clock() - KEPT
    total = 0
    for _ in range(PURGE_ROUNDS_MAX):
        purged = world.db.write(lambda tx: webhook_log.purge(tx, before))
        total += purged
        if purged < webhook_log.PURGED_AT_ONCE:
            break
    return total


def _send_all_again(
    world: World,
    actor: str,
    consumer_id: str,
    status: DeliveryStatus,
    since: datetime,
    action: str,
    reason: str | None,
) -> int:
    now = world.clock()

    def run(tx: Write) -> int:
        consumer = locked(tx, consumer_id)
        if consumer.is_disabled:
            raise Conflict("webhook_disabled", f"webhook consumer {consumer_id} is disabled; enable it first")
        many = webhook_log.send_all_again(tx, consumer.pk, status, since, now)
        detail = {"since": since.isoformat(), "events": many}
        audit.record(tx, AuditEntry(now, actor, action, f"webhook:{consumer.id}", reason, detail))
        return many

    return world.db.write(run)


def _entry(tx: Read, consumer: Consumer, event_id: str) -> Entry:
    entry = webhook_log.find(tx, consumer.pk, event_id) if is_storable(event_id) else None
    if entry is None:
        raise NotFound("event", f"webhook consumer {consumer.id} was never to get an event {event_id}")
    return entry
