"""An audit entry: who did what to what, when, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.text import is_storable

REASON_LENGTH_MAX = 1000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`actor` is `api:<key name>`, `operator:<name>`, `sage:<listing>` or `worker`; `subject` is `kind:id`."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty for whatever it is. `action` is a whole one, such as `feed.skip`, or what comes before the dot.

    Accepted pushes are left out unless asked for: there are more of them than of all others.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    with_pushes: bool = False


def check_reason(text: str) -> str:
    """Why an operator changes something: said in words, or refused."""
    reason = text.strip()
    if not 1 <= len(reason) <= REASON_LENGTH_MAX or not is_storable(reason):
        raise one_flaw("reason", f"say why, in 1 to {REASON_LENGTH_MAX} characters; it goes into the audit trail")
    return reason
