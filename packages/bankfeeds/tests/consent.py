"""Sage's side of an authorisation, for tests: its answers by a script, its notifications, its tokens and keys."""

import base64
import itertools
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.domain.notification import CREATION, DELETION, Notification, NotificationKind
from bankfeeds.domain.origins import Origins
from bankfeeds.domain.outcome import Deferred, Done, Outcome, Problem, Rejected, Unknown
from bankfeeds.flows import authorise, listings, notifications, otp
from bankfeeds.flows.context import World

from . import worlds

LISTING = "uk"
BANK = "0b7f3c0e-1111-4000-8000-00000000000b"
STATE = "5e55104e-2222-4000-8000-00000000000a"
REDIRECT = "https://snd01eu.sagebankdrive.com/api/v1/indirectredirect/77?x=1"
RETURN = f"{REDIRECT}&state={STATE}"
ADDRESS = "203.0.113.9"
HEADER = "X-Bank-Key"
HEADER_VALUE = "value that the bank chose"

USED = Rejected("used", (Problem("used", "used", duplicate=True),))
OVER = Rejected("expired", gone=True)
MALFORMED = Rejected("schema")
SILENT = Unknown("no answer")
BUSY = Deferred("slow down")


@dataclass(frozen=True)
class Reported:
    authorisation_id: str
    accounts: list[OfferedAccount] | None
    success: bool


class ScriptedSage:
    """`ports.Destinations` and `ports.Destination` in one; the last answer of the script is given for ever."""

    def __init__(self) -> None:
        self.answers: list[Outcome] = [Done()]
        self.reports: list[Reported] = []

    def __call__(self, listing: Listing) -> "ScriptedSage":
        return self

    def report(self, authorisation_id: str, accounts: Any, *, success: bool) -> Outcome:
        told = None if accounts is None else list(accounts)
        self.reports.append(Reported(authorisation_id, told, success))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def offer(self, *_: Any) -> NoReturn:
        raise AssertionError("no statement is offered in these tests")

    follow = find = offer


def listing(jwks_url: str = "https://sage.invalid/jwks", **changes: Any) -> Listing:
    plain = Listing(
        id=LISTING,
        name="Harbour Bank",
        region="eu",
        country="GBR",
        bank_id=BANK,
        external_ref="ref",
        url="https://bank.example",
        provider_url="https://sage.invalid/provider",
        token_url="https://sage.invalid/oauth/token",
        jwks_url=jwks_url,
        client_id="client",
        audience="audience",
        connector_issuer=None,
        connector_audience=None,
        header_name=HEADER,
        amount_unit=AmountUnit.minor,
        created_at=worlds.NOON,
    )
    return replace(plain, **changes)


SECRETS = ListingSecrets("client secret", "api key", (HEADER_VALUE, "the value before"))


def with_sage(world: World, jwks_url: str = "https://sage.invalid/jwks") -> World:
    """The world with a listing, and a Sage that answers by a script."""
    origins = Origins(is_development=True)
    limits = replace(world.limits, redirects=origins, frames=origins)
    connected = replace(world, destinations=ScriptedSage(), limits=limits)
    listings.add(connected, "operator:ann", listing(jwks_url), SECRETS)
    return connected


_sessions = itertools.count(1)


def announce(world: World, bank_id: str | None = BANK) -> str:
    """Sage tells of a new session: its id."""
    authorisation_id = f"authorisation-{next(_sessions)}"
    notifications.receive(world, LISTING, session_created(authorisation_id, bank_id))
    return authorisation_id


def session_created(authorisation_id: str, bank_id: str | None = BANK) -> Notification:
    kind = NotificationKind.authorisation_created
    return Notification(kind, CREATION, "authorisation", authorisation_id, bank_id)


def account_created(bank_account_id: str, external_id: str | None, start: str | None = None) -> Notification:
    kind = NotificationKind.account_created
    return Notification(kind, CREATION, "bankAccount", bank_account_id, BANK, external_id, start)


def account_deleted(bank_account_id: str, external_id: str | None = None) -> Notification:
    return Notification(NotificationKind.account_deleted, DELETION, "bankAccount", bank_account_id, BANK, external_id)


@dataclass
class Started:
    """A session in front of a person who was given both codes."""

    world: World
    sage: ScriptedSage
    authorisation_id: str
    handle: str
    made: worlds.Linked
    otp: str

    def submit(self, connection_id: str | None = None, password: str | None = None, address: str = ADDRESS) -> Any:
        typed = self.made.connection_id if connection_id is None else connection_id
        return authorise.submit(self.world, self.handle, typed, self.otp if password is None else password, address)

    @property
    def session(self) -> authorise.Session:
        return authorise.session(self.world, self.handle)


def start(world: World, made: worlds.Linked | None = None, external_id: str | None = None) -> Started:
    made = made or worlds.make_account(world)
    password, _ = otp.issue(world, "api:test", made.company_id, made.connection_id)
    authorisation_id = announce(world)
    bank = BANK if external_id is None else None
    shown = authorise.present(world, LISTING, authorisation_id, bank, REDIRECT, STATE, external_id)
    sage: Any = world.destinations
    return Started(world, sage, authorisation_id, shown.handle, made, password)


def external_id(world: World, made: worlds.Linked) -> str:
    from bankfeeds.store import source_accounts  # noqa: PLC0415 - only here

    return world.db.read(lambda tx: source_accounts.get(tx, made.account_pk)).external_id


class Signer:
    """A key of Sage's token service, as a set of published keys and as a maker of tokens."""

    def __init__(self, kid: str = "key-1", bits: int = 2048) -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def public(self) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        size = (self.private.key_size + 7) // 8
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": _base64(numbers.n.to_bytes(size, "big")),
            "e": _base64(numbers.e.to_bytes(3, "big")),
        }

    def token(self, now: datetime, lifetime_s: float = 600, **claims: Any) -> str:
        at = now.timestamp()
        payload = {"iss": "https://id.sage.example/", "iat": at, "exp": at + lifetime_s, **claims}
        return jwt.encode(payload, self.private, algorithm="RS256", headers={"kid": self.kid})


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyServer:
    """Publishes keys over real HTTP; `status` and `body` may be set to something else."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.status = 200
        self.body: bytes | None = None
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                body = outer.body
                if body is None:
                    body = json.dumps({"keys": [signer.public() for signer in outer.signers]}).encode()
                self.send_response(outer.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"


@contextmanager
def publishing(*signers: Signer) -> Generator[KeyServer]:
    server = KeyServer(*signers)
    thread = threading.Thread(target=server.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.server.shutdown()
    thread.join(5)
    server.server.server_close()
