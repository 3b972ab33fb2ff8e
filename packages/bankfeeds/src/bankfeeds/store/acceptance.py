"""The one hot write: a push and all its lines, when nothing about it needs a closer look.

Account, order, start dates and ids are checked by the write itself. It either stores everything, in one transaction,
or nothing and says so by None; then the careful way (`flows/accept.py`) finds out why, and looks closer at an account
that has late lines waiting or dropped. The statements are prebuilt text and go through the driver. Small pushes that
come at the same time are stored together (`submit`). PostgreSQL: a small push alone is one statement that is its own
transaction; a large one goes by COPY, at half the cost of `json_to_recordset` on both ends.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import chain, repeat
from typing import Any

import psycopg

from bankfeeds.domain.columns import Columns
from bankfeeds.store import bulk, together_postgresql, together_sqlite
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database, Write
from bankfeeds.store.new_push import NewPush, Numbered
from bankfeeds.store.types import instant_text

SMALL_LINES_MAX = 50
"""A push of more lines is worth statements of its own."""
COPY_FROM_LINES = 50
"""From here on PostgreSQL takes the lines by COPY: four round trips instead of one, at a third of the cost a line."""


def store(database: Database, push: NewPush) -> Numbered | None:
    """None, and nothing stored, if anything needs a closer look."""
    if database.is_nested or not push.is_in_order():
        return None
    if not database.is_postgresql:
        return database.write(lambda tx: _store_sqlite(tx, push))
    try:
        if len(push.columns) < COPY_FROM_LINES:
            return _numbered(
                database.run_alone(_POSTGRESQL_AT_ONCE, _parameters(push, bulk.as_json(push.columns))), push
            )
        return database.write_raw(lambda cursor: _store_by_copy(cursor, push))
    except psycopg.errors.UniqueViolation:
        return None


def store_in_turn(database: Database, pushes: Sequence[NewPush]) -> list[Numbered]:
    """Pushes of one account, one behind the other in one transaction: as many of the first as need no closer look."""
    if database.is_nested or not all(push.is_in_order() for push in pushes):
        return []
    if not database.is_postgresql:
        return database.write(lambda tx: _until_odd(_store_sqlite(tx, push) for push in pushes))
    try:
        return database.write_raw(lambda cursor: _until_odd(_store_by_copy(cursor, push) for push in pushes))
    except psycopg.errors.UniqueViolation:
        return []


def _until_odd(stored: Iterable[Numbered | None]) -> list[Numbered]:
    """Nothing behind it is even tried."""
    numbers: list[Numbered] = []
    for one in stored:
        if one is None:
            break
        numbers.append(one)
    return numbers


def submit(database: Database, push: NewPush) -> "Future[Numbered | None] | None":
    """As `store`, without waiting, and together with others that come meanwhile. None for a push not small enough."""
    if len(push.columns) > SMALL_LINES_MAX or not push.is_in_order():
        return None
    return database.submit(_store_small, push)


def _store_small(tx: Write, pushes: Sequence[NewPush]) -> Sequence[Numbered | None]:
    if tx.is_postgresql:
        return together_postgresql.store(tx.driver_cursor(), pushes)
    if len(pushes) == 1:
        return [_store_sqlite(tx, pushes[0])]
    return together_sqlite.store(tx.driver_cursor(), pushes)


def _numbered(rows: Sequence[Any], push: NewPush) -> Numbered | None:
    if not rows:
        return None
    last_seq = int(rows[0][0])
    return Numbered(last_seq - len(push.columns) + 1, last_seq)


def _parameters(push: NewPush, lines: str | None) -> dict[str, Any]:
    columns = push.columns
    return {
        "key": push.key,
        "company": push.company_id,
        "connection": push.connection_id,
        "account": push.account_id,
        "currency": push.currency,
        "count": len(columns),
        "first_day": columns.days[0],
        "last_day": columns.days[-1],
        "balance": columns.balances[-1],
        "warnings": push.warnings_text(),
        "timeout_minutes": push.timeout_minutes,
        "times_out_at": push.times_out_at,
        "now": push.now,
        "actor": push.actor,
        "detail": push.audit_detail(),
        "lines": lines,
    }


_ALLOCATE = """
    UPDATE source_accounts a SET last_seq = a.last_seq + %(count)s, newest_on = %(last_day)s::date
    FROM connections x
    WHERE a.connection_id = %(connection)s AND a.id = %(account)s AND a.company_id = %(company)s
      AND a.deleted_at IS NULL AND a.verifying_since IS NULL AND a.status = 'connected' AND a.currency = %(currency)s
      AND (a.newest_on IS NULL OR a.newest_on <= %(first_day)s::date)
      AND x.id = a.connection_id AND x.deleted_at IS NULL AND x.status = 'Linked'
      AND NOT EXISTS (SELECT 1 FROM late_lines l WHERE l.account_pk = a.pk AND l.state IN ('waiting', 'dropped'))
      AND NOT EXISTS (SELECT 1 FROM feeds f WHERE f.account_pk = a.pk AND f.status <> 'closed'
                      AND f.start_on > %(first_day)s::date)
    RETURNING a.pk, a.last_seq, a.external_id
