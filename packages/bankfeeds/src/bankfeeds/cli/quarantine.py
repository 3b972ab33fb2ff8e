"""`bankfeeds quarantine` and `bankfeeds trace`: pushes held before they are sent; where a line came from and went."""

import sys

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.flows import quarantine as flow
from bankfeeds.flows import trace as tracing
from bankfeeds.store.quarantine import Hold
from bankfeeds.web.reconciliation.ignored import ignored

app = App(name="quarantine", help="Quarantine: pushes held before they are sent; released, or dropped.")


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List what is held now, oldest first.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = flow.every(world)
    if json:
        output.show_json([output.fields_of(each) for each in found])
        return
    rows = [
        (each.push_key, each.external_id, _count(each), output.instant(each.at), each.by, each.reason) for each in found
    ]
    output.show_table(("push", "account", "lines", "since", "by", "reason"), rows)


@app.command
def hold(push: str, *, reason: str) -> None:
    """Hold what of a push was not sent yet. What follows it in the account waits behind it.

    Args:
        push: the key of the push operation.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        held = flow.hold(world, opening.actor(), push, reason)
    output.show_line(f"{_count(held)} lines of account {held.external_id} are held; release them, or drop them")


@app.command
def release(push: str, *, reason: str) -> None:
    """Let a held push go on its way.

    Args:
        push: the key of the push operation.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        held = flow.release(world, opening.actor(), push, reason)
    output.show_line(f"{_count(held)} lines of account {held.external_id} go on their way")


@app.command
def drop(push: str, *, reason: str) -> None:
    """Never send what is held of a push; its operation ends as failed. This is not undone.

    Args:
        push: the key of the push operation.
        reason: why, for the audit trail; each line that Sage lacks shows it in a reconciliation.
    """
    with opening.world() as world:
        held = flow.drop(world, opening.actor(), push, reason)
    output.show_line(f"{_count(held)} lines of account {held.external_id} are dropped, and will never be sent")


@app.command
def ignore(push: str) -> None:
    """Print what of a push is in Sage as CSV: for the accountant who is to ignore these lines there.

    Args:
        push: the key of the push operation.
    """
    with opening.world() as world:
        found = tracing.in_sage(world, push)
    sys.stdout.write(ignored(found))


def trace(account: str, line: str, *, json: bool = False) -> None:
    """Tell which push and file brought a line, and what became of it in each feed.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        line: the line's id, as the institution gave it.
        json: for programs.
    """
    with opening.world() as world:
        found = tracing.line(world, account, line)
    feeds = [output.fields_of(each) for each in found.feeds]
    if json:
        file = {"id": found.file.id, "name": found.file.original.name} if found.file else None
        late = {"on": found.late.on, "description": found.late.description} if found.late else None
        told = {"push": found.push, "pushedAt": found.pushed_at, "file": file, "late": late, "feeds": feeds}
        output.show_json({**found.line._asdict(), **told})
        return
    pushed_at = "" if found.pushed_at is None else output.instant(found.pushed_at)
    output.show_line(f"{found.line.on} {found.line.amount} {found.line.description}")
    if found.late is not None:
        output.show_line(f"it came late: {found.late.on} {found.late.amount} {found.late.description or ''}")
    output.show_line(f"push {found.push or 'unknown'} {pushed_at}".rstrip())
    if found.file is not None:
        output.show_line(f"file {found.file.id} {found.file.original.name}")
    rows = [
        (each.listing, each.bank_account_id, each.state, str(each.statement or ""), each.reason or "")
        for each in found.feeds
    ]
    output.show_table(("listing", "bank account", "state", "statement", "reason"), rows)


def _count(held: Hold) -> str:
    return str(held.last_seq - held.first_seq + 1)
