"""Lines whose texts are erased: which may be, erasing them, and the key of what they are known again by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from bankfeeds.domain.erasure import texts_digest
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.ports import Ids, Sealer
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store import tables_operations as t_operations
from bankfeeds.store.engine import Read, Write
from bankfeeds.store.tables_late import late_lines

LINES_AT_ONCE = 500
"""Lines of one transaction: some milliseconds."""
_SKIPPED = "skipped"
_SEQ_MASK = (1 << t.SEQ_BITS) - 1
_l, _f, _m, _p = t.lines.c, t.feeds.c, t.line_marks.c, t_operations.retention_progress.c
_k = t_operations.digest_keys.c
_is_live = _f.status != FeedStatus.closed.value
_encode = msgspec.json.Encoder().encode
_ERASE = {
    False: """
        UPDATE lines SET description = '', counterparty = NULL, reference = NULL, texts_digest = given.digest
        FROM (SELECT json_extract(value, '$[0]') AS pk, json_extract(value, '$[1]') AS digest FROM json_each(?)) given
        WHERE lines.pk = given.pk AND lines.texts_digest IS NULL
    """,
    True: """
        UPDATE lines SET description = '', counterparty = NULL, reference = NULL, texts_digest = given.digest
        FROM (SELECT (value->>0)::bigint AS pk, value->>1 AS digest FROM json_array_elements(%s::json)) AS given
        WHERE lines.pk = given.pk AND lines.texts_digest IS NULL
    """,
}


class Texts(NamedTuple):
    """Of one line, still there."""

    pk: int
    id: str
    texts: tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of an account that may be erased, the oldest first; all there are if `is_last`. `looked_seq`: up to there
    no other may.
    """

    lines: Sequence[Texts]
    looked_seq: int
    is_last: bool


class Waiting(NamedTuple):
    """An account with lines that nobody has looked at since `feed_pk`, its newest feed, was opened."""

    pk: int
    external_id: str
    looked_seq: int
    feed_pk: int


def opened_key(tx: Read, sealer: Sealer) -> str | None:
    """None if there is none, or if no secret key in force opens it: `bankfeeds reseal` gave it up."""
    sealed = tx.value(sa.select(_k.sealed_key))
    return None if sealed is None else sealer.opened(sealed)


def key(tx: Write, sealer: Sealer, ids: Ids) -> str:
    """Made if there is none. Raises as `Sealer.unseal` does."""
    values = {"id": 1, "sealed_key": sealer.seal(ids.secret())}
    tx.run(dialect.insert_if_absent(tx.is_postgresql, t_operations.digest_keys, values))
    return sealer.unseal(tx.value(sa.select(_k.sealed_key)))


def waiting(tx: Read, after_pk: int, before: date, limit: int) -> list[Waiting]:
    """Accounts numbered above `after_pk` whose next line that nobody has looked at is dated before that day."""
    a = t.source_accounts.c
    newest = sa.select(sa.func.max(_f.pk)).where(_f.account_pk == a.pk).correlate(t.source_accounts).scalar_subquery()
    accounts = (
        sa.select(a.pk, a.external_id, a.last_seq, newest.label("feed_pk"))
        .where(a.pk > after_pk, a.last_seq > 0)
        .subquery()
    )
    c = accounts.c
    looked = sa.func.coalesce(sa.case((_p.feed_pk == c.feed_pk, _p.looked_seq)), 0)
    query = (
        sa.select(c.pk, c.external_id, looked.label("looked_seq"), c.feed_pk)
        .outerjoin_from(accounts, t_operations.retention_progress, _p.account_pk == c.pk)
        .join(t.lines, _l.pk == c.pk * (1 << t.SEQ_BITS) + looked + 1)
        .where(c.feed_pk.is_not(None), c.last_seq > looked, _l.posted_on < before)
    )
    rows = tx.rows(query.order_by(c.pk).limit(limit))
    return [Waiting(row.pk, row.external_id, row.looked_seq, row.feed_pk) for row in rows]


