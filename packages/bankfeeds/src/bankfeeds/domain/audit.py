"""An audit entry: who did what to what, when, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`actor` is `api:<key name>`, `operator:<name>`, `sage:<listing>` or `worker`; `subject` is `kind:id`."""

    at: datetime
    actor: str
    action: str
    subject: str
    reason: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict[str, object])
