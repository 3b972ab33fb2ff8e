"""What the app remembers of a browser, by a secret that stands in a form or a cookie and never in an address."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from bank_app.customers import Customer

SESSIONS_MAX = 10_000


@dataclass(frozen=True)
class Session:
    """The three values are what Sage's customer arrived with; empty where the customer came by themselves."""

    ends_at: float
    authorization_id: str = ""
    redirect_uri: str = ""
    bank_id: str = ""
    customer: Customer | None = None


class Sessions:
    """In memory, and the oldest is forgotten when there are too many."""

    def __init__(self, lifetime_s: int, now: Callable[[], float]) -> None:
        self._lifetime_s, self._now = lifetime_s, now
        self._lock = threading.Lock()
        self._known: dict[str, Session] = {}

    def start(self, authorization_id: str = "", redirect_uri: str = "", bank_id: str = "") -> str:
        secret = secrets.token_urlsafe(32)
        session = Session(self._now() + self._lifetime_s, authorization_id, redirect_uri, bank_id)
        with self._lock:
            while len(self._known) >= SESSIONS_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[secret] = session
        return secret

    def find(self, secret: str) -> Session | None:
        """None if it has ended."""
        session = self._known.get(secret)
        return session if session is not None and self._now() < session.ends_at else None

    def find_even_over(self, secret: str) -> Session | None:
        """For the way back to Sage, and nothing else."""
        return self._known.get(secret)

    def sign_in(self, secret: str, customer: Customer) -> str:
        """Another secret from now on: whoever knew the one before knows nothing of the customer."""
        changed = secrets.token_urlsafe(32)
        with self._lock:
            self._known[changed] = replace(self._known.pop(secret), customer=customer)
        return changed

    def end(self, secret: str) -> None:
        self._known.pop(secret, None)
