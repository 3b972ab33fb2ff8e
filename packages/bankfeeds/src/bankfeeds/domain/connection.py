"""A connection: one company's link to one integration (here always Sage, `olpr`).

A status changes only by a row of TRANSITIONS; tests enumerate every illegal move and the docs draw the table.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bankfeeds.domain.errors import Conflict


class ConnectionStatus(StrEnum):
    pending_auth = "PendingAuth"
    linked = "Linked"
    unlinked = "Unlinked"
    deauthorized = "Deauthorized"


class ConnectionEvent(StrEnum):
    feed_opened = "feed opened"
    last_feed_closed = "last feed closed"
    unlinked = "unlinked by the institution"


TRANSITIONS: dict[tuple[ConnectionStatus, ConnectionEvent], ConnectionStatus] = {
    (ConnectionStatus.pending_auth, ConnectionEvent.feed_opened): ConnectionStatus.linked,
    (ConnectionStatus.linked, ConnectionEvent.feed_opened): ConnectionStatus.linked,
    (ConnectionStatus.unlinked, ConnectionEvent.feed_opened): ConnectionStatus.linked,
    (ConnectionStatus.deauthorized, ConnectionEvent.feed_opened): ConnectionStatus.linked,
    (ConnectionStatus.linked, ConnectionEvent.last_feed_closed): ConnectionStatus.deauthorized,
    (ConnectionStatus.linked, ConnectionEvent.unlinked): ConnectionStatus.unlinked,
    (ConnectionStatus.unlinked, ConnectionEvent.unlinked): ConnectionStatus.unlinked,
}


@dataclass(frozen=True, slots=True)
class Connection:
    id: str
    company_id: str
    status: ConnectionStatus
    created_at: datetime


def next_status(status: ConnectionStatus, event: ConnectionEvent) -> ConnectionStatus:
    """The status after the event; Conflict if the table has no such row."""
    following = TRANSITIONS.get((status, event))
    if following is None:
        raise Conflict("connection_status", f"a connection that is {status.value} cannot be {event.value}")
    return following
