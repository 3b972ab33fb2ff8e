"""The platform with accounts ready to take lines: seeded through its own flows and store, run as `bankfeeds serve`."""

import base64
import secrets
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from bankfeeds.app.world import bring_to_schema, opened
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.listing import AmountUnit
from bankfeeds.flows import keys
from bankfeeds.flows.context import World
from bankfeeds.settings import Settings
from bankfeeds.store import tables as t
from bankfeeds.store.budgets import FAR
from bankfeeds.store.engine import Write
from bench.lines import FIRST_DAY
from bench.servers import Server

LISTING = "bench"
NOT_YET = FAR - timedelta(seconds=30)
"""Feeds due so far ahead take lines and deliver nothing meanwhile; a time further ahead counts as a clock's error."""
_ACCOUNTS_PER_COMPANY = 10
_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Sage:
    """Where the platform delivers to, and with what."""

    provider_url: str = "http://127.0.0.1:1"
    token_url: str = "http://127.0.0.1:1/oauth/token"
    jwks_url: str = "http://127.0.0.1:1/jwks"
    client_id: str = "bench"
    client_secret: str = "bench"
    audience: str = "bench"
    api_key: str = "bench"
    bank_id: str = "bench"


@dataclass(frozen=True, slots=True)
class Seeded:
    """A database with `accounts` accounts, numbered from 1, each with one open feed."""

    url: str
    secret_key: str
    authorization: str
    accounts: list[str]
    paths: list[str]

    @property
    def settings(self) -> Settings:
        return Settings(database_url=self.url, secret_key=(self.secret_key,))


def company_id(number: int) -> str:
    return str(UUID(int=1 << 96 | number, version=4))


def connection_id(number: int) -> str:
    return str(UUID(int=2 << 96 | number, version=4))


def bank_account_id(number: int) -> str:
    """Sage's id for account `number`."""
    return str(UUID(int=3 << 96 | number, version=4))


def seed(url: str, accounts: int, *, sage: Sage | None = None, due_in: timedelta | None = NOT_YET) -> Seeded:
    """Accounts that are linked, introduced and connected, as after their first day. Without `due_in` the feeds sleep
    until something wakes them.
    """
    key = secrets.token_urlsafe(48)
    settings = Settings(database_url=url, secret_key=(key,))
    bring_to_schema(settings, "bench", "bench")
    with opened(settings) as everything:
        world = everything.world
        _, secret = keys.create(world, "bench", "bench")
        world.db.write(lambda tx: insert_listing(tx, world, sage or Sage()))
        now = world.clock()
        due_at = None if due_in is None else now + due_in
        world.db.write(lambda tx: insert_accounts(tx, accounts, due_at, now))
    names = [f"acc-{number:06d}" for number in range(1, accounts + 1)]
    paths = [
        f"/companies/{company_id(c)}/connections/{connection_id(c)}/push/bankAccounts/{name}/bankTransactions"
        for c, name in ((_company_of(number), name) for number, name in enumerate(names, 1))
    ]
    return Seeded(url, key, "Basic " + base64.b64encode(secret.encode()).decode(), names, paths)


def _company_of(account: int) -> int:
    return (account - 1) // _ACCOUNTS_PER_COMPANY + 1


def insert_listing(tx: Write, world: World, sage: Sage) -> None:
    seal: Callable[[str], str] = world.sealer.seal
    tx.run(
        t.listings.insert().values(
            id=LISTING, name="Bench Bank", region="UK", country="GB", bank_id=sage.bank_id, external_ref="bench",
            url="https://bank.example", provider_url=sage.provider_url, token_url=sage.token_url,
            jwks_url=sage.jwks_url, client_id=sage.client_id, audience=sage.audience, header_name="x-bench",
            amount_unit=AmountUnit.minor.value, sealed_client_secret=seal(sage.client_secret),
            sealed_api_key=seal(sage.api_key), sealed_header_values=[seal("bench")], created_at=world.clock(),
        )
    )  # fmt: skip


def insert_accounts(tx: Write, accounts: int, due_at: datetime | None, now: datetime) -> None:
    """Companies, connections, accounts and feeds, in bulk."""
    companies = range(1, _company_of(accounts) + 1)
    _bulk(tx, t.companies, [
        {"id": company_id(c), "name": f"Company {c}", "tags": {}, "created_at": now} for c in companies
    ])  # fmt: skip
    _bulk(tx, t.connections, [
        {"id": connection_id(c), "company_id": company_id(c), "status": "Linked", "created_at": now} for c in companies
    ])  # fmt: skip
    _bulk(tx, t.source_accounts, [_account(number, now) for number in range(1, accounts + 1)])
    _bulk(tx, t.feeds, [_feed(number, due_at, now) for number in range(1, accounts + 1)])


def _bulk(tx: Write, table: sa.Table, rows: Sequence[dict[str, object]]) -> None:
    for start in range(0, len(rows), _ROWS):
        tx.connection.execute(table.insert(), rows[start : start + _ROWS])


def _account(number: int, now: datetime) -> dict[str, object]:
    company = _company_of(number)
    return {
        "external_id": f"ext-{number:08d}", "company_id": company_id(company), "connection_id": connection_id(company),
        "id": f"acc-{number:06d}", "version": 2, "name": "Trading", "type": "checking", "number": f"{number:08d}",
        "sort_code": "112233", "identifier": f"112233-{number:08d}", "currency": "GBP", "balance": Decimal("250.75"),
        "balance_at": now, "modified_at": now, "created_at": now, "status": "connected",
        "feed_start_on": FIRST_DAY,
    }  # fmt: skip


def _feed(number: int, due_at: datetime | None, now: datetime) -> dict[str, object]:
    return {
        "listing_id": LISTING, "account_pk": number, "bank_account_id": bank_account_id(number),
        "status": FeedStatus.open.value, "start_on": FIRST_DAY, "opened_at": now, "opened_seq": 0, "cursor": 0,
        "is_introduced": True, "due_at": due_at,
    }  # fmt: skip


@contextmanager
def serving(
    seeded: Seeded, log: Path, roles: Sequence[str] = (), more: dict[str, str] | None = None
) -> Generator[Server]:
    """`bankfeeds serve` as it is installed; `roles` need PostgreSQL."""
    arguments = [argument for role in roles for argument in ("--role", role)]
    environment = {
        "BANKFEEDS_DATABASE_URL": seeded.url,
        "BANKFEEDS_SECRET_KEY": seeded.secret_key,
        **(more or {}),
    }
    server = Server([sys.executable, "-m", "bankfeeds", "serve", "--port", "0", *arguments], environment, log)
    try:
        yield server
    finally:
        server.stop()
