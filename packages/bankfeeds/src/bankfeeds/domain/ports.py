"""What the flows need of the world outside the database; `app.py` plugs in the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.bringing import ForeignAccount, ForeignCompany, ForeignPage, NoAnswer
from bankfeeds.domain.delivery import Delivery, FoundAccount
from bankfeeds.domain.listing import Listing
from bankfeeds.domain.outcome import Outcome
from bankfeeds.domain.webhook import Event, Subject
from bankfeeds.domain.webhook_delivery import Answered, Parcel


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...


class Ids(Protocol):
    def uuid(self) -> str: ...
    def external_id(self) -> str:
        """Opaque, unguessable, unique in the installation."""
        ...

    def otp(self) -> str: ...
    def secret(self) -> str:
        """URL-safe, at least 256 bits."""
        ...


@dataclass(frozen=True, slots=True)
class Callbacks:
    notification: str
    auth: str
    re_auth: str
    available_accounts: str


@dataclass(frozen=True, slots=True)
class Registered:
    bank_id: str
    external_ref: str


class Destination(Protocol):
    """One listing's side of Sage. Never raises for what Sage said or failed to say."""

    def offer(self, delivery: Delivery) -> Outcome:
        """POST the statement: Taken, Done, Rejected, Deferred or Unknown."""
        ...

    def follow(self, statement_id: str) -> Outcome:
        """Ask how far Sage is: Taken (still processing), Done, Rejected, Deferred or Unknown."""
        ...

    def find(self, external_id: str) -> FoundAccount | Outcome | None:
        """Account query: None if Sage knows no such account; Deferred or Unknown if it gave no answer."""
        ...

    def report(self, authorisation_id: str, accounts: Sequence[OfferedAccount] | None, *, success: bool) -> Outcome:
        """PATCH the authorisation within 4 s: Done, Rejected, Deferred or Unknown. None: no accounts member.

        Rejected has `gone` if the session is unknown or over (404, 410), a `duplicate` problem if it was used (409).
        """
        ...

    def complain(self, reason: str, at: datetime) -> Outcome:
        """Tell Sage, within 4 s, that a feed cannot go on: Done, Rejected, Deferred or Unknown."""
        ...


class Registrar(Protocol):
    """Tells Sage of a listing: POST /v1/banks."""

    def register(self, listing: Listing, callbacks: Callbacks) -> Registered | Outcome:
        """Registered, or what Sage said instead; a listing with a bank id is updated, one without is created."""
        ...

    def unregister(self, listing: Listing) -> Outcome:
        """Done once Sage has removed it. Its sandbox does; in production only its support does."""
        ...


class Destinations(Protocol):
    def __call__(self, listing: Listing) -> Destination: ...


class CompanySource(Protocol):
    """Another Codat-compatible server, read only. Never raises for what it said or failed to say."""

    @property
    def address(self) -> str: ...
    def page(self, number: int) -> ForeignPage | NoAnswer:
        """Its companies with their connections, oldest first; the first page is 1."""
        ...

    def company(self, company_id: str) -> ForeignCompany | NoAnswer: ...
    def accounts(self, company_id: str, connection_id: str) -> list[ForeignAccount] | NoAnswer: ...


class EventWords(Protocol):
    """What consumers read: Codat's words for what happened."""

    def payload(self, event_type: str, event_id: str, subject: Subject) -> str:
        """As JSON. The same event always says the same."""
        ...

    def body(self, event: Event, sequence: int | None) -> bytes:
        """The whole body; `sequence` is the event's number in its account's stream to one consumer."""
        ...


class Receivers(Protocol):
    async def post(self, parcel: Parcel) -> Answered:
        """One attempt, over within the time limit. Never raises for what the receiver did or failed to do."""
        ...

    async def close(self) -> None:
        """After the last attempt."""
        ...


class TokenVerifier(Protocol):
    def __call__(self, listing: Listing, token: str, now: datetime) -> str | None:
        """Why this is no valid token of Sage's; None if it is."""
        ...


class SignOn(Protocol):
    """An OpenID Connect provider that knows the operators. SignOnFailed, never anything else."""

    def address(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser is sent to sign in. `challenge` is the SHA-256 of the verifier, base64url (PKCE, S256)."""
        ...

    def redeem(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> str:
        """The verified e-mail address of whoever came back with the code."""
        ...


class Sealer(Protocol):
    def seal(self, secret: str) -> str: ...
    def unseal(self, sealed: str) -> str: ...
    def opened(self, sealed: str) -> str | None:
        """As `unseal` of what anybody may have written: None if it is no seal of ours."""
        ...

    def digest(self, secret: str) -> str:
        """Keyed hash for looking a secret up and comparing it."""
        ...

    def digests(self, secret: str) -> tuple[str, ...]:
        """One digest for each secret key in force, the writing one first, then for those retired but still needed."""
        ...

    @property
    def marks(self) -> tuple[str, ...]:
        """Tells each secret key in force from others, the writing one first."""
        ...

    def resealed(self, sealed: str) -> str | None:
        """The same, sealed by the writing key; None if that sealed it. Raises as `unseal` does."""
        ...

    def sealed_digest_key(self, mark: str) -> str:
        """What finds digests of that secret key when it is gone."""
        ...
