"""`bankfeeds pause` and `bankfeeds resume`: deliveries stop and go on; accepting never stops."""

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import pausing
from bankfeeds.flows.pausing import Target


def pause(*, listing: str | None = None, company: str | None = None, account: str | None = None, reason: str) -> None:
    """Stop deliveries to Sage; what is accepted meanwhile waits. Without an option: of the whole platform.

    Args:
        listing: only to this listing.
        company: only of this company's accounts.
        account: only of this account: CONNECTION/ACCOUNT, or its external id.
        reason: why; operators see it, the institution does not.
    """
    target = _target(listing, company, account)
    with opening.world() as world:
        done = pausing.pause(world, opening.actor(), target, reason)
    output.show_line(f"paused {done.scope}: {done.feeds} feeds stand still")


def resume(*, listing: str | None = None, company: str | None = None, account: str | None = None, reason: str) -> None:
    """End a pause, with the same option it was begun with; what waited goes on, the oldest first.

    Args:
        listing: the pause of this listing.
        company: the pause of this company.
        account: the pause of this account: CONNECTION/ACCOUNT, or its external id.
        reason: why, for the audit trail.
    """
    target = _target(listing, company, account)
    with opening.world() as world:
        done = pausing.resume(world, opening.actor(), target, reason)
    others = ", ".join(pause.scope for pause in done.pauses)
    output.show_line(
        f"resumed {done.scope}: {done.feeds} feeds go on" + (f"; still paused: {others}" if others else "")
    )


def _target(listing: str | None, company: str | None, account: str | None) -> Target:
    given = [value for value in (listing, company, account) if value is not None]
    if len(given) > 1 or "" in given:
        raise WrongUsage("--listing, --company, --account: name one of them, or none for the whole platform")
    return Target(listing, company, account)
