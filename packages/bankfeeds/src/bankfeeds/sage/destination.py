"""One listing's side of Sage, as the flows see it: calls made, and every answer turned into an Outcome.

Status by status, so that no answer is guessed at: what Sage carried out, what it certainly did not, and what nobody
knows. The words of its errors are not public; `problems.py` reads the shapes we assume.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import httpx2
import msgspec

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.delivery import Delivery, FoundAccount
from bankfeeds.domain.listing import Listing, ListingSecrets
from bankfeeds.domain.outcome import Deferred, Done, Outcome, Problem, Rejected, Taken, Unknown
from bankfeeds.domain.ports import Callbacks, Registered
from bankfeeds.sage import problems, translate, wire
from bankfeeds.sage.client import UNAUTHORIZED, Client, NoReply, Reply

REPORT_TIMEOUT_S = 4.0
"""A person waits, and Codat's SDK gives up after 5."""
CREDENTIALS_WAIT_S = 60.0
_FORBIDDEN, _NOT_FOUND, _TIMEOUT, _CONFLICT, _GONE, _THROTTLED, _SERVER_ERROR = 403, 404, 408, 409, 410, 429, 500
DONE_WORDS = frozenset({"complete", "completed", "success", "successful", "processed"})
FAILED_WORDS = frozenset({"fail", "failed", "error", "rejected", "invalid"})


class _Account(msgspec.Struct, rename="camel"):
    bank_account_id: str
    status: str
    requested_start_date: str | None = None


class _AccountReply(msgspec.Struct):
    data: _Account


class SageDestination:
    """Implements `ports.Destination`."""

    def __init__(self, listing: Listing, client: Client, options: translate.Options) -> None:
        self._listing = listing
        self._client = client
        self._options = options

    def offer(self, delivery: Delivery) -> Outcome:
        body = wire.encode(translate.statement_body(delivery, self._listing, self._options))
        reply = _sift(self._client.call("POST", "/v1/statements", body))
        if not isinstance(reply, Reply):
            return reply
        if httpx2.codes.is_success(reply.status):
            state = problems.read_statement(reply.body)
            if state.id is None:
                return Unknown("Sage took the statement but gave it no id")
            return _progress(state, state.id)
        found = problems.read_problems(reply.body)
        repeats = any(problem.duplicate for problem in found)
        gone = not repeats and reply.status in {_NOT_FOUND, _GONE, _CONFLICT}
        rejected = Rejected(problems.summary(found, reply), tuple(found), gone=gone)
        if reply.status == _CONFLICT and not repeats and not rejected.says_cancelled:
            return Deferred(f"another statement is in flight: {rejected.reason}", busy=True)
        return rejected

    def follow(self, statement_id: str) -> Outcome:
        reply = _sift(self._client.call("GET", f"/v1/statements/{statement_id}", None))
        if not isinstance(reply, Reply):
            return reply
        if reply.status == _NOT_FOUND:
            return Unknown(f"Sage knows no statement {statement_id}", lost=True)
        if not httpx2.codes.is_success(reply.status):
            return Deferred(f"Sage answered {reply.status} to a question about statement {statement_id}", busy=True)
        return _progress(problems.read_statement(reply.body), statement_id)

    def find(self, external_id: str) -> FoundAccount | Outcome | None:
        """Of a listing that Sage does not know yet, our reference stands in for the bank id: a well-formed question
        about a bank that nobody has, so any refusal past the gateway says that Sage knows no such account.
        """
        bank = self._listing.bank_id or self._listing.external_ref
        query = wire.AccountQueryBody(wire.AccountQueryData(bank, external_id))
        reply = _sift(self._client.call("POST", "/v1/accountqueries", wire.encode(query)))
        if not isinstance(reply, Reply):
            return reply
        if reply.status == _NOT_FOUND or (not self._listing.bank_id and httpx2.codes.is_client_error(reply.status)):
            return None
        try:
            account = msgspec.json.decode(reply.body, type=_AccountReply).data
        except msgspec.MsgspecError as error:
            return Deferred(f"Sage answered {reply.status} to an account query: {error}")
        return FoundAccount(account.bank_account_id, account.status, account.requested_start_date)

    def report(self, authorisation_id: str, accounts: Sequence[OfferedAccount] | None, *, success: bool) -> Outcome:
        body = wire.encode(translate.authorisation_body(accounts, success=success, options=self._options))
        reply = _sift(self._client.call("PATCH", f"/v1/authorisations/{authorisation_id}", body, REPORT_TIMEOUT_S))
        if not isinstance(reply, Reply):
            return reply
        if httpx2.codes.is_success(reply.status):
            return Done(authorisation_id)
        found = problems.read_problems(reply.body)
        reason = problems.summary(found, reply)
        if reply.status == _CONFLICT:
            return Rejected(reason, (Problem("used", reason, duplicate=True),))
        return Rejected(reason, tuple(found), gone=reply.status in {_NOT_FOUND, _GONE})

    def complain(self, reason: str, at: datetime) -> Outcome:
        body = wire.encode(wire.SyncFailureBody("FAILED", reason, translate.instant(at)))
        reply = _sift(self._client.call("POST", "/v1/sync", body, REPORT_TIMEOUT_S))
        if not isinstance(reply, Reply):
            return reply
        if httpx2.codes.is_success(reply.status):
            return Done()
        found = problems.read_problems(reply.body)
        return Rejected(problems.summary(found, reply), tuple(found))


