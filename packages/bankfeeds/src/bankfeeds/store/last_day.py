"""What was delivered lately, hour by hour: for the portal's first page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from bankfeeds.domain.statement import StatementStatus
from bankfeeds.store.engine import Read
from bankfeeds.store.types import Instant

HOURS = 24


@dataclass(frozen=True, slots=True)
class Ended:
    """Statements that Sage finished in one hour, their lines, and statements that it refused in it."""

    statements: int
    lines: int
    refused: int


def ended(tx: Read, first: datetime) -> Sequence[Ended]:
    """Of each of HOURS from `first` on."""
    begins = {f"at_{number}": first + timedelta(hours=number) for number in range(HOURS + 1)}
    found = sorted(tx.rows(_ENDED, begins), key=lambda row: row.number)
    return [Ended(row.statements, int(row.lines), row.refused) for row in found]


def _of_hour(number: int) -> str:
    """A stretch of one index: nothing has to be sorted or grouped."""
    return f"""
        SELECT {number} AS number,
            count(*) FILTER (WHERE status = '{StatementStatus.done.value}') AS statements,
            coalesce(sum(CASE WHEN status = '{StatementStatus.done.value}' THEN line_count END), 0) AS lines,
            count(*) FILTER (WHERE status = '{StatementStatus.refused.value}') AS refused
        FROM statements WHERE finished_at >= :at_{number} AND finished_at < :at_{number + 1}
    """  # noqa: S608 - numbers of ours


_ENDED = sa.text("UNION ALL".join(_of_hour(number) for number in range(HOURS))).bindparams(
    *(sa.bindparam(f"at_{number}", type_=Instant) for number in range(HOURS + 1))
)
