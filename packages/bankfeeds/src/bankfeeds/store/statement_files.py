"""Statement files that were taken: rows to values and back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.statement_file import Proof
from bankfeeds.domain.taken_file import OriginalFile, TakenFile, TakenPart
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_files import statement_file_accounts, statement_file_pushes, statement_files

KEYS_AT_ONCE = 500
_f, _p, _k = statement_files.c, statement_file_accounts.c, statement_file_pushes.c


def insert(tx: Write, file: TakenFile, parts: Sequence[TakenPart]) -> None:
    original = file.original
    values = {
        "id": file.id,
        "name": original.name,
        "format": original.format,
        "size_bytes": original.size_bytes,
        "sha256": original.sha256,
        "taken_at": file.taken_at,
        "taken_by": file.taken_by,
    }
    pk = tx.value(statement_files.insert().values(values).returning(_f.pk))
    for part in parts:
        tx.run(statement_file_accounts.insert().values(file_pk=pk, **_part_values(part)))
        keys = [
            {"push_key": key, "file_pk": pk, "account_pk": part.account_pk, "position": position}
            for position, key in enumerate(part.push_keys)
        ]
        if keys:
            tx.connection.execute(statement_file_pushes.insert(), keys)


def find(tx: Read, file_id: str) -> TakenFile | None:
    row = tx.row(sa.select(statement_files).where(_f.id == file_id))
    return None if row is None else _file(row)


def first_taken(tx: Read, account_pk: int, sha256: str) -> TakenFile | None:
    """The first file with the very same bytes that was taken for this account."""
    query = sa.select(statement_files).join(statement_file_accounts, _p.file_pk == _f.pk)
    row = tx.row(query.where(_f.sha256 == sha256, _p.account_pk == account_pk).order_by(_f.pk).limit(1))
    return None if row is None else _file(row)


def of_push(tx: Read, key: str) -> TakenFile | None:
    """The file that a push was made of."""
    query = sa.select(statement_files).join(statement_file_pushes, _k.file_pk == _f.pk)
    row = tx.row(query.where(_k.push_key == key))
    return None if row is None else _file(row)


def page(tx: Read, offset: int, limit: int, *, account_pk: int | None = None) -> tuple[list[TakenFile], int]:
    """Newest first, and how many there are: of one account, or of all."""
    which = sa.true()
    if account_pk is not None:
        which = _f.pk.in_(sa.select(_p.file_pk).where(_p.account_pk == account_pk))
    total = int(tx.value(sa.select(sa.func.count()).select_from(statement_files).where(which)))
    query = sa.select(statement_files).where(which).order_by(_f.pk.desc())
    return [_file(row) for row in tx.rows(query.offset(offset).limit(limit))], total


def parts(tx: Read, file_ids: Sequence[str]) -> dict[str, list[TakenPart]]:
    """By file, in the order of the accounts' keys."""
    keys: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    query = sa.select(_f.id, _k.account_pk, _k.push_key).join(statement_files, _f.pk == _k.file_pk)
    for row in tx.rows(query.where(_f.id.in_(file_ids)).order_by(_k.file_pk, _k.account_pk, _k.position)):
        keys[row.id, row.account_pk].append(row.push_key)
    found: defaultdict[str, list[TakenPart]] = defaultdict(list)
    query = sa.select(_f.id, statement_file_accounts).join(statement_files, _f.pk == _p.file_pk)
    for row in tx.rows(query.where(_f.id.in_(file_ids)).order_by(_p.file_pk, _p.account_pk)):
        found[row.id].append(_part(row, keys[row.id, row.account_pk]))
    return found


def pushed(tx: Read, keys: Sequence[str]) -> set[str]:
    """Which of these pushes there are."""
    found: set[str] = set()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        found |= {row.key for row in tx.rows(sa.select(t.pushes.c.key).where(t.pushes.c.key.in_(some)))}
    return found


def _part_values(part: TakenPart) -> dict[str, Any]:
    return {
        "account_pk": part.account_pk,
        "proof": part.proof.value,
        "lines": part.lines,
        "new": part.new,
        "known": part.known,
        "late": part.late,
        "pending": part.pending,
        "opening": part.opening,
        "closing": part.closing,
    }


def _file(row: Any) -> TakenFile:
    original = OriginalFile(row.name, row.format, row.size_bytes, row.sha256)
    return TakenFile(row.id, original, row.taken_at, row.taken_by)


def _part(row: Any, keys: Sequence[str]) -> TakenPart:
    return TakenPart(
        row.account_pk,
        Proof(row.proof),
        row.lines,
        row.new,
        row.known,
        row.late,
        row.pending,
        row.opening,
        row.closing,
        tuple(keys),
    )
