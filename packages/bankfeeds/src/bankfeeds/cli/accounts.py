"""`bankfeeds accounts`: what an operator may do to a source account."""

from datetime import date

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.transaction import parse_day
from bankfeeds.flows import cut_over as cut_over_flow
from bankfeeds.flows import reauthorise as flow

app = App(name="accounts", help="Source accounts: have one authorised again; set its cut-over.")
NONE = "none"


@app.command
def reauthorise(account: str, *, reason: str) -> None:
    """Tell Sage that the account's user has to authorise it again; what is accepted meanwhile waits.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        told = flow.ask(world, opening.actor(), account, reason)
    output.show_line(f"Sage will be told for {', '.join(told)}; lines wait until the user has authorised it again")


@app.command
def cut_over(account: str, *, on: str, reason: str) -> None:
    """Set the day from which lines of an account that moves here are sent from here, before it is linked.

    Lines dated before it are kept and never sent: the server that the account comes from has sent them.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        on: the day, such as 2026-01-31; `none` for an account that never was elsewhere.
        reason: why, for the audit trail.
    """
    day = cut_over_day("--on", on)
    with opening.world() as world:
        changed = cut_over_flow.change(world, opening.actor(), account, day, reason)
    name = f"{changed.connection_id}/{changed.id}"
    if day is None:
        output.show_line(f"{name} has no cut-over: every line goes to Sage from the day on that its user chooses")
    else:
        output.show_line(f"{name}: lines dated before {day} are never sent from here")


def cut_over_day(option: str, text: str) -> date | None:
    """As an option of the command line has it; None for `none`."""
    if text == NONE:
        return None
    day = parse_day(text)
    if day is None:
        raise WrongUsage(f"{option} {text}: write a day such as 2026-01-31, or {NONE}")
    return day
