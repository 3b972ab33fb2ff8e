"""A one-time password as we keep it: its digest, how long it is good for, and how often it was guessed wrong."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Otp:
    connection_id: str
    digest: str
    created_at: datetime
    expires_at: datetime
    failures: int = 0
