"""PostgreSQL: small pushes that come at the same time, stored by one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from bankfeeds.store import bulk
from bankfeeds.store import tables as t
from bankfeeds.store.new_push import NewPush, Numbered, check_apart

_STORE = f"""
    WITH given AS (
        SELECT * FROM json_to_recordset(%(pushes)s) AS (
            n int, key text, company text, connection text, account text, currency text, count int, first_day date,
            last_day date, balance numeric, warnings text, timeout_minutes int, times_out_at timestamptz,
            now timestamptz, actor text, detail text, lines json)),
    account AS (
        SELECT a.pk, a.last_seq AS before, a.external_id, given.*
        FROM given JOIN source_accounts a ON a.connection_id = given.connection AND a.id = given.account
        JOIN connections x ON x.id = a.connection_id
        WHERE a.company_id = given.company AND a.deleted_at IS NULL AND a.status = 'connected'
          AND a.verifying_since IS NULL
          AND a.currency = given.currency AND (a.newest_on IS NULL OR a.newest_on <= given.first_day)
          AND x.deleted_at IS NULL AND x.status = 'Linked'
          AND NOT EXISTS (SELECT 1 FROM late_lines l WHERE l.account_pk = a.pk AND l.state IN ('waiting', 'dropped'))
          AND NOT EXISTS (SELECT 1 FROM feeds f WHERE f.account_pk = a.pk AND f.status <> 'closed'
                          AND f.start_on > given.first_day)
        FOR UPDATE OF a SKIP LOCKED),
    counted AS (
        UPDATE source_accounts SET last_seq = account.before + account.count, newest_on = account.last_day
        FROM account WHERE source_accounts.pk = account.pk),
    stored AS (
        INSERT INTO lines (pk, account_pk, id, posted_on, amount, balance, type, description, counterparty, reference)
        SELECT (account.pk << {t.SEQ_BITS}) + account.before + line.n, account.pk, line.id, line.posted_on, line.amount,
               line.balance, line.type, line.description, line.counterparty, line.reference
        FROM account, {bulk.rows_of("account.lines")}),
    pushed AS (
        INSERT INTO pushes (key, company_id, connection_id, account_pk, account_id, requested_at, status,
                            timeout_minutes, times_out_at, first_seq, last_seq, balance, balance_on, warnings)
        SELECT key, company, connection, pk, account, now, 'Pending', timeout_minutes, times_out_at, before + 1,
               before + count, balance, last_day, warnings
        FROM account),
    woken AS (
        UPDATE feeds SET due_at = coalesce(due_at, now), waiting_since = coalesce(waiting_since, now)
        FROM account WHERE feeds.account_pk = account.pk AND feeds.status = 'open'),
    audited AS (
        INSERT INTO audit (at, actor, action, subject, detail)
        SELECT now, actor, 'push.accept', 'account:' || external_id, detail FROM account)
    SELECT n, before FROM account
"""  # noqa: S608 - constants


class _Push(msgspec.Struct, gc=False):
    n: int
    key: str
    company: str
    connection: str
    account: str
    currency: str
    count: int
    first_day: str
    last_day: str
    balance: str
    warnings: str | None
    timeout_minutes: int | None
    times_out_at: datetime | None
    now: datetime
    actor: str
    detail: str
    lines: Sequence[bulk.JsonLine]


_encode = msgspec.json.Encoder().encode


def store(cursor: Any, pushes: Sequence[NewPush]) -> list[Numbered | None]:
    """None for those that need a closer look, or whose account another transaction is at; Intertwined if two are of one
    account. The driver's own error if a line is known already.
    """
    check_apart(pushes)
    told = _encode([_push(n, push) for n, push in enumerate(pushes)]).decode()
    answers: list[Numbered | None] = [None] * len(pushes)
    found: list[tuple[int, int]] = cursor.execute(_STORE, {"pushes": told}).fetchall()
    for n, before in found:
        answers[n] = Numbered(before + 1, before + len(pushes[n].columns))
    return answers


def _push(n: int, push: NewPush) -> _Push:
    columns = push.columns
    return _Push(
        n,
        push.key,
        push.company_id,
        push.connection_id,
        push.account_id,
        push.currency,
        len(columns),
        columns.days[0],
        columns.days[-1],
        columns.balances[-1],
        push.warnings_text(),
        push.timeout_minutes,
        push.times_out_at,
        push.now,
        push.actor,
        push.audit_detail(),
        bulk.json_lines(columns),
    )
