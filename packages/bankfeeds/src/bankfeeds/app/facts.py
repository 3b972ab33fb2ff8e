"""The world's few facts that are not in the database: the time, and what nobody can guess."""

import secrets
import uuid
from datetime import UTC, datetime

from bankfeeds.domain.ids import OTP_ALPHABET, OTP_LENGTH


def now() -> datetime:
    return datetime.now(UTC)


def correlation_id() -> str:
    return uuid.uuid4().hex


class RandomIds:
    """`ports.Ids` from the system's source of randomness."""

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def external_id(self) -> str:
        return secrets.token_hex(16)

    def otp(self) -> str:
        return "".join(secrets.choice(OTP_ALPHABET) for _ in range(OTP_LENGTH))

    def secret(self) -> str:
        return secrets.token_urlsafe(32)
