"""The guide to moving from Codat, step by step: a platform stands in for Codat, a small Sage keeps what both send."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from codat_bankfeeds.models import operations
from guides import Terminal, following, text

from bankfeeds.cli import opening
from bankfeeds.domain.connection import ConnectionStatus
from bankfeeds.domain.receipt import ReceiptState
from bankfeeds.flows import accept, connections, keys, otp, receipts, source_accounts
from bankfeeds.flows.accept import PushRequest
from bankfeeds.flows.context import World

from .. import worlds
from ..flows.delivery.conftest import Clock, Platform, Sent, SmallSage, lines

PAGE = "docs/guides/move-from-codat.md"
DAYS = [f"2026-02-{day:02}" for day in range(12, 20)]
"""Of lines t-1 to t-8; the customer's day is the 16th, of line t-5."""
FRIDAY = datetime(2026, 2, 20, 12, tzinfo=UTC)


@dataclass
class Side:
    """One of the two platforms, with the Sage that both send to."""

    platform: Platform
    bank_account_id: str

    def link(self, made: worlds.Linked, start_on: str) -> None:
        worlds.link(self.platform.world, made, self.bank_account_id, start_on)
        self.platform.run()

    def push(self, made: worlds.Linked, days: Sequence[str]) -> Any:
        first = DAYS.index(days[0]) + 1
        ids = (made.company_id, made.connection_id, made.account_id)
        sent = [Sent(item) for item in lines(*days, start=first)]
        push = accept.accept(self.platform.world, "api:bank", PushRequest(*ids, made.account_id, sent, None))
        self.platform.run()
        return push

    @property
    def sent(self) -> list[str]:
        return self.platform.sage.stored.get(self.bank_account_id, [])


def side(world: World, sage: SmallSage, bank_account_id: str) -> Side:
    clock = Clock(FRIDAY)
    moved = replace(world, clock=clock, destinations=sage, sleep=clock.advance)
    return Side(Platform(moved, sage, clock, [], ""), bank_account_id)


@pytest.fixture
def codat(database_template, tmp_path, clock) -> Iterator[World]:
    path = tmp_path / "codat.db"
    shutil.copy(database_template, path)
    with worlds.opened_world(f"sqlite:///{path}", clock) as opened:
        yield opened


@contextmanager
def here(sage: SmallSage) -> Iterator[Side]:
    with opening.world() as world:
        yield side(world, sage, "sage-ours")


def found(made: worlds.Linked) -> worlds.Linked:
    """The same account, as it is here."""
    with opening.world() as world:
        account = source_accounts.get(world, made.company_id, made.connection_id, made.account_id)
    return replace(made, account_pk=account.pk)


def test_the_guide_to_moving_leads_there_and_back_with_no_line_missing_and_none_twice(
    terminal: Terminal, codat: World, server: worlds.Server
) -> None:
    sage = SmallSage()
    there = side(codat, sage, "sage-codat")
    linked = worlds.make_account(codat)
    waiting = worlds.make_account(codat)
    there.link(linked, "2026-01-01")
    account = f"{linked.connection_id}/{linked.account_id}"
    terminal.words |= {"COMPANY": linked.company_id, "CONNECTION/ACCOUNT": account}

    with following("docs/guides/move-from-codat.md", "console") as guide:
        steps = guide.steps()
        with server.serving(codat) as site:
            (terminal.home / "codat-key").write_text(site.authorization_key + "\n", encoding="utf-8")
            terminal.words["https://api.codat.io"] = site.url
            assert "2 brought over" in terminal.type(next(steps))
            terminal.type(next(steps))
            moved = json.loads((terminal.home / "moved.json").read_text(encoding="utf-8"))
            assert [each["companyId"] for each in moved["relink"]] == [linked.company_id]
            assert "there already" in terminal.type(next(steps))
            assert "there already" in terminal.type(next(steps))

        # Customer by customer: the day; what is before it goes to Codat; the customer links again; the rest comes here
        terminal.type(next(steps))
        there.push(linked, DAYS[:4])
        assert there.sent == ["t-1", "t-2", "t-3", "t-4"]
        with here(sage) as ours:
            unlinked = connections.get(ours.platform.world, linked.company_id, linked.connection_id)
            assert unlinked.status is ConnectionStatus.pending_auth
            with pytest.raises(accept.Invalid):  # only a linked account takes lines
                ours.push(linked, DAYS[4:])
            assert otp.issue(ours.platform.world, "test", linked.company_id, linked.connection_id)
            ours.link(found(linked), "2026-01-01")
            push = ours.push(linked, DAYS[2:])  # two more than there should be: no harm
            told, _ = receipts.page(ours.platform.world, linked.company_id, push.key, 0, 10)
            assert [each.state for each in told] == [ReceiptState.withheld] * 2 + [ReceiptState.in_sage] * 4
        assert [*there.sent, *ours.sent] == [f"t-{number}" for number in range(1, 9)]
        assert "sage-ours" in terminal.type(next(steps))
        assert "proved" in terminal.type(next(steps))
        connections.unlink(codat, "test", linked.company_id, linked.connection_id)
        with pytest.raises(accept.Invalid):
            there.push(linked, DAYS[4:])

        # Back again: before the customer has linked, and after
        step = next(steps)
        terminal.type(step, code=1)
        terminal.words["CONNECTION/ACCOUNT"] = f"{waiting.connection_id}/{waiting.account_id}"
        terminal.type(step)
        terminal.type(next(steps))
        terminal.type(next(steps))
        assert next(steps, None) is None


def test_a_program_moves_by_a_url_and_a_key(server: worlds.Server, world: World, codat: World) -> None:
    """The guide's own lines, against either platform, with Codat's client as it is."""
    (snippet,) = re.findall(r"```python\n(.*?)```", text(PAGE), re.DOTALL)
    seen = []
    for each in (codat, world):
        with server.serving(each) as site:
            worlds.make_account(each)
            said: dict[str, Any] = {"API_KEY": site.authorization_key}
            exec(snippet.replace("https://feeds.bank.example", site.url), said)  # noqa: S102 - the page's own lines
            with said["client"] as client:
                answer = client.companies.list(request=operations.ListCompaniesRequest())
            seen.append([company.name for company in answer.results])
    assert seen == [["Harbour Bakery Ltd"]] * 2


def test_a_key_that_may_only_read_is_enough_to_bring_everything_over(
    terminal: Terminal, codat: World, server: worlds.Server
) -> None:
    worlds.make_account(codat)
    _, secret = keys.create(codat, "test", "for the move", scope=keys.Scope.read)
    (terminal.home / "key").write_text(secret, encoding="utf-8")
    with server.serving(codat) as site:
        told = terminal.type(f"bankfeeds import-codat {site.url} --cut-over none < key")
    assert "accounts: 1 brought over" in told
