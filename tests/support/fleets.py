"""Many processes of the platform on one PostgreSQL, each doing its part, each able to die and come back alone."""

import itertools
import secrets
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from processes import Child, run
from systems import System

MANY = {
    "api-1": ("api", "sage"),
    "api-2": ("api", "sage"),
    "worker-1": ("worker",),
    "worker-2": ("worker",),
    "worker-3": ("worker",),
}


@dataclass
class Member:
    """One process: `prefix` comes before its command (the way into another host), `host` is where it listens."""

    roles: Sequence[str]
    prefix: Sequence[str] = ()
    host: str = "127.0.0.1"
    port: int = 0
    child: Child | None = None


class Fleet(System):
    """A System whose platform is several processes. Calls of the institution go to the API processes in turn."""

    def __init__(
        self,
        directory: Path,
        http: httpx2.Client,
        settings: Mapping[str, str],
        members: Mapping[str, Member],
        sandbox_host: str,
    ) -> None:
        self.members = dict(members)
        self.sandbox_host = sandbox_host
        given = {"BANKFEEDS_SECRET_KEY": secrets.token_urlsafe(40), **settings}
        run([sys.executable, "-m", "bankfeeds", "migrate", "--reason", "tests"], given)
        super().__init__(directory, http, given)

    @property
    def api_url(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return next(self._apis)

    def _serve(self, port: int) -> None:
        for name in self.members:
            self.start(name)
        urls = [f"http://{each.host}:{each.port}" for each in self.members.values() if "api" in each.roles]
        self._apis = itertools.cycle(urls)

    def start(self, name: str) -> None:
        """On the same port as before."""
        member = self.members[name]
        roles = [word for role in member.roles for word in ("--role", role)]
        place = ["--host", member.host, "--port", str(member.port)]
        command = [*member.prefix, sys.executable, "-m", "bankfeeds", "serve", *place, *roles]
        member.child = Child(command, self.settings, self.directory / f"{name}.log")
        member.port = int(member.child.first_line().rsplit(":", 1)[1])

    def kill(self, name: str) -> None:
        member = self.members[name]
        assert member.child is not None
        member.child.kill()
        member.child = None

    def stop(self) -> None:
        children = [each.child for each in self.members.values() if each.child is not None]
        for child in children:
            child.process.terminate()
        codes = [child.stop() for child in children]
        assert self.sandbox.stop() == 0, self.sandbox.last_words()
        assert not any(codes), [child.last_words() for child, code in zip(children, codes, strict=True) if code]


@contextmanager
def running_fleet(
    directory: Path,
    database_url: str,
    members: Mapping[str, Member] | None = None,
    sandbox_host: str = "127.0.0.1",
    release: Path | None = None,
    **settings: str,
) -> Generator[Fleet]:
    """`settings` are the platform's, in capitals, without their prefix; `release` is where another program of it is."""
    given = {f"BANKFEEDS_{name}": value for name, value in settings.items()}
    usual = {"BANKFEEDS_DATABASE_URL": database_url, "BANKFEEDS_REQUESTS_PER_SECOND": "1000"}
    if release is not None:
        usual["PYTHONPATH"] = str(release)
    every = {name: Member(roles) for name, roles in MANY.items()} if members is None else members
    with httpx2.Client(timeout=30, trust_env=False) as http:
        fleet = Fleet(directory, http, {**usual, **given}, every, sandbox_host)
        try:
            yield fleet
            fleet.check_balances()
        finally:
            fleet.stop()
