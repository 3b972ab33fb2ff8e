"""What Sage tells us: sessions, bank accounts made, bank accounts gone. Each notification has its effect once.

The listing's row is locked meanwhile, so that a deletion that overtakes its creation is always seen.
"""

from datetime import datetime, timedelta

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Forbidden
from bankfeeds.domain.notification import DELETION, Notification, NotificationKind
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import NOTIFICATION, commit
from bankfeeds.flows.feeds import close_feed, open_feed
from bankfeeds.flows.listings import unknown
from bankfeeds.store import audit, authorisations, listings, notifications
from bankfeeds.store.engine import Write

WRONG_BANK = "refused: wrong bank"


def receive(world: World, listing_id: str, notification: Notification) -> str:
    """What came of it, in a few words. Forbidden, with an audit row, if it names another bank than the listing's."""
    now = world.clock()
    result = commit(world, NOTIFICATION, lambda tx: _receive(tx, world, listing_id, notification, now))
    if result == WRONG_BANK:
        raise Forbidden("wrong_bank", f"listing {listing_id} is not the bank this notification names")
    return result


def _receive(tx: Write, world: World, listing_id: str, notification: Notification, now: datetime) -> str:
    listing = listings.lock(tx, listing_id)
    if listing is None:
        raise unknown(listing_id)
    if not _is_about(notification, listing.bank_id):
        detail = {"bankId": notification.bank_id, "type": notification.type, "id": notification.resource_id}
        entry = AuditEntry(now, _actor(listing_id), "notification.refuse", f"listing:{listing_id}", WRONG_BANK, detail)
        audit.record(tx, entry)
        return WRONG_BANK
    key = (notification.type, notification.resource_type, notification.resource_id)
    before = notifications.result_of(tx, listing_id, *key)
    if before is not None:
        notifications.count_repeat(tx, listing_id, notification)
        return f"known already: {before}"
    result = _apply(tx, world, listing_id, notification, listing.bank_id or "", now)
    notifications.insert(tx, listing_id, notification, now, result)
    return result


def _is_about(notification: Notification, bank_id: str | None) -> bool:
    """One that names no bank is about the listing at whose address it came."""
    if bank_id is None:
        return False
    return notification.bank_id is None or notification.bank_id.lower() == bank_id.lower()


def _apply(tx: Write, world: World, listing_id: str, notification: Notification, bank_id: str, now: datetime) -> str:
    actor = _actor(listing_id)
    match notification.kind:
        case NotificationKind.authorisation_created:
            expires_at = now + timedelta(seconds=world.limits.session_s)
            authorisations.insert(tx, listing_id, notification.resource_id, bank_id, now, expires_at)
            return "session stored"
        case NotificationKind.account_created:
            return _open(tx, world, listing_id, notification, now)
        case NotificationKind.account_deleted:
            return close_feed(tx, world, listing_id, notification.resource_id, "disconnected in Sage", actor)
        case NotificationKind.unknown:
            return "ignored: unknown type"


def _open(tx: Write, world: World, listing_id: str, notification: Notification, now: datetime) -> str:
    """Not if its deletion came first: the bank account is gone already."""
    actor, subject = _actor(listing_id), f"bankAccount:{notification.resource_id}"
    gone = notifications.result_of(tx, listing_id, DELETION, notification.resource_type, notification.resource_id)
    if gone is not None:
        audit.record(tx, AuditEntry(now, actor, "feed.refuse", subject, "Sage had already said that it is deleted"))
        return "refused: deleted already"
    if notification.external_id is None:
        audit.record(tx, AuditEntry(now, actor, "feed.refuse", subject, "the notification names no externalId"))
        return "refused: no externalId"
    start = notification.requested_start_date
    return open_feed(tx, world, listing_id, notification.external_id, notification.resource_id, start, actor)


def _actor(listing_id: str) -> str:
    return f"sage:{listing_id}"
