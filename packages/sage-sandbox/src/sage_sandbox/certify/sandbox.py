"""The sandbox that judges: one started for this run, or one that runs already; its admin API and its log of calls."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2

from sage_sandbox.certify.outcome import Failed

START_WITHIN_S = 30
_STOP_WITHIN_S = 10
_PAUSE_S = 0.05
T = TypeVar("T")


class NoSandbox(Exception):
    """No sandbox could be started, or none answers."""


@contextmanager
def started(folder: Path, port: int, wiring: dict[str, Any]) -> Generator[Path]:
    """A sandbox of our own, in memory; the path of its details file."""
    wired, details = folder / "wiring.json", folder / "details.json"
    wired.write_text(json.dumps(wiring), encoding="utf-8")
    options = ["--port", str(port), "--details", str(details), "--wiring", str(wired), "--no-playground"]
    log = folder / "sandbox.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sage_sandbox", "serve", *options], stdout=subprocess.DEVNULL, stderr=errors
        )
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not details.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise NoSandbox(f"the sandbox did not start: {words[-1] if words else 'it says nothing'}")
            time.sleep(_PAUSE_S)
        yield details
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_details(path: Path) -> dict[str, Any]:
    """What a details file says of its sandbox; ValueError if it is none."""
    try:
        return cast("dict[str, Any]", json.loads(path.read_bytes())["sandbox"])
    except OSError as error:
        raise ValueError(error.strerror) from None
    except (ValueError, KeyError, TypeError):
        raise ValueError("not the details file of a sandbox") from None


class Sandbox:
    """The admin API, and every call that was made in either direction since `begin`."""

    def __init__(self, http: httpx2.Client, details: dict[str, Any]) -> None:
        self.http = http
        self.details = details
        self._calls: list[dict[str, Any]] = []
        self._last = 0

    def begin(self, amount_unit: str) -> None:
        """Empty, quick, and playing no part of the user's but the choice of the account."""
        self.admin("POST", "/reset")
        self._last = max((call["callId"] for call in self.admin("GET", "/calls")), default=0)
        self.set(processingMs=100, autoPickAccount=True, amountUnit=amount_unit)

    def admin(self, method: str, path: str, body: object = None, **query: str) -> Any:
        url = f"{self.details['adminUrl']}/admin{path}"
        try:
            response = self.http.request(method, url, json=body, params=query)
        except httpx2.HTTPError as error:
            raise NoSandbox(f"no sandbox answers at {self.details['adminUrl']} ({type(error).__name__})") from None
        if not response.is_success:
            raise NoSandbox(f"{method} {url} answered {response.status_code}: {response.text[:300]}")
        return json.loads(response.content) if response.content else None

    def set(self, **settings: object) -> None:
        self.admin("PUT", "/settings", settings)

    @contextmanager
    def with_settings(self, **settings: object) -> Generator[None]:
        """Settings for one item; what they were before comes back."""
        before = self.admin("GET", "/settings")
        self.set(**settings)
        try:
            yield
        finally:
            self.set(**{name: before[name] for name in settings})

    @contextmanager
    def with_fault(self, on: str, **fault: object) -> Generator[None]:
        fault_id = self.admin("POST", "/faults", {"on": on, **fault})["faultId"]
        try:
            yield
        finally:
            self.admin("DELETE", f"/faults/{fault_id}")

    def calls(self) -> list[dict[str, Any]]:
        """All calls so far; fetched in time, because the sandbox keeps only the last thousand."""
        fresh = self.admin("GET", "/calls", after=str(self._last))
        if fresh:
            self._last = fresh[-1]["callId"]
            self._calls += fresh
        return self._calls

    def mark(self) -> int:
        """A place in the log, for `since`."""
        return len(self.calls())

    def since(self, mark: int, direction: str, method: str, part: str) -> list[dict[str, Any]]:
        return [
            call
            for call in self.calls()[mark:]
            if call["direction"] == direction and call["method"] == method and part in call["url"]
        ]

    def statement_posts(self, mark: int, status: int | None = None) -> list[dict[str, Any]]:
        """The provider's POST statements since then."""
        found = self.since(mark, "in", "POST", "/v1/statements")
        return [call for call in found if status in {None, call["status"]}]

    def statements(self, bank_account_id: str) -> list[dict[str, Any]]:
        return self.admin("GET", "/statements", bankAccountId=bank_account_id)

    def lines(self, bank_account_id: str) -> list[dict[str, Any]]:
        return self.admin("GET", "/transactions", bankAccountId=bank_account_id)

    def notification(self, resource_id: str, within_s: float = 30) -> dict[str, Any]:
        """The notification about a resource, once it was tried."""

        def tried() -> dict[str, Any] | None:
            about = [each for each in self.admin("GET", "/notifications") if each["resourceId"] == resource_id]
            return about[-1] if about and (about[-1]["attempts"] or about[-1]["status"] != "pending") else None

        return wait_for(tried, within_s, "a notification sent", "none was tried")

    def authorisation(self, authorisation_id: str) -> dict[str, Any]:
        found = self.admin("GET", "/authorisations")
        return next(each for each in found if each["authorisationId"] == authorisation_id)

    def status(self, bank_account_id: str) -> str:
        found = self.admin("GET", "/bankaccounts")
        return next(each["status"] for each in found if each["bankAccountId"] == bank_account_id)


def wait_for(look: Callable[[], T | None], within_s: float, expected: str, seen: str) -> T:
    """The first answer that is something; Failed when the time is over."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Failed(expected, f"{seen} within {within_s:g} s")
        time.sleep(_PAUSE_S)
    return found