def _sift(reply: Reply | NoReply) -> Reply | Outcome:
    """What means the same whatever was asked is an Outcome already; the rest is the caller's to read."""
    if isinstance(reply, NoReply):
        return Unknown(reply.reason) if reply.sent else Deferred(reply.reason)
    if reply.status == _THROTTLED:
        return Deferred("Sage asks us to slow down", reply.retry_after_s, throttled=True)
    if reply.status in {UNAUTHORIZED, _FORBIDDEN}:
        return Deferred(f"Sage refuses our credentials ({reply.status})", reply.retry_after_s or CREDENTIALS_WAIT_S)
    if reply.status == _TIMEOUT or reply.status >= _SERVER_ERROR:
        return Unknown(f"Sage answered {reply.status}")
    if 300 <= reply.status < 400:  # noqa: PLR2004 - redirects are never followed
        return Deferred(f"Sage answered {reply.status}, a redirect; check the provider URL", CREDENTIALS_WAIT_S)
    return reply


def _progress(state: problems.StatementState, statement_id: str) -> Outcome:
    if state.status in DONE_WORDS:
        return Done(statement_id)
    if state.status in FAILED_WORDS:
        reason = "; ".join(problem.message for problem in state.problems[:3]) or f"Sage says {state.status}"
        return Rejected(reason, tuple(state.problems))
    return Taken(statement_id)


class SageDestinations:
    """Implements `ports.Destinations` and `ports.Registrar`: one client, and so one token, a listing."""

    def __init__(
        self,
        secrets_of: Callable[[str], ListingSecrets],
        http: httpx2.Client,
        clock: Callable[[], datetime],
        options: translate.Options | None = None,
        secrets_anew: Callable[[str], ListingSecrets] | None = None,
    ) -> None:
        self._secrets_of = secrets_of
        self._secrets_anew = secrets_anew or secrets_of
        self._http = http
        self._clock = clock
        self._options = options or translate.Options()
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Listing, SageDestination]] = {}

    def __call__(self, listing: Listing) -> SageDestination:
        """A listing that was changed gets a new client."""
        with self._lock:
            held = self._known.get(listing.id)
            if held is not None and held[0] == listing:
                return held[1]
            destination = SageDestination(listing, self._client(listing), self._options)
            self._known[listing.id] = (listing, destination)
            return destination

    def register(self, listing: Listing, callbacks: Callbacks) -> Registered | Outcome:
        reply = self._sync(listing, translate.bank_sync_body(listing, callbacks))
        if not isinstance(reply, Reply):
            return reply
        bank_id = problems.read_bank_id(reply.body, listing.external_ref) or listing.bank_id
        return Registered(bank_id, listing.external_ref) if bank_id else Unknown("Sage's answer names no bank id")

    def unregister(self, listing: Listing) -> Outcome:
        reply = self._sync(listing, translate.bank_removal_body(listing))
        return Done() if isinstance(reply, Reply) else reply

    def _sync(self, listing: Listing, body: wire.BankSyncBody) -> Reply | Outcome:
        reply = _sift(self._client(listing).call("POST", "/v1/banks", wire.encode(body)))
        if not isinstance(reply, Reply) or httpx2.codes.is_success(reply.status):
            return reply
        found = problems.read_problems(reply.body)
        return Rejected(problems.summary(found, reply), tuple(found))

    def _client(self, listing: Listing) -> Client:
        return Client(
            listing,
            lambda: self._secrets_of(listing.id),
            self._http,
            self._clock,
            lambda: self._secrets_anew(listing.id),
        )
