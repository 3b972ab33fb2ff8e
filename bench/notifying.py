"""How many webhooks one worker delivers in a second: a full outbox, made events of, sent and written down."""

import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from bankfeeds.app.facts import RandomIds
from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.source_account import AccountStatus, SourceAccount
from bankfeeds.domain.webhook import Consumer, Happening
from bankfeeds.store import companies, connections, consumers, outbox, schema, source_accounts
from bankfeeds.store.consumers import SealedSecrets
from bankfeeds.store.engine import Database, Write
from bankfeeds.store.seal import Sealer
from bench.databases import Kind
from bench.results import SQLITE, Figure
from bench.servers import Server, settle

EVENTS = 10_000
QUICK_EVENTS = 2_000
ACCOUNTS = 200
SECRET_KEY = "the secret key of the benchmark is no secret at all"
SECRET = "whsec_YmVuY2htYXJrIGJlbmNobWFyayBiZW5jaG1hcms="
WAIT_S = 300.0


def measure(kind: Kind, events: int) -> Figure:
    """Every event has its own body and arrives once; anything else is an error, not a figure."""
    url = kind.fresh()
    with _receiver(kind.directory) as receiver:
        _fill(url, receiver.address, events)
        settle()
        with _worker(kind, url) as worker:
            told = _until(receiver.address, events)
            cpu_ms = worker.cpu_s() * 1000 / events
    if told["posts"] != events:
        raise RuntimeError(f"{told['posts']} attempts were made for {events} events")
    rate = (events - 1) / told["seconds"]
    return Figure("webhooks_per_s", kind.name, rate, "a second", f"{events:,} events, {cpu_ms:.1f} ms of CPU each")


@contextmanager
def _receiver(directory: Path) -> Generator[Server]:
    server = Server([sys.executable, "-m", "bench.webhook_receiver"], {}, directory / "receiver.log")
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _worker(kind: Kind, url: str) -> Generator[Server]:
    roles = [] if kind.name == SQLITE else ["--role", "worker"]
    settings = {
        "BANKFEEDS_DATABASE_URL": url,
        "BANKFEEDS_SECRET_KEY": SECRET_KEY,
        "BANKFEEDS_PORT": "0",
        "BANKFEEDS_LOG_LEVEL": "error",
        "BANKFEEDS_WEBHOOK_PRIVATE_TARGETS": "on",
    }
    command = [sys.executable, "-m", "bankfeeds", "serve", *roles]
    server = Server(command, settings, kind.directory / "worker.log")
    try:
        yield server
    finally:
        server.stop()


def _until(address: str, events: int) -> dict[str, float]:
    ends = time.monotonic() + WAIT_S
    with httpx2.Client() as client:
        while time.monotonic() < ends:
            told: dict[str, float] = client.get(address).json()
            if told["distinct"] >= events:
                return told
            settle(0.1)
    raise RuntimeError(f"only {told['distinct']} of {events} events arrived")


def _fill(url: str, receiver: str, events: int) -> None:
    database = Database(url)
    with closing(database):
        schema.migrate(database)
        now, ids = datetime.now(UTC), RandomIds()
        company = Company(ids.uuid(), "Harbour Bakery Ltd", None, {"region": "uk"}, now)
        connection = Connection(ids.uuid(), company.id, ConnectionStatus.linked, now)

        def begin(tx: Write) -> list[int]:
            companies.insert(tx, company)
            connections.insert(tx, connection)
            consumer = Consumer(
                0, ids.uuid(), receiver + "/hook", ("bankFeeds.sourceAccount.connected",), (), is_disabled=False,
                created_at=now,
            )  # fmt: skip
            consumers.insert(tx, consumer, SealedSecrets(Sealer((SECRET_KEY,)).seal(SECRET)))
            return [source_accounts.insert(tx, _account(ids, connection, n, now), now) for n in range(ACCOUNTS)]

        def add(tx: Write) -> None:
            for n in range(events):
                outbox.add(
                    tx, Happening.account_connected, now, company_id=company.id, connection_id=connection.id,
                    account_pk=pks[n % ACCOUNTS], facts={"status": "connected"},
                )  # fmt: skip

        pks = database.write(begin)
        database.write(add)


def _account(ids: RandomIds, connection: Connection, number: int, now: datetime) -> SourceAccount:
    return SourceAccount(
        pk=0,
        external_id=ids.external_id(),
        company_id=connection.company_id,
        connection_id=connection.id,
        id=f"acc-{number:04d}",
        version=2,
        name="Trading account",
        type="checking",
        number=f"{number:08d}",
        sort_code="112233",
        currency="GBP",
        balance=None,
        balance_at=None,
        modified_at=now,
        status=AccountStatus.connected,
        feed_start_on=now.date(),
    )
