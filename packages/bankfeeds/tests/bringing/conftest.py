"""Two platforms: one has customers and is served over HTTP, the other is empty and brings them over."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from bankfeeds.codat.client import Client
from bankfeeds.codat.source import CodatSource
from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.source_account import AccountInfo, Routing
from bankfeeds.flows import bring, companies, connections, source_accounts
from bankfeeds.flows.bring import Order, Report
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.context import World

from .. import worlds


class Wire(httpx2.BaseTransport):
    """The real network, and what a test does to it: `before` sees each request, and may answer it or die."""

    def __init__(self) -> None:
        self.real = httpx2.HTTPTransport()
        self.seen: list[httpx2.Request] = []
        self.before: Any = lambda number, request: None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append(request)
        answer = self.before(len(self.seen), request)
        return self.real.handle_request(request) if answer is None else answer

    def close(self) -> None:
        self.real.close()


@dataclass
class Move:
    """`slept`: how long the client meant to wait, without waiting."""

    theirs: World
    ours: World
    url: str
    key: str
    wire: Wire = field(default_factory=Wire)
    slept: list[float] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)

    def bring(self, order: Order, key: str | None = None, url: str | None = None) -> Report:
        with httpx2.Client(transport=self.wire) as http:
            client = Client(url or self.url, key or self.key, http, self.ours.clock, self.slept.append)
            told = bring.bring(
                self.ours, "operator:ada", CodatSource(client), order, lambda *at: self.progress.append(at)
            )
        self.wire.real = httpx2.HTTPTransport()
        return told

    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.wire.seen]


@pytest.fixture
def theirs(database_template, tmp_path, clock) -> Iterator[World]:
    path = tmp_path / "theirs.db"
    shutil.copy(database_template, path)
    with worlds.opened_world(f"sqlite:///{path}", clock) as opened:
        yield opened


@pytest.fixture
def move(theirs, world, server) -> Iterator[Move]:
    with server.serving(theirs) as site:
        yield Move(theirs, world, site.url, site.authorization_key)


def customers(world: World) -> list[worlds.Linked]:
    """A bakery whose two accounts are linked, a mill that is not, and one whose user went."""
    bakery = companies.create(world, "test", CompanyDraft("Harbour Bakery", "crm 8841", {"region": "uk", "uid": "1"}))
    linked = connections.create(world, "test", bakery.company.id)
    accounts = [
        worlds.add_account(world, bakery.company.id, linked.id, "acc-001"),
        worlds.add_account(world, bakery.company.id, linked.id, "acc 1/é", number="5678", type="Debit"),
    ]
    worlds.link(world, accounts[0], "sage-1")
    mill = worlds.make_account(world, "acc-001", **V2)
    gone = worlds.make_account(world, "acc-001")
    worlds.link(world, gone, "sage-2")
    connections.unlink(world, "test", gone.company_id, gone.connection_id)
    return [*accounts, mill, gone]


V2 = {
    "name": "Savings",
    "type": "savings",
    "sort_code": None,
    "currency": "EUR",
    "balance": Decimal("1234567890123.45"),
    "routing": Routing("37040044", "blz"),
    "info": AccountInfo("all of it", "Rainy day", None, Decimal("10.50")),
    "opened_on": "2019-05-01",
}


def one(world: World, **draft: Any) -> tuple[str, str]:
    """A company with a connection and, if described, an account."""
    company = companies.create(world, "test", CompanyDraft("Mill", None, None)).company
    connection = connections.create(world, "test", company.id)
    if draft:
        source_accounts.create(world, "test", company.id, connection.id, AccountDraft(**draft))
    return company.id, connection.id


def picture(world: World) -> Any:
    """Everything that is brought over, as it is here."""
    found, _ = companies.page(world, 0, 5000)
    return {
        view.company.id: (
            view.company,
            {
                each.id: (
                    each,
                    {account.id: account for account in source_accounts.every(world, view.company.id, each.id)},
                )
                for each in view.connections
            },
        )
        for view in found
    }
