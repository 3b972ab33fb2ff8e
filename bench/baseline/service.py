"""The baseline service: one endpoint, a session per request, committed durably before the answer."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Header, HTTPException
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import Session, sessionmaker

from bench.baseline.models import Account, ApiKey, Line, Push
from bench.baseline.schemas import CreateTransactions, PushOperation, Transaction

POOL_SIZE = 40
"""As many as FastAPI has threads."""


def make_engine(url: str) -> Engine:
    """Durable on both: SQLite in WAL mode with synchronous=FULL, the write lock taken at the start."""
    if url.startswith("postgresql:"):
        return create_engine(url.replace("postgresql:", "postgresql+psycopg:", 1), pool_size=POOL_SIZE)
    engine = create_engine(url, connect_args={"timeout": 60}, pool_size=POOL_SIZE)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def make_app(engine: Engine) -> FastAPI:
    app = FastAPI()
    sessions = sessionmaker(engine, expire_on_commit=False)

    def session() -> Iterator[Session]:
        with sessions() as opened:
            yield opened

    @app.post(
        "/companies/{company_id}/connections/{connection_id}/push/bankAccounts/{account_id}/bankTransactions",
        response_model_by_alias=True,
    )
    def push(
        company_id: str,
        connection_id: str,
        account_id: str,
        body: CreateTransactions,
        db: Annotated[Session, Depends(session)],
        authorization: Annotated[str, Header()] = "",
    ) -> PushOperation:
        _authenticate(db, authorization)
        if body.account_id != account_id:
            raise HTTPException(400, "accountId differs from the path's")
        account = _account(db, company_id, connection_id, account_id)
        new, warnings = _without_known(db, account, body.transactions)
        _check_order(new, account)
        made = Push(key=str(uuid4()), account_id=account.id, status="Pending")
        db.add(made)
        db.flush()
        db.add_all(
            Line(
                account_id=account.id, push_id=made.id, external_id=item.id, posted_on=item.date, amount=item.amount,
                balance=item.balance, type=item.transaction_type, description=item.description,
                counterparty=item.counterparty, reference=item.reference,
            )
            for item in new
        )  # fmt: skip
        if new:
            account.newest_on = new[-1].date
        db.commit()
        return PushOperation(
            push_operation_key=made.key, company_id=company_id, data_connection_key=connection_id, status=made.status,
            status_code=202, requested_on_utc=made.requested_at, warnings=warnings,
        )  # fmt: skip

    return app


def _authenticate(db: Session, authorization: str) -> None:
    scheme, _, encoded = authorization.partition(" ")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        secret = b""
    if scheme.lower() != "basic" or db.get(ApiKey, hashlib.sha256(secret).hexdigest()) is None:
        raise HTTPException(401, "the API key is not known")


def _account(db: Session, company_id: str, connection_id: str, account_id: str) -> Account:
    query = select(Account).where(
        Account.company_id == company_id, Account.connection_id == connection_id, Account.external_id == account_id
    )
    found = db.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise HTTPException(404, "the account was not found")
    return found


def _without_known(db: Session, account: Account, items: list[Transaction]) -> tuple[list[Transaction], list[str]]:
    """Items whose ids are new; a warning for each other one; 400 if an id comes with other content."""
    if len({item.id for item in items}) != len(items):
        raise HTTPException(400, "an id stands twice in this request")
    query = select(Line).where(Line.account_id == account.id, Line.external_id.in_([item.id for item in items]))
    known = {line.external_id: line for line in db.scalars(query)}
    new: list[Transaction] = []
    warnings: list[str] = []
    for item in items:
        before = known.get(item.id)
        if before is None:
            new.append(item)
        elif (before.posted_on, before.amount, before.description) != (item.date, item.amount, item.description):
            raise HTTPException(400, f"{item.id} was accepted before with other content")
        else:
            warnings.append(f"{item.id} was accepted before")
    return new, warnings


def _check_order(new: list[Transaction], account: Account) -> None:
    previous = account.newest_on
    latest = datetime.now(UTC).date() + timedelta(days=1)
    for item in new:
        if (previous is not None and item.date < previous) or item.date > latest:
            raise HTTPException(400, f"{item.id}: {item.date} is out of order")
        previous = item.date