"""
_REST = """
    pushed AS (
        INSERT INTO pushes (key, company_id, connection_id, account_pk, account_id, requested_at, status,
                            timeout_minutes, times_out_at, first_seq, last_seq, balance, balance_on, warnings)
        SELECT %(key)s, %(company)s, %(connection)s, pk, %(account)s, %(now)s, 'Pending', %(timeout_minutes)s,
               %(times_out_at)s::timestamptz, last_seq - %(count)s + 1, last_seq, %(balance)s::numeric,
               %(last_day)s::date, %(warnings)s
        FROM account),
    woken AS (
        UPDATE feeds SET due_at = coalesce(due_at, %(now)s), waiting_since = coalesce(waiting_since, %(now)s)
        FROM account WHERE feeds.account_pk = account.pk AND feeds.status = 'open'),
    audited AS (
        INSERT INTO audit (at, actor, action, subject, detail)
        SELECT %(now)s, %(actor)s, 'push.accept', 'account:' || external_id, %(detail)s FROM account)
    SELECT last_seq, pk FROM account
"""
_POSTGRESQL_AT_ONCE = f"""
    WITH account AS ({_ALLOCATE}),
    stored AS (
        INSERT INTO lines (pk, account_pk, id, posted_on, amount, balance, type, description, counterparty, reference)
        SELECT (account.pk << {t.SEQ_BITS}) + account.last_seq - %(count)s + line.n, account.pk, line.id,
               line.posted_on, line.amount, line.balance, line.type, line.description, line.counterparty,
               line.reference
        FROM account, {bulk.rows_of("%(lines)s")}),
    {_REST}
"""  # noqa: S608 - joined from constants
_POSTGRESQL_REST = f"""
    WITH account AS (SELECT %(pk)s::bigint AS pk, %(last_seq)s::bigint AS last_seq, %(external_id)s AS external_id),
    {_REST}
"""
_COPY = """
    COPY lines (pk, account_pk, id, posted_on, amount, balance, type, description, counterparty, reference) FROM STDIN
"""


def _store_by_copy(cursor: Any, push: NewPush) -> Numbered | None:
    parameters = _parameters(push, None)
    cursor.execute(_ALLOCATE, parameters)
    found = cursor.fetchone()
    if found is None:
        return None
    pk, last_seq, external_id = found
    with cursor.copy(_COPY) as copy:
        copy.write(_copy_text(push.columns, (pk << t.SEQ_BITS) + last_seq - len(push.columns) + 1, pk))
    cursor.execute(_POSTGRESQL_REST, {**parameters, "pk": pk, "last_seq": last_seq, "external_id": external_id})
    return _numbered(cursor.fetchall(), push)


def _copy_text(columns: Columns, key: int, account_pk: int) -> str:
    """COPY's text format: tabs between, a line each; the texts are printable, so neither stands in one."""
    ids, days, amounts, balances, types, descriptions, counterparties, references = columns.in_order()
    texts = [_escaped(texts) for texts in (ids, descriptions, counterparties, references)]
    rows = zip(
        map(str, range(key, key + len(columns))),
        repeat(str(account_pk)),
        texts[0],
        days,
        amounts,
        balances,
        types,
        *texts[1:],
        strict=False,
    )
    return "\n".join(chain(map("\t".join, rows), ("",)))


