"""One run of the plan: the sandbox, the provider's hooks, the company, and what the items so far have found."""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sage_sandbox.certify import hooks
from sage_sandbox.certify.outcome import Failed, Skipped
from sage_sandbox.certify.product import Company, Session, onward
from sage_sandbox.certify.provider_file import Hook, ProviderFile
from sage_sandbox.certify.sandbox import Sandbox, wait_for

T = TypeVar("T")
DAYS = 7
_HUNDRED = 100
_SETTLED_S = 1
"""A last look, for what the provider knows and the sandbox has not written down yet."""
_BLAMED = {"EXPECTED_MISMATCH": "E7"}
"""Items that answer for a rule on their own: what it stops elsewhere is not counted twice."""


class Line(msgspec.Struct, frozen=True):
    """A line as an institution has it: major units, a calendar day."""

    id: str
    on: str
    amount: Decimal
    balance: Decimal

    def told(self) -> dict[str, str]:
        return {
            "id": self.id,
            "date": self.on,
            "amount": f"{self.amount:.2f}",
            "balance": f"{self.balance:.2f}",
            "description": f"Line {self.id}",
        }


class Account(msgspec.Struct):
    """A bank account that is linked; `balance` is what the institution's ledger shows."""

    bank_account_id: str
    external_id: str
    name: str
    start_on: str
    balance: Decimal = Decimal(1000)
    lines: list[Line] = []


