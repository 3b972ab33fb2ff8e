"""What tests plug into the world in place of the real clock, the real randomness and Sage."""

import base64
import itertools
import socket
import threading
import uuid
from collections.abc import Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import httpx2
import sqlalchemy as sa
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.flows import companies, connections, feeds, keys, source_accounts
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import Limits, World
from bankfeeds.store import listings, reports, schema, seal
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database
from bankfeeds.web.codat.routes import routes, unrouted
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from . import own_document

NOON = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
BODY_BYTES_MAX = 4 * 1024 * 1024
LISTING_ID = "uk"
SQLITE = "sqlite"
BOTH = (SQLITE, "postgresql")


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class CountedIds:
    """The first uuid ends in 1, the second in 2, and so on."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def uuid(self) -> str:
        return str(uuid.UUID(int=next(self._numbers)))

    def external_id(self) -> str:
        return f"external-{next(self._numbers)}"

    def otp(self) -> str:
        return f"K7QM{next(self._numbers) % 100:02d}".replace("0", "A").replace("1", "B")

    def secret(self) -> str:
        return f"secret-{next(self._numbers):012}"


def no_sage(listing: Listing) -> NoReturn:
    """`ports.Destinations` for tests in which nothing may reach Sage."""
    raise AssertionError(f"a test without Sage reached for listing {listing.id}")


def migrated(url: str) -> str:
    database = Database(url)
    schema.migrate(database)
    database.close()
    return url


@contextmanager
def opened_world(url: str, clock: MovableClock) -> Generator[World]:
    """Over a database that is migrated already."""
    database = Database(url)
    sealer = seal.Sealer(("first secret key of the tests",))
    yield World(database, clock, CountedIds(), sealer, no_sage, Limits())
    database.close()


def everything(world: World) -> dict[str, list[Any]]:
    """Every row of every table: equal before and after what must change nothing."""

    def read(tx: Any) -> dict[str, list[Any]]:
        return {
            table.name: sorted(tuple(row) for row in map(repr, tx.rows(sa.select(table))))
            for table in t.metadata.sorted_tables
        }

    return world.db.read(read)


@contextmanager
def statements(world: World) -> Generator[list[str]]:
    """The SQL that runs meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(world.db.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(world.db.engine, "before_cursor_execute", note)


def audited(world: World) -> list[tuple[str, str, str]]:
    """Actor, action and subject of every audit row, oldest first."""
    query = sa.select(t.audit.c.actor, t.audit.c.action, t.audit.c.subject).order_by(t.audit.c.pk)
    return [tuple(row) for row in world.db.read(lambda tx: tx.rows(query))]


@dataclass(frozen=True)
class Linked:
    company_id: str
    connection_id: str
    account_id: str
    account_pk: int


def make_account(world: World, account_id: str = "acc-001", **draft: Any) -> Linked:
    """A company, a connection and a pending source account."""
    company = companies.create(world, "test", CompanyDraft("Harbour Bakery Ltd", None, None)).company
    connection = connections.create(world, "test", company.id)
    return add_account(world, company.id, connection.id, account_id, **draft)


def add_account(world: World, company_id: str, connection_id: str, account_id: str, **draft: Any) -> Linked:
    facts = {
        "name": "Trading account",
        "type": "checking",
        "number": f"1020{account_id}",
        "sort_code": "112233",
        "currency": "GBP",
        "balance": Decimal(0),
    }
    account = source_accounts.create(
        world, "test", company_id, connection_id, AccountDraft(account_id, **{**facts, **draft})
    )
    return Linked(company_id, connection_id, account_id, account.pk)


def link(world: World, made: Linked, bank_account_id: str = "sage-1", start_on: str | None = None) -> None:
    """What Sage's notification of a new bank account does."""

    def run(tx: Any) -> None:
        now = world.clock()
        if listings.find(tx, LISTING_ID) is None:
            listings.insert(tx, _listing(now), _secrets(world))
        reports.add(tx, LISTING_ID, [made.account_pk], now, now + timedelta(minutes=20))
        external_id = tx.value(
            sa.select(t.source_accounts.c.external_id).where(t.source_accounts.c.pk == made.account_pk)
        )
        answer = feeds.open_feed(tx, world, LISTING_ID, external_id, bank_account_id, start_on, "sage:uk")
        if answer != "opened":
            raise AssertionError(answer)

    world.db.write(run)


def _listing(now: datetime) -> Listing:
    return Listing(
        id=LISTING_ID,
        name="Example Bank",
        region="UK",
        country="GB",
        bank_id="bank-1",
        external_ref="example-bank",
        url="https://bank.example",
        provider_url="https://sage.invalid/provider",
        token_url="https://sage.invalid/token",
        jwks_url="https://sage.invalid/jwks",
        client_id="client",
        audience="audience",
        connector_issuer=None,
        connector_audience=None,
        header_name="x-api-key",
        amount_unit=AmountUnit.minor,
        created_at=now,
    )


def _secrets(world: World) -> Any:
    seal_text = world.sealer.seal
    secrets = ListingSecrets("client secret", "api key", ("header value",))
    return listings.SealedSecrets(
        seal_text(secrets.client_secret), seal_text(secrets.api_key), tuple(map(seal_text, secrets.header_values))
    )


def basic(secret: str) -> dict[str, str]:
    """The header that shows an API key."""
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


class Site:
    """The platform's own application behind a real server, and a client that shows an API key."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url
        _, secret = keys.create(world, "test", "harbour")
        self.authorization_key = secret
        self.authorization = basic(secret)["authorization"]
        self.client = httpx2.Client(base_url=url, headers={"authorization": self.authorization}, timeout=20)

    def call(self, method: str, path: str, body: object = None, **options: Any) -> httpx2.Response:
        """`body` is sent as JSON; bytes as they are. Whatever is answered is what our OpenAPI document says."""
        sent = {"content": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        answer = self.client.request(method, path, **sent, **options)
        own_document.check(method, path, answer)
        return answer


class Server:
    """A real HTTP server for the whole run of tests, in front of the application of whichever test is on."""

    def __init__(self, url: str, pool: Executor) -> None:
        self.url = url
        self.pool = pool
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is None:
            raise AssertionError("no test is on")
        await self.app(scope, receive, send)

    @contextmanager
    def serving(self, world: World, **limits: int) -> Generator[Site]:
        """`limits` are those of the Surface."""
        numbers = itertools.count(1)
        surface = Surface(self.pool, lambda: f"{next(numbers):032x}", "https://feeds.example", BODY_BYTES_MAX, **limits)
        self.app = make_app(routes(world, surface), lambda: None, unrouted(surface), is_https=False)
        site = Site(world, self.url)
        yield site
        site.client.close()
        self.app = None


@contextmanager
def started_server() -> Generator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(8) as pool:
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}", pool)
        running = uvicorn.Server(uvicorn.Config(server, log_config=None, lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield server
        running.should_exit = True
        thread.join(10)
