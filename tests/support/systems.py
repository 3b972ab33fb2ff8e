"""The sandbox and the platform as two child processes that know of each other; the platform can die and come back."""

import base64
import json
import secrets
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import day_balances
import httpx2
from clusters import Cluster
from judges import Judge
from processes import Child, run, wait_until

HEADER_NAME = "X-Institution-Key"
BIN = Path(sys.executable).parent
FAST = {"processingMs": 0, "requestsPerSecond": 0}


class System:
    """`judge` is the sandbox's admin API; `api_url` and `authorization` are what an institution is given."""

    sandbox_host = "127.0.0.1"
    serve_as: tuple[str, ...] = ("serve",)
    """The verb that runs the platform, with its arguments."""

    def __init__(self, directory: Path, http: httpx2.Client, settings: Mapping[str, str]) -> None:
        self.directory = directory
        self.http = http
        self.sandbox, self.details = start_sandbox(directory, self.sandbox_host)
        self.judge = Judge(http, self.details["adminUrl"])
        self.header_value = secrets.token_urlsafe(24)
        self.settings = {**self._wired(), **settings}
        self.platform: Child | None = None
        try:
            key = self.verb("keys", "create", "tests", "--reason", "tests")
            self.authorization = authorization_of(key)
            self._serve(0)
            self.introduce()
        except BaseException:
            self.stop()
            raise

    def _wired(self) -> dict[str, str]:
        ui = urlsplit(self.details["uiUrl"])
        origin = f"{ui.scheme}://{ui.netloc}"
        return {
            "BANKFEEDS_DATABASE_URL": f"sqlite:///{self.directory / 'platform.db'}",
            "BANKFEEDS_REDIRECT_HOSTS": origin,
            "BANKFEEDS_FRAME_ANCESTORS": origin,
            "BANKFEEDS_SAGE_PROVIDER_URL": self.details["providerUrl"],
            "BANKFEEDS_SAGE_TOKEN_URL": f"{self.details['cloudIdUrl']}/oauth/token",
            "BANKFEEDS_SAGE_JWKS_URL": self.details["jwksUrl"],
            "BANKFEEDS_SAGE_CLIENT_ID": self.details["clientId"],
            "BANKFEEDS_SAGE_CLIENT_SECRET": self.details["clientSecret"],
            "BANKFEEDS_SAGE_AUDIENCE": self.details["audience"],
            "BANKFEEDS_SAGE_API_KEY": self.details["providerApiKey"],
            "BANKFEEDS_SAGE_BANK_ID": self.details["bankId"],
            "BANKFEEDS_SAGE_HEADER_NAME": HEADER_NAME,
            "BANKFEEDS_SAGE_HEADER_VALUE": self.header_value,
        }

    def introduce(self) -> None:
        """Sage learns, out of band, where the platform hears it and by which header it knows it."""
        callbacks = f"{self.api_url}/sage/default"
        self.judge.wire_bank(
            self.details["bankId"],
            {
                "notification": f"{callbacks}/notification",
                "auth": f"{callbacks}/auth",
                "reAuth": f"{callbacks}/authrefresh",
                "availableAccounts": f"{callbacks}/availableaccounts",
            },
            HEADER_NAME,
            self.header_value,
        )

    def fresh(self, **settings: object) -> None:
        """An empty and fast sandbox, so that the judge's verdict is about this test alone."""
        self.judge.reset()
        self.judge.set(**{**FAST, **settings})

    def check_balances(self) -> None:
        """Every settled day of every bank account: Sage's running balance is the institution's, or lines say why not."""
        day_balances.check(self.judge, self.settings)

    def verb(self, *arguments: str) -> str:
        """A command-line verb of the platform; what it printed."""
        return run([sys.executable, "-m", "bankfeeds", *arguments], self.settings)

    @property
    def running(self) -> Child:
        assert self.platform is not None
        return self.platform

    def kill_platform(self) -> None:
        self.running.kill()
        self.platform = None

    def stop_platform(self) -> None:
        """As an operator does; it must end well."""
        ending, self.platform = self.running, None
        assert ending.stop() == 0, ending.last_words()

    def restart_platform(self) -> None:
        """On the same database and the same port."""
        self._serve(int(self.api_url.rsplit(":", 1)[1]))

    def _serve(self, port: int) -> None:
        command = [sys.executable, "-m", "bankfeeds", *self.serve_as, "--host", "127.0.0.1", "--port", str(port)]
        self.platform = Child(command, self.settings, self.directory / "platform.log")
        self.api_url = self.platform.first_line().rsplit(" ", 1)[-1]

    def stop(self) -> None:
        try:
            if self.platform is not None:
                self.stop_platform()
        finally:
            assert self.sandbox.stop() == 0, self.sandbox.last_words()


def start_sandbox(directory: Path, host: str = "127.0.0.1") -> tuple[Child, dict[str, Any]]:
    """In memory, on a free port; the process and the sandbox's part of the details file."""
    path = directory / "sandbox.json"
    command = [str(BIN / "sage-sandbox"), "serve", "--host", host, "--port", "0", "--details", str(path)]
    child = Child(command, {}, directory / "sandbox.log")
    wait_until(lambda: path.exists() or child.process.poll() is not None, "the sandbox starts", 30)
    assert path.exists(), child.last_words()
    return child, json.loads(path.read_text(encoding="utf-8"))["sandbox"]


def authorization_of(key: str) -> str:
    return "Basic " + base64.b64encode(key.encode()).decode()


@contextmanager
def running(
    directory: Path, database: str = "sqlite", *, release: Path | None = None, **settings: str
) -> Generator[System]:
    """`settings` are the platform's, in capitals, without their prefix; `release` is where another program of it is."""
    given = {f"BANKFEEDS_{name}": value for name, value in settings.items()}
    if release is not None:
        given["PYTHONPATH"] = str(release)
    with httpx2.Client(timeout=30, trust_env=False) as http, _made(database) as where:
        system = System(directory, http, {"BANKFEEDS_REQUESTS_PER_SECOND": "1000", **where, **given})
        try:
            yield system
            system.check_balances()
        finally:
            system.stop()


@contextmanager
def _made(database: str) -> Generator[dict[str, str]]:
    """For PostgreSQL a cluster of its own."""
    if database == "sqlite":
        yield {}
        return
    cluster = Cluster()
    try:
        cluster.init()
        cluster.start()
        where = {"BANKFEEDS_DATABASE_URL": cluster.new_database()}
        run([sys.executable, "-m", "bankfeeds", "migrate"], where)
        yield where
    finally:
        cluster.remove()
