"""The guide on rotating keys, followed with real processes while pushes and notifications come in: nothing is lost, and
no call is refused that kept to the order.
"""

import json
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from bank_lines import make_lines, parts_of
from fleets import Fleet, Member, running_fleet
from guides import following
from institutions import Customer
from processes import clean_environment, wait_until
from pushers import Pusher, pushing
from sage_users import SageCompany
from systems import System, authorization_of, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
OLD, NEW = secrets.token_urlsafe(40), secrets.token_urlsafe(40)
MEMBERS = ("one", "other")
LINES, PART = 20_000, 5
OK, FORBIDDEN = 200, 403
FIRST_LISTING = [
    f"SAGE_{name}"
    for name in (
        "PROVIDER_URL", "TOKEN_URL", "JWKS_URL", "CLIENT_ID", "CLIENT_SECRET", "AUDIENCE", "API_KEY", "BANK_ID",
        "HEADER_NAME", "HEADER_VALUE",
    )
]  # fmt: skip
"""Settings that describe it; it stays when they are taken away, and goes by the commands from then on."""
TOKEN_S = 2
"""So long a token of Sage's lasts: the client secret is needed again and again."""


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.soak)])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    """One process; or two that do everything, on one database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            made: System = stack.enter_context(running(tmp_path, SECRET_KEY=OLD))
        else:
            url = request.getfixturevalue("new_postgresql")()
            members = {name: Member(("api", "sage", "worker")) for name in MEMBERS}
            made = stack.enter_context(running_fleet(tmp_path, url, members, SECRET_KEY=OLD))
        made.fresh(tokenSeconds=TOKEN_S, strictOrder=True)
        yield made


class Load:
    """An institution that pushes all the time, and Sage users who link one account after the other."""

    def __init__(self, system: System) -> None:
        self.system = system
        customer = Customer(system, "Harbour Bakery")
        customer.open_account()
        sage = SageCompany(system)
        self.linked = [sage.link(customer)]
        self.external_id = sage.external_id(self.linked[0])
        self.lines = make_lines(LINES)
        self.customer, self.pusher = customer, Pusher(customer, parts_of(self.lines, PART))

    def goes_on(self) -> None:
        """Two more pushes are answered: what was asked before this was called has its answer."""
        before = len(self.pusher.operations)

        def has_gone_on() -> bool:
            assert self.pusher.failure is None, self.pusher.failure
            return len(self.pusher.operations) >= before + 2

        wait_until(has_gone_on, "pushes go on")

    def delivers(self) -> None:
        """The latest push gets to Sage."""
        self.goes_on()
        self.customer.follow(self.pusher.operations[-1])

    def links(self) -> None:
        """Sage's calls reach the platform, and are taken for Sage's."""
        name = f"Customer {len(self.linked)}"
        customer = Customer(self.system, name)
        customer.open_account()
        self.linked.append(SageCompany(self.system, name).link(customer))
        customer.wait_account("connected")

    def ends_clean(self) -> None:
        self.pusher.enough()
        self.pusher.finish()
        sent = self.lines[: PART * len(self.pusher.operations)]
        self.customer.follow(self.pusher.operations[0], self.pusher.operations[-1], within_s=180)
        self.system.judge.expect({self.external_id: sent})
        assert self.system.judge.stored(self.linked[0]) == [line.id for line in sent]
        self.system.judge.find_clean(*self.linked)
        told = self.system.judge.get("/notifications")
        assert [each for each in told if each["status"] != "delivered"] == []


def restart_each(system: System, **settings: str | None) -> None:
    """One process after the other; None takes a setting away."""
    for name, value in settings.items():
        system.settings.pop(f"BANKFEEDS_{name}", None)
        if value is not None:
            system.settings[f"BANKFEEDS_{name}"] = value
    if not isinstance(system, Fleet):
        system.stop_platform()
        system.restart_platform()
        return
    for name, member in system.members.items():
        assert member.child is not None
        assert member.child.stop() == 0, member.child.last_words()
        system.start(name)
        url = f"http://127.0.0.1:{member.port}/readyz"
        wait_until(lambda at=url: system.http.get(at).status_code == 200, f"{name} is ready")


class Follower:
    """Follows the guide: runs its commands as they stand, and does what it says around each."""

    def __init__(self, load: Load) -> None:
        self.load, self.system = load, load.system
        self.new = {f"new-{what}": secrets.token_urlsafe(24) for what in ("header", "client-secret", "api-key")}
        self.revoked = ""
        self.old_authorization = ""

    def follow(self, command: str) -> None:
        verb = " ".join(shlex.split(command)[1:3])
        if verb == "reseal --reason":
            restart_each(self.system, SECRET_KEY=f"{OLD},{NEW}")
            restart_each(self.system, SECRET_KEY=f"{NEW},{OLD}")
        if "client-secret" in command:
            self.change_at_sage(clientSecret=self.new["new-client-secret"])
        if "api-key" in command:
            self.change_at_sage(apiKey=self.new["new-api-key"])
        printed = self.type(command)
        if verb == "keys create":
            self.use_api_key(printed)
        if "header-value" in command:
            self.change_header()
        if verb == "reseal --reason":
            assert " 0 sealed anew" in self.type(command)
            restart_each(self.system, SECRET_KEY=NEW)
        self.load.links()
        self.load.delivers()

    def type(self, command: str) -> str:
        words, _, file = command.partition(" < ")
        _, *arguments = shlex.split(words.replace(" uk", " default").replace("KEY_ID", self.revoked))
        return self.run(arguments, self.new.get(file, ""))

    def run(self, arguments: list[str], given: str = "", code: int = 0, **settings: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bankfeeds", *arguments],
            env=clean_environment({**self.system.settings, **settings}),
            input=given, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return (done.stdout or done.stderr).strip()

    def change_at_sage(self, **secrets: str) -> None:
        """At once, with the old one refused from then on: the harder case."""
        details = self.system.details
        self.system.judge.send("PUT", f"/providers/{details['clientId']}", secrets)

    def change_header(self) -> None:
        """Sage goes on with the old value for a while."""
        self.load.links()
        self.system.header_value = self.new["new-header"]
        self.system.introduce()

    def use_api_key(self, key: str) -> None:
        old = self.system.authorization
        known = json.loads(self.run(["keys", "list", "--json"]))
        self.revoked = next(each["id"] for each in known if each["name"] == "tests")
        self.system.authorization = authorization_of(key)
        self.load.goes_on()
        assert self.ask_with(old) == OK
        self.old_authorization = old

    def ask_with(self, authorization: str) -> int:
        url = f"{self.system.api_url}/companies"
        return self.system.http.get(url, headers={"authorization": authorization}).status_code


def test_keys_and_secrets_are_rotated_while_pushes_and_notifications_come_in(system: System) -> None:
    restart_each(system, **dict.fromkeys(FIRST_LISTING))
    load = Load(system)
    follower = Follower(load)
    monthly = authorization_of(follower.run(["keys", "create", "monthly"]))
    with pushing(load.pusher), following("docs/guides/rotate-keys.md", "console") as guide:
        for command in guide.steps():
            follower.follow(command)
        load.ends_clean()
    assert follower.ask_with(follower.old_authorization) == FORBIDDEN
    assert follower.ask_with(monthly) == OK, "not used in all this time, and hashed by the key that is gone"
    assert "another secret key" in follower.run(["keys", "list"], code=1, BANKFEEDS_SECRET_KEY=OLD)