def _escaped(texts: Sequence[str | None]) -> list[str]:
    """Printable text has no tab and no line end; a backslash is doubled."""
    if "\\" in "".join(text for text in texts if text):
        texts = [text.replace("\\", "\\\\") if text else text for text in texts]
    return ["\\N" if text is None else text for text in texts]


_SQLITE_ALLOCATE = """
    SELECT a.pk, a.last_seq, a.external_id FROM source_accounts a JOIN connections x ON x.id = a.connection_id
    WHERE a.connection_id = :connection AND a.id = :account AND a.company_id = :company
      AND a.deleted_at IS NULL AND a.verifying_since IS NULL AND a.status = 'connected' AND a.currency = :currency
      AND (a.newest_on IS NULL OR a.newest_on <= :first_day)
      AND x.deleted_at IS NULL AND x.status = 'Linked'
      AND NOT EXISTS (SELECT 1 FROM late_lines l WHERE l.account_pk = a.pk AND l.state IN ('waiting', 'dropped'))
      AND NOT EXISTS (SELECT 1 FROM feeds f WHERE f.account_pk = a.pk AND f.status <> 'closed'
                      AND f.start_on > :first_day)
"""
_SQLITE_ACCOUNT = "UPDATE source_accounts SET last_seq = :last_seq, newest_on = :last_day WHERE pk = :pk"
_SQLITE_PUSH = """
    INSERT INTO pushes (key, company_id, connection_id, account_pk, account_id, requested_at, status, timeout_minutes,
                        times_out_at, first_seq, last_seq, balance, balance_on, warnings)
    VALUES (:key, :company, :connection, :pk, :account, :now, 'Pending', :timeout_minutes, :times_out_at,
            :first_seq, :last_seq, :balance, :last_day, :warnings)
"""
_SQLITE_WAKE = """
    UPDATE feeds SET due_at = coalesce(due_at, :now), waiting_since = coalesce(waiting_since, :now)
    WHERE account_pk = :pk AND status = 'open'
"""
_SQLITE_AUDIT = """
    INSERT INTO audit (at, actor, action, subject, detail)
    VALUES (:now, :actor, 'push.accept', 'account:' || :external_id, :detail)
"""


def _store_sqlite(tx: Write, push: NewPush) -> Numbered | None:
    cursor = tx.driver_cursor()
    try:
        parameters = _parameters(push, None)
        found = cursor.execute(_SQLITE_ALLOCATE, parameters).fetchone()
        if found is None:
            return None
        pk, before, external_id = found
        first_seq, last_seq = before + 1, before + len(push.columns)
        if bulk.insert(cursor, pk, first_seq, push.columns) != len(push.columns):
            cursor.execute("DELETE FROM lines WHERE pk BETWEEN ? AND ?", (_key(pk, first_seq), _key(pk, last_seq)))
            return None
        parameters |= {
            "pk": pk,
            "first_seq": first_seq,
            "last_seq": last_seq,
            "external_id": external_id,
            "now": instant_text(push.now),
            "times_out_at": instant_text(push.times_out_at) if push.times_out_at else None,
        }
        for statement in (_SQLITE_ACCOUNT, _SQLITE_PUSH, _SQLITE_WAKE, _SQLITE_AUDIT):
            cursor.execute(statement, parameters)
        return Numbered(first_seq, last_seq)
    finally:
        cursor.close()


def _key(account_pk: int, seq: int) -> int:
    return (account_pk << t.SEQ_BITS) + seq
