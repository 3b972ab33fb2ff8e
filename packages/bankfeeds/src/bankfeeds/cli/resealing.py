"""`bankfeeds reseal`: the second half of changing the secret key."""

from bankfeeds.cli import opening, output
from bankfeeds.flows import resealing


def reseal(*, lost: bool = False, reason: str | None = None) -> None:
    """Seal every secret anew with the first key of BANKFEEDS_SECRET_KEY, so that the others can be taken out.

    While everything is at work; ended in the middle, it can be run again. API keys made before go on working.

    Args:
        lost: go on without what no key opens; it has to be set anew.
        reason: why, for the audit trail.
    """
    with opening.office(any_key=lost) as everything:
        done = resealing.reseal(everything.world, opening.actor(), reason, gives_up_lost=lost)
    output.show_line(f"{done.looked_at} rows looked at, {done.changed} sealed anew")
    for table, count in (done.broken or {}).items():
        output.show_line(f"given up: {count} in {table}")
