"""`bankfeeds late`: lines that came too late for their place, and what somebody decides on them."""

from collections.abc import Sequence
from typing import Literal

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.domain.late_line import LateLine
from bankfeeds.flows import late_queue as flow

app = App(name="late", help="Late lines: those that wait for somebody to present or drop them.")
LINES_SHOWN_MAX = 200


@app.command(name="list")
def list_(account: str | None = None, *, json: bool = False) -> None:
    """List the accounts with late lines that wait, or the late lines of one account, those decided on too.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        json: for programs.
    """
    with opening.world() as world:
        if account is None:
            _show_queues(flow.queues(world), as_json=json)
        else:
            _show_lines(flow.of_account(world, account).lines, as_json=json)


@app.command
def present(account: str, *lines: str, reason: str) -> None:
    """Send late lines that wait: as lines of today, with their own date before the text.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        lines: their ids; all that wait if none is named.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        operations = flow.present(world, opening.actor(), account, lines, reason)
    for each in operations:
        count = 0 if each.first_seq is None or each.last_seq is None else each.last_seq - each.first_seq + 1
        output.show_line(f"{count} lines are presented on {each.balance_on}: push operation {each.key}")


@app.command
def drop(account: str, *lines: str, reason: str) -> None:
    """Never send late lines that wait. This is not undone.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        lines: their ids; all that wait if none is named.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        dropped = flow.drop(world, opening.actor(), account, lines, reason)
    output.show_line(f"{len(dropped)} late lines are dropped, and will never be sent")


@app.command(name="set")
def set_(account: str, what: Literal["present", "wait"], *, reason: str) -> None:
    """Have the late lines of an account presented as they come, or wait. What waits now goes on waiting.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        what: present them on the day they come, with their own date in the text; or let them wait.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        changed = flow.change(world, opening.actor(), account, reason, presents=what == "present")
    name = f"{changed.connection_id}/{changed.id}"
    if changed.presents_late:
        output.show_line(f"{name}: late lines are presented on the day they come, with their own date in the text")
    else:
        output.show_line(f"{name}: late lines of files wait; in a push they are refused")


def _show_queues(queues: list[flow.Queue], *, as_json: bool) -> None:
    if as_json:
        output.show_json([output.fields_of(each) for each in queues])
        return
    rows = [(each.external_id, str(each.count), f"{each.oldest_on}", output.instant(each.since)) for each in queues]
    output.show_table(("account", "lines", "oldest day", "waiting since"), rows)


def _show_lines(lines: Sequence[LateLine], *, as_json: bool) -> None:
    if as_json:
        output.show_json([output.fields_of(each) for each in lines])
        return
    columns = ("line", "day", "amount", "text", "state", "presented on", "by", "reason")
    output.show_table(columns, [_row(each) for each in lines[:LINES_SHOWN_MAX]])
    if len(lines) > LINES_SHOWN_MAX:
        output.show_line(f"and {len(lines) - LINES_SHOWN_MAX} more; --json has all")


def _row(late: LateLine) -> tuple[str, ...]:
    on, by = f"{late.presented_on or ''}", late.ended_by or late.by
    return late.id, f"{late.on}", f"{late.amount}", late.description or "", late.state.value, on, by, late.reason or ""
