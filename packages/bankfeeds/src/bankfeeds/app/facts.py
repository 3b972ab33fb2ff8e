"""The world's few facts that are not in the database: the time, and what nobody can guess."""

import os
import secrets
import uuid
from collections import deque
from datetime import UTC, datetime

from bankfeeds.domain.ids import OTP_ALPHABET, OTP_LENGTH


def now() -> datetime:
    return datetime.now(UTC)


class _Randomness:
    """The system's, many ids' worth at a time: each time it is asked, other threads take the interpreter's lock."""

    BYTES, AT_ONCE = 16, 256

    def __init__(self) -> None:
        self._left: deque[bytes] = deque()

    def take(self) -> bytes:
        try:
            return self._left.popleft()
        except IndexError:
            fresh = os.urandom(self.BYTES * self.AT_ONCE)
            self._left.extend(fresh[at : at + self.BYTES] for at in range(self.BYTES, len(fresh), self.BYTES))
            return fresh[: self.BYTES]


_randomness = _Randomness()


def correlation_id() -> str:
    """A UUID of version 4, in hex: what a request leaves behind (a push operation) may have it for its own key."""
    return uuid.UUID(bytes=_randomness.take(), version=4).hex


def random_key() -> bytes:
    return secrets.token_bytes(32)


class RandomIds:
    """`ports.Ids` from the system's source of randomness."""

    def uuid(self) -> str:
        return str(uuid.UUID(bytes=_randomness.take(), version=4))

    def external_id(self) -> str:
        return secrets.token_hex(16)

    def otp(self) -> str:
        return "".join(secrets.choice(OTP_ALPHABET) for _ in range(OTP_LENGTH))

    def secret(self) -> str:
        return secrets.token_urlsafe(32)
