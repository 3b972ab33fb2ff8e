"""Statement files that operators look at before they are taken, sealed: at most one each."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_files import statement_uploads

_u = statement_uploads.c


@dataclass(frozen=True, slots=True)
class Stored:
    at: datetime
    sealed_content: str


def put(tx: Write, operator_pk: int, upload_id: str, stored: Stored) -> None:
    """Instead of the one that was there."""
    tx.run(statement_uploads.delete().where(_u.operator_pk == operator_pk))
    values = {"operator_pk": operator_pk, "id": upload_id, "at": stored.at, "sealed_content": stored.sealed_content}
    tx.run(statement_uploads.insert().values(values))


def find(tx: Read, operator_pk: int, upload_id: str) -> Stored | None:
    query = sa.select(_u.at, _u.sealed_content).where(_u.operator_pk == operator_pk, _u.id == upload_id)
    row = tx.row(query)
    return None if row is None else Stored(row.at, row.sealed_content)


def delete(tx: Write, operator_pk: int) -> None:
    tx.run(statement_uploads.delete().where(_u.operator_pk == operator_pk))


def purge(tx: Write, before: datetime) -> int:
    """How many were older than that."""
    return tx.run(statement_uploads.delete().where(_u.at < before))
