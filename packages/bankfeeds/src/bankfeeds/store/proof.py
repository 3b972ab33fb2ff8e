"""What the balance proof is made from: lines a stretch at a time, stated closing balances, what feeds have marked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from bankfeeds.domain.balance_proof import NamedLine, Stretch
from bankfeeds.domain.feed import Feed, QueuedLine
from bankfeeds.store import feeds
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_proof import closing_balances

AT_A_TIME = 20_000
"""Lines read in one go: a row of three JSON arrays, see `bulk`."""
_texts = msgspec.json.Decoder(list[str]).decode
_QUERIES = {
    False: "SELECT json_group_array(posted_on), json_group_array(amount), json_group_array(balance)"
    " FROM (SELECT posted_on, amount, balance FROM lines WHERE pk BETWEEN ? AND ? ORDER BY pk)",
    True: "SELECT coalesce(json_agg(posted_on)::text, '[]'), coalesce(json_agg(amount)::text, '[]'),"
    " coalesce(json_agg(balance)::text, '[]') FROM (SELECT posted_on::text, amount::text, balance::text FROM lines"
    " WHERE pk BETWEEN %s AND %s ORDER BY pk) AS line",
}
_c = closing_balances.c
_l = t.lines.c


def stretches(tx: Read, account_pk: int, first_seq: int, last_seq: int) -> Iterator[Stretch]:
    """The lines of a range, in order. Numbers are given out without holes."""
    cursor = tx.driver_cursor()
    base = account_pk << t.SEQ_BITS
    for at in range(first_seq, last_seq + 1, AT_A_TIME):
        end = min(at + AT_A_TIME - 1, last_seq)
        cursor.execute(_QUERIES[tx.is_postgresql], (base + at, base + end))
        stretch = Stretch(at, *map(_texts, cursor.fetchone()))
        if len(stretch.days) != end - at + 1:
            raise AssertionError(f"account {account_pk} has not all lines from {at} to {end}")
        yield stretch
    cursor.close()


def feeds_of(tx: Read, account_pk: int) -> list[Feed]:
    """Open, parked and closed ones, oldest first."""
    f = t.feeds.c
    return [feeds.feed(row) for row in tx.rows(sa.select(t.feeds).where(f.account_pk == account_pk).order_by(f.pk))]


def marked(tx: Read, feed: Feed, mark: str) -> list[NamedLine]:
    """The lines of a feed that are marked so."""
    m = t.line_marks.c
    base = feed.account_pk << t.SEQ_BITS
    query = (
        sa.select(m.seq, m.reason, _l.id, _l.posted_on, _l.amount)
        .join_from(t.line_marks, t.lines, _l.pk == m.seq + base)
        .where(m.feed_pk == feed.pk, m.mark == mark)
        .order_by(m.seq)
    )
    return [NamedLine(row.seq, row.id, row.posted_on, row.amount, row.reason) for row in tx.rows(query)]


def ids(tx: Read, account_pk: int, seqs: Sequence[int]) -> dict[int, str]:
    """The institution's ids of some lines."""
    base = account_pk << t.SEQ_BITS
    query = sa.select(_l.pk, _l.id).where(_l.pk.in_([base + seq for seq in seqs]))
    return {row.pk - base: row.id for row in tx.rows(query)}


def push_of(tx: Read, account_pk: int, seq: int) -> tuple[str, datetime] | None:
    """Key and moment of the push that brought a line."""
    p = t.pushes.c
    query = (
        sa.select(p.key, p.requested_at)
        .where(p.account_pk == account_pk, p.first_seq <= seq, p.last_seq >= seq)
        .order_by(p.first_seq.desc())
        .limit(1)
    )
    row = tx.row(query)
    return None if row is None else (row.key, row.requested_at)


def statement_of(tx: Read, feed_pk: int, seq: int) -> int | None:
    """The number of the statement that Sage took a line with."""
    s = t.statements.c
    query = sa.select(sa.func.max(s.pk)).where(
        s.feed_pk == feed_pk, s.first_seq <= seq, s.last_seq >= seq, s.status == "done"
    )
    return tx.value(query)


def stated(tx: Read, account_pk: int) -> dict[date, Decimal]:
    """The institution's own closing balances, by day."""
    query = sa.select(_c.on, _c.balance).where(_c.account_pk == account_pk).order_by(_c.on)
    return {row.on: row.balance for row in tx.rows(query)}


def state(tx: Write, account_pk: int, given: Mapping[date, Decimal], at: datetime, by: str) -> None:
    """What is said last of a day counts."""
    rows = [
        {"account_pk": account_pk, "on": on, "balance": balance, "given_at": at, "given_by": by}
        for on, balance in given.items()
    ]
    tx.run(closing_balances.delete().where(_c.account_pk == account_pk, _c.on.in_(list(given))))
    tx.connection.execute(closing_balances.insert(), rows)


def account_pks(tx: Read, limit: int) -> list[int]:
    """Accounts that are not deleted, in the order they were made."""
    a = t.source_accounts.c
    query = sa.select(a.pk).where(a.deleted_at.is_(None)).order_by(a.pk).limit(limit)
    return [row.pk for row in tx.rows(query)]


def sent(tx: Read, feed: Feed, first_seq: int, last_seq: int) -> list[QueuedLine]:
    """The lines of a range that a feed has brought to Sage, or that Sage had already."""
    base = feed.account_pk << t.SEQ_BITS
    m = t.line_marks.c
    skipped = sa.select(m.seq).where(m.feed_pk == feed.pk, m.mark == "skipped").scalar_subquery()
    span = _l.pk.between(base + first_seq, base + min(last_seq, feed.cursor))
    query = sa.select(t.lines).where(span, (_l.pk - base).not_in(skipped), _l.posted_on >= (feed.start_on or date.max))
    return [
        QueuedLine(
            row.pk - base, row.id, row.posted_on, row.amount, row.balance, row.type, row.description, row.counterparty,
            row.reference,
        )
        for row in tx.rows(query.order_by(_l.pk))
    ]  # fmt: skip
