"""An operator: a person of the institution who signs in to the portal, and what the role allows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.text import is_storable

NAME_LENGTH_MAX = 80
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 200
OPERATORS_MAX = 500
SIGN_IN_FAILURES_MAX = 10
"""Wrong passwords for one name within the window that failures are counted in; then nobody signs in with it."""
SESSION_IDLE = timedelta(minutes=30)
SESSION_LONGEST = timedelta(hours=12)
INITIAL_PASSWORD_LASTS = timedelta(days=3)
"""How long a password that an administrator handed out opens the door; then there has to be a new one."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly a session's last use is known: every page would write otherwise."""


class Role(StrEnum):
    """Each may do all that those before it may: look; look after what programs need; change everything."""

    viewer = "viewer"
    developer = "developer"
    administrator = "administrator"

    def may(self, needed: "Role") -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Operator:
    """`name` is what they sign in with, in lower case; one who is removed stays for the audit trail's sake.
    `initial_until`: the password is one that was handed out, opens the door until then, and has to be replaced.
    """

    pk: int
    name: str
    role: Role
    created_at: datetime
    signed_in_at: datetime | None = None
    removed_at: datetime | None = None
    has_password: bool = False
    initial_until: datetime | None = None

    @property
    def actor(self) -> str:
        """For the audit trail."""
        return f"operator:{self.name}"


@dataclass(frozen=True, slots=True)
class Sitting:
    """A session as it is kept: `digest` of its token, and what the next page is to say, sealed."""

    digest: str
    began_at: datetime
    seen_at: datetime
    sealed_flash: str | None = None

    def is_over(self, now: datetime) -> bool:
        return now >= self.seen_at + SESSION_IDLE or now >= self.began_at + SESSION_LONGEST


def clean_name(name: str) -> str:
    """In lower case; Invalid if nobody can sign in with it."""
    cleaned = name.strip().lower()
    is_of_length = 1 <= len(cleaned) <= NAME_LENGTH_MAX
    if not is_of_length or not cleaned.isprintable() or " " in cleaned or not is_storable(cleaned):
        raise one_flaw("name", f"must have 1 to {NAME_LENGTH_MAX} printable characters and no spaces")
    return cleaned


def check_password(password: str) -> None:
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX or not is_storable(password):
        raise one_flaw("password", f"must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters")
