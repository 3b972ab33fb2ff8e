"""Source accounts: rows to values and back."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain.source_account import AccountInfo, AccountStatus, Routing, SourceAccount
from bankfeeds.store import dialect
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Read, Write

_a = t.source_accounts.c
_BY_PK = sa.select(t.source_accounts).where(_a.pk == sa.bindparam("the_pk"))
_LOCK_BY_PK = dialect.for_update(_BY_PK)
_CHANGE = t.source_accounts.update().where(_a.pk == sa.bindparam("the_pk"))


def find(tx: Read, company_id: str, connection_id: str, account_id: str) -> SourceAccount | None:
    return _one(tx, _live(company_id, connection_id).where(_a.id == account_id))


def get(tx: Read, pk: int) -> SourceAccount:
    """The account by its number, deleted or not."""
    row = tx.row(_BY_PK, {"the_pk": pk})
    if row is None:
        raise AssertionError(f"source account {pk} is gone")
    return account(row)


def lock(tx: Write, pk: int) -> SourceAccount | None:
    """The account by its number, locked until the transaction ends, deleted or not."""
    row = tx.row(_LOCK_BY_PK, {"the_pk": pk})
    return None if row is None else account(row)


def find_and_lock(tx: Write, company_id: str, connection_id: str, account_id: str) -> SourceAccount | None:
    return _one(tx, dialect.for_update(_live(company_id, connection_id).where(_a.id == account_id)))


def by_external_id(tx: Read, external_id: str) -> SourceAccount | None:
    """Deleted ones are not found."""
    return _one(tx, sa.select(t.source_accounts).where(_a.external_id == external_id, _a.deleted_at.is_(None)))


def ever_called(tx: Read, external_id: str) -> tuple[SourceAccount, datetime, datetime | None] | None:
    """With when it was made, and when deleted: deleted ones are found too."""
    row = tx.row(sa.select(t.source_accounts).where(_a.external_id == external_id))
    return None if row is None else (account(row), row.created_at, row.deleted_at)


def numbered(tx: Read, number: str, limit: int) -> list[SourceAccount]:
    """Whose identifier is this number, with or without a sort or bank code before it; deleted ones are not found."""
    same = sa.or_(_a.identifier == number, _a.identifier.endswith("-" + number, autoescape=True))
    query = sa.select(t.source_accounts).where(same, _a.deleted_at.is_(None)).order_by(_a.pk).limit(limit)
    return [account(row) for row in tx.rows(query)]


def of_company(tx: Read, company_id: str, limit: int) -> list[SourceAccount]:
    """Connection by connection, in the order they were made."""
    query = sa.select(t.source_accounts).where(_a.company_id == company_id, _a.deleted_at.is_(None))
    return [account(row) for row in tx.rows(query.order_by(_a.pk).limit(limit))]


def of_connection(tx: Read, connection_id: str) -> list[SourceAccount]:
    """In the order they were made."""
    query = sa.select(t.source_accounts).where(_a.connection_id == connection_id, _a.deleted_at.is_(None))
    return [account(row) for row in tx.rows(query.order_by(_a.pk))]


def deleted_ids(tx: Read, connection_id: str) -> set[str]:
    query = sa.select(_a.id).where(_a.connection_id == connection_id, _a.deleted_at.is_not(None))
    return {row.id for row in tx.rows(query)}


def insert(tx: Write, account: SourceAccount, created_at: datetime) -> int:
    """The new account's number; `account.pk` is not looked at. IntegrityError if id or identifier is taken."""
    values = {**_values(account), "created_at": created_at}
    result = tx.connection.execute(t.source_accounts.insert().values(values))
    key = result.inserted_primary_key
    if key is None:
        raise AssertionError("an inserted account has a number")
    return int(key[0])


def update(tx: Write, pk: int, **changes: Any) -> None:
    """Columns by name; `status` as AccountStatus, `info` as AccountInfo."""
    if isinstance(changes.get("info"), AccountInfo):
        changes["info"] = _info_values(changes["info"])
    tx.run(_CHANGE, {"the_pk": pk, **changes})


def mark_deleted(tx: Write, pks: Sequence[int], at: datetime) -> None:
    tx.run(t.source_accounts.update().where(_a.pk.in_(pks)).values(deleted_at=at))


def _live(company_id: str, connection_id: str) -> "sa.Select[Any]":
    return sa.select(t.source_accounts).where(
        _a.connection_id == connection_id, _a.company_id == company_id, _a.deleted_at.is_(None)
    )


def _one(tx: Read, query: "sa.Select[Any]") -> SourceAccount | None:
    row = tx.row(query)
    return None if row is None else account(row)


def _values(account: SourceAccount) -> dict[str, Any]:
    return {
        "external_id": account.external_id,
        "company_id": account.company_id,
        "connection_id": account.connection_id,
        "id": account.id,
        "version": account.version,
        "name": account.name,
        "type": account.type,
        "number": account.number,
        "sort_code": account.sort_code,
        "identifier": account.identifier,
        "currency": account.currency,
        "balance": account.balance,
        "balance_at": account.balance_at,
        "routing": _routing_values(account.routing),
        "info": _info_values(account.info),
        "info_at": account.info_at,
        "modified_at": account.modified_at,
        "status": account.status.value,
        "feed_start_on": account.feed_start_on,
        "cut_over_on": account.cut_over_on,
    }


def _routing_values(routing: Routing | None) -> dict[str, Any] | None:
    return None if routing is None else {"bankCode": routing.bank_code, "type": routing.type}


def _info_values(info: AccountInfo | None) -> dict[str, Any] | None:
    if info is None:
        return None
    available = info.available_balance
    return {
        "description": info.description,
        "nickname": info.nickname,
        "openedOn": info.opened_on.isoformat() if info.opened_on else None,
        "availableBalance": None if available is None else str(available),
    }


def account(row: Any) -> SourceAccount:
    """Of a row of the table."""
    return SourceAccount(
        pk=row.pk,
        external_id=row.external_id,
        company_id=row.company_id,
        connection_id=row.connection_id,
        id=row.id,
        version=row.version,
        name=row.name,
        type=row.type,
        number=row.number,
        sort_code=row.sort_code,
        currency=row.currency,
        balance=row.balance,
        balance_at=row.balance_at,
        modified_at=row.modified_at,
        status=AccountStatus(row.status),
        routing=Routing(row.routing["bankCode"], row.routing["type"]) if row.routing else None,
        info=_info(row.info) if row.info else None,
        info_at=row.info_at,
        feed_start_on=row.feed_start_on,
        last_seq=row.last_seq,
        newest_on=row.newest_on,
        needs_reauthorisation=row.needs_reauthorisation,
        verifying_since=row.verifying_since,
        restored_seq=row.restored_seq,
        hold_seq=row.hold_seq,
        cut_over_on=row.cut_over_on,
        presents_late=row.presents_late,
    )


def _info(stored: dict[str, Any]) -> AccountInfo:
    opened, available = stored["openedOn"], stored["availableBalance"]
    return AccountInfo(
        description=stored["description"],
        nickname=stored["nickname"],
        opened_on=date.fromisoformat(opened) if opened else None,
        available_balance=None if available is None else Decimal(available),
    )
