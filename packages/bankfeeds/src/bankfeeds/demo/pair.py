"""Both programs, wired together: each is told of the other, and of nothing else."""

import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from bankfeeds.demo import details, wire
from bankfeeds.demo.programs import DemoFailed, Program, run_bankfeeds, sandbox_command
from bankfeeds.demo.sage_user import Sandbox

LISTING = "default"
HEADER_NAME = "X-Bankfeeds-Key"
LOOPBACK = "127.0.0.1"
OPERATOR = "admin"
_WATCH_S = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """What is running, and everything to be known of it: the details file's content."""

    platform: Program
    sandbox: Program
    details: dict[str, Any]

    @property
    def api_url(self) -> str:
        return self.details["platform"]["apiUrl"]

    @property
    def sandbox_part(self) -> Sandbox:
        return sandbox_of(self.details)

    def wait(self) -> None:
        """For ever; DemoFailed when one of the two ends by itself."""
        while True:
            for program in (self.platform, self.sandbox):
                if not program.is_running:
                    raise program.failure()
            time.sleep(_WATCH_S)


def sandbox_of(known: dict[str, Any]) -> Sandbox:
    """From the details file's content."""
    part = known["sandbox"]
    return Sandbox(
        part["consumerUrl"], part["adminUrl"], part["xApplication"], part["applicationSigningKey"], part["bankId"]
    )


@contextlib.contextmanager
def running(data: Path, port: int, sandbox_port: int, *, with_operator: bool = False) -> Generator[Pair]:
    """Started in `data`, ended when the block is left. Port 0 takes a free one; an operator is there if asked for."""
    kept = _kept(data)
    with contextlib.ExitStack() as stack:
        sandbox, told = _start_sandbox(stack, data, sandbox_port)
        settings = _settings(data, told, kept["headerValue"])
        platform = Program("Bankfeeds", _serve_command(port), settings, data / "bankfeeds.log")
        stack.callback(platform.stop)
        api_url = _address_in(platform.first_line())
        api_key = kept.get("apiKey") or run_bankfeeds(["keys", "create", "demo", "--reason", "demo"], settings)
        password = _operator_password(kept, settings) if with_operator else ""
        _keep(data, {**kept, "apiKey": api_key, "operatorPassword": password or kept.get("operatorPassword", "")})
        _introduce(told, api_url, kept["headerValue"], settings)
        whole = {
            "platform": {
                **details.platform_part(api_url, api_key),
                **({"operatorName": OPERATOR, "operatorPassword": password} if password else {}),
            },
            "connector": details.connector_part(api_url, LISTING, HEADER_NAME, kept["headerValue"]),
            "sandbox": told,
        }
        yield Pair(platform, sandbox, whole)


def _operator_password(kept: dict[str, str], settings: dict[str, str]) -> str:
    """Of the first operator: made once, and made anew where one run was cut off before it was written down."""
    if kept.get("operatorPassword"):
        return kept["operatorPassword"]
    known = json.loads(run_bankfeeds(["operators", "list", "--json"], settings))
    verb = "password" if any(each["name"] == OPERATOR for each in known) else "add"
    return run_bankfeeds(["operators", verb, OPERATOR, "--generate", "--reason", "the first operator"], settings)


def _start_sandbox(stack: contextlib.ExitStack, data: Path, port: int) -> tuple[Program, dict[str, str]]:
    path = data / "sandbox-details.json"
    path.unlink(missing_ok=True)
    options = ["--host", LOOPBACK, "--port", str(port), "--data", str(data / "sandbox.db"), "--details", str(path)]
    program = Program("The Sage sandbox", [sandbox_command(), "serve", *options], {}, data / "sandbox.log")
    stack.callback(program.stop)
    program.wait_for(path)
    return program, details.read(path)["sandbox"]


def _serve_command(port: int) -> list[str]:
    return [sys.executable, "-m", "bankfeeds", "serve", "--host", LOOPBACK, "--port", str(port)]


def _settings(data: Path, sandbox: dict[str, str], header_value: str) -> dict[str, str]:
    origin = urlsplit(sandbox["uiUrl"])
    return {
        "BANKFEEDS_DATABASE_URL": f"sqlite:///{data / 'bankfeeds.db'}",
        "BANKFEEDS_REDIRECT_HOSTS": origin.netloc,
        "BANKFEEDS_WEBHOOK_PRIVATE_TARGETS": "on",
        "BANKFEEDS_FRAME_ANCESTORS": f"{origin.scheme}://{origin.netloc}",
        "BANKFEEDS_SAGE_PROVIDER_URL": sandbox["providerUrl"],
        "BANKFEEDS_SAGE_TOKEN_URL": f"{sandbox['cloudIdUrl']}/oauth/token",
        "BANKFEEDS_SAGE_JWKS_URL": sandbox["jwksUrl"],
        "BANKFEEDS_SAGE_CLIENT_ID": sandbox["clientId"],
        "BANKFEEDS_SAGE_CLIENT_SECRET": sandbox["clientSecret"],
        "BANKFEEDS_SAGE_AUDIENCE": sandbox["audience"],
        "BANKFEEDS_SAGE_API_KEY": sandbox["providerApiKey"],
        "BANKFEEDS_SAGE_BANK_ID": sandbox["bankId"],
        "BANKFEEDS_SAGE_HEADER_NAME": HEADER_NAME,
        "BANKFEEDS_SAGE_HEADER_VALUE": header_value,
    }


def _introduce(sandbox: dict[str, str], api_url: str, header_value: str, settings: dict[str, str]) -> None:
    """Sage learns the header out of band, and the callback addresses by bank sync, as in production."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        url = f"{sandbox['adminUrl']}/admin/banks/{sandbox['bankId']}"
        wire.check(wire.call(client, "PUT", url, {"headerName": HEADER_NAME, "headerValue": header_value}), 200)
    public = {**settings, "BANKFEEDS_PUBLIC_URL": api_url}
    run_bankfeeds(["listings", "register", LISTING, "--reason", "the demo's addresses"], public)


def _address_in(line: str) -> str:
    """From `Bankfeeds serves http://127.0.0.1:8080`."""
    address = line.rsplit(" ", 1)[-1]
    if not address.startswith("http"):
        raise DemoFailed(f"Bankfeeds told no address, but: {line}")
    return address


def _kept(data: Path) -> dict[str, str]:
    """Secrets of this pair that outlive one run."""
    path = data / "pair.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    kept = {"headerValue": secrets.token_urlsafe(32)}
    _keep(data, kept)
    return kept


def _keep(data: Path, kept: dict[str, str]) -> None:
    details.write(data / "pair.json", dict(kept))


def make_data_directory(path: Path) -> Path:
    """Made if need be, for its owner alone, and out of sight of git."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = path / ".gitignore"
    if not os.path.lexists(ignore):
        ignore.write_text("*\n", encoding="ascii")
    return path.resolve()
