"""Notifications received: each once, with what came of it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.notification import Notification
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_n = t.notifications.c


def result_of(tx: Read, listing_id: str, type_: str, resource_type: str, resource_id: str) -> str | None:
    """None if it never came."""
    row = tx.row(sa.select(_n.result).where(*_key(listing_id, type_, resource_type, resource_id)))
    return None if row is None else row.result


def insert(tx: Write, listing_id: str, notification: Notification, at: datetime, result: str) -> None:
    tx.run(
        t.notifications.insert().values(
            listing_id=listing_id,
            type=notification.type,
            resource_type=notification.resource_type,
            resource_id=notification.resource_id,
            received_at=at,
            result=result,
        )
    )


def count_repeat(tx: Write, listing_id: str, notification: Notification) -> None:
    key = _key(listing_id, notification.type, notification.resource_type, notification.resource_id)
    tx.run(t.notifications.update().where(*key).values(repeats=_n.repeats + 1))


def _key(listing_id: str, type_: str, resource_type: str, resource_id: str) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        _n.listing_id == listing_id,
        _n.type == type_,
        _n.resource_type == resource_type,
        _n.resource_id == resource_id,
    )
