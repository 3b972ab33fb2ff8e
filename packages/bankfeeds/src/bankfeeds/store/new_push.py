"""A push on its way into the store, with all that is written of it, and where its lines came to stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from bankfeeds.domain.columns import Columns

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class NewPush:
    """Everything the write needs. `warnings` are field and message; `latest_on` is the last day that is not future."""

    key: str
    company_id: str
    connection_id: str
    account_id: str
    currency: str
    columns: Columns
    warnings: Sequence[tuple[str, str]]
    timeout_minutes: int | None
    times_out_at: datetime | None
    now: datetime
    latest_on: date
    actor: str

    def is_in_order(self) -> bool:
        return self.columns.is_in_order(None, self.latest_on)

    def warnings_text(self) -> str | None:
        """As JSON; None for none."""
        return _encode(self.warnings).decode() if self.warnings else None

    def audit_detail(self) -> str:
        """As JSON."""
        return _encode({"push": self.key, "new": len(self.columns), "sent": len(self.columns)}).decode()


@dataclass(frozen=True, slots=True)
class Numbered:
    """The sequence numbers that the lines were given."""

    first_seq: int
    last_seq: int


class Intertwined(Exception):
    """They cannot be stored at once; nothing about them is wrong, and each is to be tried alone."""


def check_apart(pushes: Sequence[NewPush]) -> None:
    """Intertwined if two are of one account."""
    if len({(push.connection_id, push.account_id) for push in pushes}) != len(pushes):
        raise Intertwined