def in_sage(tx: Read, account_pk: int, after_seq: int, before: date) -> Span:
    """Lines dated before that day that every live feed has settled, and that at least one feed ever had in Sage: not
    those that were skipped or withheld everywhere.
    """
    base = account_pk << t.SEQ_BITS
    settled = tx.value(sa.select(sa.func.min(_f.cursor)).where(_f.account_pk == account_pk, _is_live))
    last = base + (_SEQ_MASK if settled is None else int(settled))
    among = sa.and_(_l.pk.between(base + after_seq + 1, last), _l.posted_on < before)
    skipped = (
        sa.exists().where(_m.feed_pk == _f.pk, _m.seq == _l.pk - base, _m.mark == _SKIPPED).correlate(t.feeds, t.lines)
    )
    had = sa.exists().where(
        _f.account_pk == account_pk,
        _f.cursor >= _l.pk - base,
        sa.or_(_f.start_on.is_(None), _f.start_on <= _l.posted_on),
        sa.not_(skipped),
    )
    found = _texts(tx, sa.and_(among, had))
    if len(found) == LINES_AT_ONCE:
        return Span(found, found[-1].pk - base, is_last=False)
    looked = tx.value(sa.select(sa.func.max(_l.pk)).where(among))
    return Span(found, after_seq if looked is None else int(looked) - base, is_last=True)


def every(tx: Read, account_pk: int, after_seq: int) -> Span:
    """Of an account that is deleted: whatever became of them."""
    base = account_pk << t.SEQ_BITS
    found = _texts(tx, _l.pk.between(base + after_seq + 1, base + _SEQ_MASK))
    return Span(found, found[-1].pk - base if found else after_seq, is_last=len(found) < LINES_AT_ONCE)


def erase(tx: Write, key: str, external_id: str, found: Sequence[Texts]) -> int:
    """How many lines lost their texts now."""
    rows = [(each.pk, texts_digest(key, external_id, each.id, each.texts)) for each in found]
    cursor = tx.driver_cursor()
    cursor.execute(_ERASE[tx.is_postgresql], (_encode(rows).decode(),))
    count = int(cursor.rowcount)
    cursor.close()
    _erase_as_they_came(tx, [each.pk for each in found])
    return count


def _erase_as_they_came(tx: Write, pks: Sequence[int]) -> None:
    """Lines that came late are kept as the institution gave them, too."""
    if pks:
        c = late_lines.c
        seqs = [pk & _SEQ_MASK for pk in pks]
        which = (c.account_pk == pks[0] >> t.SEQ_BITS, c.seq.in_(seqs))
        tx.run(late_lines.update().where(*which).values(description=None, counterparty=None, reference=None))


def set_looked(tx: Write, account: Waiting, seq: int) -> None:
    progress = t_operations.retention_progress
    values = {"looked_seq": seq, "feed_pk": account.feed_pk}
    if not tx.run(progress.update().where(_p.account_pk == account.pk).values(values)):
        tx.run(dialect.insert_if_absent(tx.is_postgresql, progress, {"account_pk": account.pk, **values}))


def count_left(tx: Read, account_pk: int) -> int:
    """How many lines of an account still have their texts."""
    base = account_pk << t.SEQ_BITS
    query = sa.select(sa.func.count()).where(_l.pk.between(base, base + _SEQ_MASK), _l.texts_digest.is_(None))
    return int(tx.value(query))


def _texts(tx: Read, which: "sa.ColumnElement[bool]") -> list[Texts]:
    query = sa.select(_l.pk, _l.id, _l.description, _l.counterparty, _l.reference)
    query = query.where(which, _l.texts_digest.is_(None)).order_by(_l.pk).limit(LINES_AT_ONCE)
    return [_of(row) for row in tx.rows(query)]


def _of(row: Any) -> Texts:
    return Texts(row.pk, row.id, (row.description, row.counterparty, row.reference))
