"""An API key: what an institution's program shows to be let in. Its secret is never kept, only a keyed hash of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

NAME_LENGTH_MAX = 50
KEYS_MAX = 10
HINT_LENGTH = 4


class Scope(StrEnum):
    """What a key may do; each may do all that those before it may."""

    read = "read"
    write = "write"
    admin = "admin"

    def covers(self, needed: "Scope") -> bool:
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {scope: rank for rank, scope in enumerate(Scope)}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`hint` is the secret's last characters, to tell keys apart by."""

    id: str
    name: str
    hint: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    scope: Scope = Scope.admin

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
