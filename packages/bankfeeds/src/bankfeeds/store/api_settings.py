"""What an institution sets for itself through the API: one row a thing, as JSON."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bankfeeds.store import tables_api as t
from bankfeeds.store.engine import Read, Write

_s = t.api_settings.c


def get(tx: Read, name: str) -> Any:
    """None if it was never set."""
    row = tx.row(sa.select(_s.value).where(_s.name == name))
    return None if row is None else row.value


def put(tx: Write, name: str, value: object, now: datetime) -> None:
    values = {"value": value, "changed_at": now}
    if tx.run(t.api_settings.update().where(_s.name == name).values(values)) == 0:
        tx.run(t.api_settings.insert().values(name=name, **values))
