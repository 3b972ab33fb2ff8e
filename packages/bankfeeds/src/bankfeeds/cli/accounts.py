"""`bankfeeds accounts`: what an operator may do to a source account."""

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.flows import reauthorise as flow

app = App(name="accounts", help="Source accounts: have one authorised again.")


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