class Run:
    def __init__(self, sandbox: Sandbox, provider: ProviderFile, folder: Path, details: Path, prefix: str) -> None:
        self.sandbox = sandbox
        self.provider = provider
        self.prefix = prefix
        self.today = datetime.now(UTC).date()
        self.customer: dict[str, Any] = {}
        self._folder, self._details = folder, details
        self._made = 0
        self._company: Company | None = None
        self._session: Session | None = None
        self._aging: tuple[Session, float] | None = None
        self.renewal: Session | None = None
        self.html = ""
        self.picked: dict[str, Any] = {}
        self.location: str | None = None
        self.main: Account | None = None
        self.others: list[Account] = []
        self.begun = sandbox.mark()

    @property
    def company(self) -> Company:
        if self._company is None:
            self._company = Company(self.sandbox, "Certify Ltd")
        return self._company

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = self.company.connect()
        return self._session

    @property
    def account(self) -> Account:
        if self.main is None:
            raise Skipped("no bank account is linked")
        return self.main

    # --- hooks

    def hook(self, name: str, hook: Hook | None, /, **said: object) -> dict[str, Any]:
        if hook is None:
            raise Skipped(f"the provider file has no hook {name}")
        try:
            return hooks.call(name, hook, self._folder, self._details, {"customer": self.customer, **said})
        except hooks.HookRefused:
            raise
        except hooks.HookFailed as error:
            raise Failed(f"the hook {name} does its part", str(error)) from None

    def prepare(self) -> None:
        if self.provider.hooks.prepare is not None:
            self.customer = self.hook("prepare", self.provider.hooks.prepare, prefix=self.prefix)

    def act_as_user(self, session: Session, html: str, *, cancel: bool = False) -> str | None:
        """Have the hook log the user in, or let them give up; where the browser was sent at the end."""
        name = "cancel" if cancel else "logIn"
        hook = self.provider.hooks.cancel if cancel else self.provider.hooks.log_in
        said = {
            "authorisationId": session.id,
            "bankId": session.bank_id,
            "redirectUri": session.redirect_uri,
            "state": session.state,
            "kind": session.kind,
        }
        try:
            done = self.hook(name, hook, session=said, html=html, url=onward(html))
        except hooks.HookRefused as error:
            raise Failed(f"the hook {name} does its part", str(error)) from None
        location = done.get("location")
        return location if isinstance(location, str) and location else None

    def log_in(self, session: Session, *, cancel: bool = False) -> str | None:
        return self.act_as_user(session, self.company.open_page(session), cancel=cancel)

    # --- authorisations

    def check_location(self, session: Session, location: str | None) -> None:
        """redirect_uri exactly as given, its query kept, state added (5.2)."""
        expected = f"{session.redirect_uri} with state={session.state} added"
        if location is None:
            raise Failed(expected, "the hook printed no location: the provider sent the browser nowhere")
        try:
            given, found = urlsplit(session.redirect_uri), urlsplit(location)
        except ValueError:
            raise Failed(expected, f"no URL: {location}") from None
        pairs = parse_qsl(found.query, keep_blank_values=True)
        wanted = [*parse_qsl(given.query, keep_blank_values=True), ("state", session.state)]
        same = (given.scheme, given.netloc, given.path) == (found.scheme, found.netloc, found.path)
        if not same or sorted(pairs) != sorted(wanted):
            raise Failed(expected, location)

    def let_one_age(self) -> tuple[Session, float]:
        """A session that is announced and then left alone; when it was."""
        if self._aging is None:
            session = self.company.connect()
            self.sandbox.notification(session.id)
            self._aging = session, time.monotonic()
        return self._aging

    def patches(self, authorisation_id: str) -> list[dict[str, Any]]:
        return self.sandbox.since(self.begun, "in", "PATCH", f"/v1/authorisations/{authorisation_id}")

    def link(self, start_on: str) -> Account:
        """From Connect bank to a bank account, all at once."""
        session = self.company.connect()
        self.sandbox.notification(session.id)
        self.log_in(session)
        self.company.come_back(session)
        told = self.company.poll(session)
        if not told["success"]:
            raise Failed("a poll that ends with success", str(told))
        return self.take(self.company.add(told["account"], start_on), told["account"], start_on)

    def take(self, made: dict[str, Any], picked: dict[str, Any], start_on: str) -> Account:
        return Account(made["bankAccountId"], picked["bankAccountExternalId"], picked["accountName"], start_on)

    # --- lines

    def day(self, ago: int) -> str:
        return (self.today - timedelta(days=ago)).isoformat()

    def make(self, account: Account, *amounts: int, ago: int = 0) -> list[Line]:
        """New lines of an account in whole pounds, all of one day."""
        made: list[Line] = []
        for amount in amounts:
            self._made += 1
            account.balance += amount
            made.append(Line(f"{self.prefix}-{self._made}", self.day(ago), Decimal(amount), account.balance))
        account.lines = [*account.lines, *made]
        return made

    def send(self, account: Account, lines: Sequence[Line]) -> None:
        """Hand lines over to the provider; hooks.HookRefused if it will not have them."""
        about = {"bankAccountId": account.bank_account_id, "externalId": account.external_id, "name": account.name}
        told = [line.told() for line in lines]
        self.hook("sendLines", self.provider.hooks.send_lines, account=about, lines=told)

    def deliver(self, account: Account, *amounts: int, ago: int = 0) -> list[Line]:
        """Hand new lines over and see them arrive."""
        lines, mark = self.make(account, *amounts, ago=ago), self.sandbox.mark()
        try:
            self.send(account, lines)
        except hooks.HookRefused as error:
            raise Failed("the provider takes lines of a linked account", str(error)) from None
        self.arrive(account, lines, mark)
        return lines

    def arrive(self, account: Account, lines: Sequence[Line], mark: int) -> None:
        """Until the lines are in the bank account, in their order, and nothing of it is in flight."""
        wanted = [line.id for line in lines]

        def here() -> bool:
            stored = [line["uniqueId"] for line in self.sandbox.lines(account.bank_account_id)]
            return finished() and [each for each in dict.fromkeys(stored) if each in set(wanted)] == wanted

        def finished() -> bool:
            return all(each["finishedAt"] for each in self.sandbox.statements(account.bank_account_id))

        within_s = self.provider.delivery_seconds
        settled = self.settle()
        with contextlib.suppress(Failed):
            wait_for(finished, within_s, "", "")
        try:
            wait_for(here, _SETTLED_S if settled else within_s, "", "")
        except Failed:
            self._explain(account, wanted, mark)

    def _explain(self, account: Account, wanted: list[str], mark: int) -> None:
        """Why lines have not arrived: what was refused meanwhile, or failed."""
        stored = {line["uniqueId"] for line in self.sandbox.lines(account.bank_account_id)}
        missing = [unique_id for unique_id in wanted if unique_id not in stored]
        posts = self.sandbox.statement_posts(mark)
        refused = [call["rule"] for call in posts if call["rule"]]
        taken = [
            each
            for each in self.sandbox.statements(account.bank_account_id)
            if any(each["statementId"] in call["responseBody"] for call in posts)
        ]
        failed = [error for each in taken for error in each["errors"]]
        when = "" if self.provider.hooks.settle else f" within {self.provider.delivery_seconds:g} s"
        seen = f"{len(missing)} of {len(wanted)} missing{when}" if missing else "another order"
        for cause in [*refused, *failed][-1:]:
            seen += f"; {cause['code']} at {cause.get('path') or 'the statement'}: {cause['message']}"
        blame = next((_BLAMED[rule["code"]] for rule in refused if rule["code"] in _BLAMED), None)
        raise Failed(f"lines {wanted[0]} to {wanted[-1]} in {account.name}, in that order", seen, blame)

    # --- waiting

    def settle(self) -> bool:
        """Until the provider has nothing in hand any more; False if it has no hook that tells."""
        hook = self.provider.hooks.settle
        if hook is not None:
            self.hook("settle", hook)
        return hook is not None

    def rest(self) -> None:
        """Until what a provider would do wrong is done: it says so itself, or is given time."""
        if not self.settle():
            time.sleep(self.provider.quiet_seconds)

    def wait_for(self, look: Callable[[], T | None], expected: str, seen: str, within_s: float | None = None) -> T:
        """What the provider is to bring about: by the time it has settled, or within that time if it cannot tell."""
        if not self.settle():
            return wait_for(look, within_s or self.provider.delivery_seconds, expected, seen)
        try:
            return wait_for(look, _SETTLED_S, "", "")
        except Failed:
            raise Failed(expected, f"{seen} once the provider has settled") from None

    def in_unit(self, amount: Decimal) -> Decimal:
        """As Sage should have it, in the unit agreed on."""
        return amount * _HUNDRED if self.provider.amount_unit == "minor" else amount
