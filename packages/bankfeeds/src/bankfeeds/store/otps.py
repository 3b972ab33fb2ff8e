"""One-time passwords, as digests, and the failures counted against guessing them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.otp import Otp
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_o = t.otps.c
_f = t.login_failures.c


def replace(tx: Write, otp: Otp) -> None:
    """The connection's one password; whichever it had is gone. The connection is locked by the caller."""
    tx.run(t.otps.delete().where(_o.connection_id == otp.connection_id))
    tx.run(
        t.otps.insert().values(
            connection_id=otp.connection_id,
            digest=otp.digest,
            created_at=otp.created_at,
            expires_at=otp.expires_at,
            failures=otp.failures,
        )
    )


def find(tx: Read, connection_id: str) -> Otp | None:
    row = tx.row(sa.select(t.otps).where(_o.connection_id == connection_id))
    return None if row is None else _otp(row)


def set_failures(tx: Write, connection_id: str, failures: int) -> None:
    tx.run(t.otps.update().where(_o.connection_id == connection_id).values(failures=failures))


def delete(tx: Write, connection_id: str, made_by: datetime | None = None) -> None:
    """Any, or only one made by then: a password made after the one that was used is another."""
    statement = t.otps.delete().where(_o.connection_id == connection_id)
    tx.run(statement if made_by is None else statement.where(_o.created_at <= made_by))


def nth_newest_failure(tx: Read, address: str, since: datetime, number: int) -> datetime | None:
    """When it was; None if there are not that many."""
    query = sa.select(_f.at).where(_f.address == address, _f.at > since)
    row = tx.row(query.order_by(_f.at.desc()).offset(number - 1).limit(1))
    return None if row is None else row.at


def add_failure(tx: Write, address: str, at: datetime, forget_before: datetime) -> None:
    """Older ones of every address are forgotten on the way, so that the table stays small."""
    tx.run(t.login_failures.delete().where(_f.at <= forget_before))
    tx.run(t.login_failures.insert().values(address=address, at=at))


def forget_failures(tx: Write, address: str) -> None:
    tx.run(t.login_failures.delete().where(_f.address == address))


def _otp(row: sa.Row[Any]) -> Otp:
    return Otp(row.connection_id, row.digest, row.created_at, row.expires_at, row.failures)
