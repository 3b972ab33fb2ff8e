"""Making events of what happened, and sending them: each step a transaction, or a call with none open.

Everything in the outbox becomes events in the order it was written, numbered for each consumer and account, so that a
consumer sees a gap. Events of one account are sent in that order as far as one process can: an attempt that fails holds
up nothing behind it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.ports import EventWords
from bankfeeds.domain.webhook import EVENT_TYPES, Consumer, Event
from bankfeeds.domain.webhook_delivery import Answered, Claim, Parcel, after, is_given_up
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import commit
from bankfeeds.store import api_settings, audit, consumers, happenings, webhook_queue
from bankfeeds.store.consumers import SealedSecrets
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.happenings import NewDelivery, Waiting
from bankfeeds.store.webhook_queue import Address, Tried

AT_ONCE_MAX = 200
LEASE = timedelta(seconds=30)
BEGIN_UNTIL = timedelta(seconds=17)
"""No attempt is begun later than this before its lease runs out: one takes 15 s at most."""
FAN_OUT, ATTEMPT_TAKEN, ATTEMPT_SETTLED = "webhooks: {} fan out", "webhooks: {} take", "webhooks: {} settle"
ACTOR = "worker"


@dataclass(frozen=True, slots=True)
class Errand:
    """One attempt to be made, with nothing left to look up."""

    claim: Claim
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Disabled:
    """A consumer that has just been given up, for whoever is to hear of it."""

    consumer_id: str
    url: str
    cause: str


def fan_out(world: World, words: EventWords) -> int:
    """How many happenings were made events of, in one transaction. A disabled consumer misses them, on record."""
    if not world.db.read(happenings.is_any):
        return 0

    def run(tx: Write) -> int:
        taken = happenings.take(tx, AT_ONCE_MAX, _institution(tx))
        if taken:
            hearing = consumers.every(tx)
            told = [each for waiting in taken for each in _told(world, words, waiting, hearing)]
            happenings.insert(tx, _numbered(tx, told))
            happenings.done(tx, taken)
        return len(taken)

    return commit(world, FAN_OUT, run)


def take(world: World, words: EventWords, room: Callable[[int, bool], int]) -> list[Errand]:
    """What is due, ours for a while. `room` tells how many more a consumer may have, given whether it is failing."""
    now = world.clock()
    waiting = world.db.read(lambda tx: webhook_queue.waited_for(tx, now))
    wanted = [(each, room(each.pk, each.failing_since is not None)) for each in waiting]
    wanted = [(each, limit) for each, limit in wanted if limit > 0]
    if not wanted:
        return []

    def run(tx: Write) -> list[tuple[Address, list[Claim]]]:
        return [(each, webhook_queue.take(tx, each.pk, now, now + LEASE, limit)) for each, limit in wanted]

    taken = commit(world, ATTEMPT_TAKEN, run)
    return [errand for address, claims in taken for errand in _errands(world, words, address, claims)]


def is_late(world: World, errand: Errand) -> bool:
    return world.clock() > errand.claim.lease - BEGIN_UNTIL


def give_back(world: World, errands: Sequence[Errand]) -> None:
    now = world.clock()
    world.db.write(lambda tx: webhook_queue.give_back(tx, [each.claim for each in errands], now))


def settle(world: World, done: Sequence[tuple[Claim, Answered]]) -> list[Disabled]:
    """What came of attempts, many at a time. Answers the consumers that this gave up."""
    now = world.clock()
    tried = [Tried(claim, answered, now, after(answered, claim.attempts + 1, now)) for claim, answered in done]

    def run(tx: Write) -> list[Disabled]:
        webhook_queue.settle(tx, tried)
        return _judge(tx, tried)

    return commit(world, ATTEMPT_SETTLED, run)


def _judge(tx: Write, tried: Sequence[Tried]) -> list[Disabled]:
    """Consumers that nothing gets through to, or that say they are gone, are sent nothing more."""
    through = {each.claim.consumer_pk for each in tried if each.answered.is_success}
    if through:
        webhook_queue.got_through(tx, sorted(through))
    gone = {each.claim.consumer_pk for each in tried if each.answered.is_gone}
    disabled: list[Disabled] = []
    for pk in sorted({each.claim.consumer_pk for each in tried} - through | gone):
        now = max(each.at for each in tried if each.claim.consumer_pk == pk)
        since = webhook_queue.failed(tx, pk, now)
        if since is None or not (pk in gone or is_given_up(since, now)):
            continue
        cause = "it answered 410 Gone" if pk in gone else f"nothing got through since {since:%Y-%m-%d %H:%M} UTC"
        consumer = next(each for each in consumers.every(tx) if each.pk == pk)
        consumers.update(tx, pk, is_disabled=True, disabled_at=now, disabled_cause=cause)
        audit.record(tx, AuditEntry(now, ACTOR, "webhook.disable", f"webhook:{consumer.id}", cause))
        disabled.append(Disabled(consumer.id, consumer.url, cause))
    return disabled


def _told(
    world: World, words: EventWords, waiting: Waiting, hearing: Sequence[Consumer]
) -> list[tuple[Consumer, Event]]:
    subject = waiting.subject
    found: list[tuple[Consumer, Event]] = []
    for event_type in EVENT_TYPES[subject.happening]:
        takers = [each for each in hearing if event_type in each.event_types and each.wants(subject.company)]
        if not takers:
            continue
        event_id = world.ids.uuid()
        payload = words.payload(event_type, event_id, subject)
        company_id = subject.company.id if subject.company else None
        event = Event(event_id, event_type, subject.at, company_id, waiting.account_pk, payload)
        found += [(taker, event) for taker in takers]
    return found


def _numbered(tx: Write, told: Sequence[tuple[Consumer, Event]]) -> list[NewDelivery]:
    accounts = sorted({event.account_pk for _, event in told if event.account_pk is not None})
    before = happenings.sequences(tx, accounts) if accounts else {}
    last = dict(before)
    deliveries: list[NewDelivery] = []
    for consumer, event in told:
        sequence = None
        if event.account_pk is not None:
            stream = (consumer.pk, event.account_pk)
            sequence = last[stream] = last.get(stream, 0) + 1
        deliveries.append(NewDelivery(consumer.pk, event, sequence, consumer.is_disabled))
    happenings.set_sequences(tx, before, last)
    return deliveries


def _errands(world: World, words: EventWords, address: Address, claims: Sequence[Claim]) -> list[Errand]:
    secrets = live_secrets(world, address.secrets)
    headers = headers_of(world, address.secrets)
    return [
        Errand(
            claim,
            Parcel(address.url, claim.message_id, words.body(claim.event, claim.sequence), secrets, headers),
        )
        for claim in claims
    ]


def live_secrets(world: World, sealed: SealedSecrets) -> tuple[str, ...]:
    """Those that sign now, the newest first."""
    current = world.sealer.unseal(sealed.current)
    if sealed.old is None or sealed.old_until is None or sealed.old_until <= world.clock():
        return (current,)
    return (current, world.sealer.unseal(sealed.old))


def headers_of(world: World, sealed: SealedSecrets) -> dict[str, str]:
    if sealed.headers is None:
        return {}
    return msgspec.json.decode(world.sealer.unseal(sealed.headers), type=dict[str, str])


def _institution(tx: Read) -> str:
    kept = api_settings.get(tx, "profile")
    return kept["name"] if kept else "Bankfeeds"
