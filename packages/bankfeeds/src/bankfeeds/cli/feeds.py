"""`bankfeeds feeds`: how each feed stands, and what an operator may do to one that stands still."""

from datetime import datetime
from typing import Annotated, Any

from cyclopts import App, Parameter

from bankfeeds.cli import opening, output
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.domain.feed_view import FeedView, StatementView
from bankfeeds.flows import operate, overview

app = App(name="feeds", help="Feeds: how each stands; resume, skip a line, send lines again.")


@app.command(name="list")
def list_(*, parked: bool = False, json: bool = False) -> None:
    """List the feeds that are not closed, in the order they were opened.

    Args:
        parked: only those that stand still until an operator decides.
        json: for programs.
    """
    with opening.world() as world:
        found = overview.feeds(world, parked_only=parked)
        now = world.clock()
    if json:
        output.show_json([_fields(feed) for feed in found])
        return
    rows = [
        (
            str(feed.number),
            feed.bank_account_id,
            feed.listing,
            f"{feed.connection_id}/{feed.account_id}",
            state_of(feed),
            str(feed.lines_waiting),
            output.age(feed.oldest_waiting_at, now),
        )
        for feed in found
    ]
    output.show_table(("number", "bank account", "listing", "account", "state", "waiting", "oldest"), rows)


@app.command
def show(feed: str, *, json: bool = False) -> None:
    """Show one feed: its state, what waits, why it stands still and what to do, its latest statements and gaps.

    Args:
        feed: Sage's bank account id, or the number that `feeds list` shows.
        json: for programs.
    """
    with opening.world() as world:
        found = overview.feed(world, feed)
        now = world.clock()
    if json:
        output.show_json(_detail_fields(found))
        return
    output.show_table(("field", "value"), _rows(found, now))
    if found.statements:
        output.show_line("")
        output.show_table(
            ("statement", "kind", "status", "lines", "offers", "made", "what Sage said against it"),
            [_statement_row(each) for each in found.statements],
        )
    if found.marks:
        output.show_line("")
        rows = [(mark.line, str(mark.seq), mark.mark, mark.reason, output.instant(mark.at)) for mark in found.marks]
        output.show_table(("line", "place", "settled apart", "why", "when"), rows)


@app.command
def resume(feed: str, *, reason: str) -> None:
    """Offer the line at which a feed is parked to Sage once more.

    Args:
        feed: Sage's bank account id, or its number.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        done = operate.resume(world, opening.actor(), feed, reason)
    _tell(done, "goes on, beginning with what it was parked at")


@app.command
def skip(feed: str, *, line: str, reason: str) -> None:
    """Leave out the line at which a feed is parked, for good; its push operation fails, and the rest goes on.

    Args:
        feed: Sage's bank account id, or its number.
        line: the transaction's id; only the one at which the feed is parked.
        reason: why, for the audit trail and for the institution, which sees it on the push operation.
    """
    with opening.world() as world:
        done = operate.skip(world, opening.actor(), feed, line, reason)
    _tell(done, f"goes on behind {line}, which stays a gap there")


@app.command
def resend(feed: str, *, from_: Annotated[str, Parameter(name="--from")], reason: str) -> None:
    """Offer lines to Sage again that it has lost: this one and all that follow it, but for skipped ones.

    What Sage still has it refuses as known, and that is passed.

    Args:
        feed: Sage's bank account id, or its number.
        from_: the id of the first transaction to send again.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        done = operate.resend(world, opening.actor(), feed, from_, reason)
    _tell(done, f"sends everything from {from_} on again")


def _tell(feed: FeedView, what: str) -> None:
    """And what still stands in its way, if anything does."""
    output.show_line(f"feed {feed.bank_account_id} {what}")
    if feed.next_step is not None:
        output.show_line(feed.next_step)


def state_of(feed: FeedView) -> str:
    words: list[str] = [feed.status.value]
    if feed.is_paused:
        words.append("paused")
    if feed.needs_reauthorisation and feed.status is not FeedStatus.closed:
        words.append("waits for its user")
    return ", ".join(words)


def _fields(feed: FeedView) -> dict[str, Any]:
    return {**output.fields_of(feed), "linesWaiting": feed.lines_waiting}


def _detail_fields(found: overview.FeedDetail) -> dict[str, Any]:
    whole = _fields(found.feed)
    if found.feed.next_step is not None:
        whole["nextStep"] = found.feed.next_step
    if found.in_flight is not None:
        whole["inFlight"] = output.fields_of(found.in_flight)
    whole["statements"] = [output.fields_of(each) for each in found.statements]
    whole["marks"] = [output.fields_of(each) for each in found.marks]
    whole["pauses"] = [output.fields_of(each) for each in found.pauses]
    return whole


def _rows(found: overview.FeedDetail, now: datetime) -> list[tuple[str, str]]:
    feed = found.feed
    told = [
        ("number", str(feed.number)),
        ("bank account at Sage", feed.bank_account_id),
        ("listing", feed.listing),
        ("company", feed.company_id),
        ("account", f"{feed.connection_id}/{feed.account_id}"),
        ("external id", feed.external_id),
        ("state", state_of(feed)),
        ("opened", output.instant(feed.opened_at)),
        ("closed", f"{output.instant(feed.closed_at)}: {feed.close_cause}" if feed.closed_at else ""),
        ("start date chosen in Sage", str(feed.start_on) if feed.start_on else "not known yet"),
        ("settled up to place", f"{feed.cursor} of {feed.last_seq}"),
        ("lines waiting", str(feed.lines_waiting)),
        ("oldest has waited", output.age(feed.oldest_waiting_at, now)),
        ("in flight", _shown(found.in_flight)),
        ("parked since", output.instant(feed.parked_at) if feed.parked_at else ""),
        ("parked at line", feed.parked_line or ""),
        ("cause", feed.parked_cause or ""),
        *((f"paused ({pause.scope})", f"by {pause.by}: {pause.reason}") for pause in found.pauses),
        ("next step", feed.next_step or ""),
    ]
    return [(name, value) for name, value in told if value]


def _shown(statement: StatementView | None) -> str:
    if statement is None:
        return ""
    return f"statement {statement.number} ({statement.kind}), {_span(statement)}, {statement.status}"


def _span(statement: StatementView) -> str:
    if statement.first_seq is None:
        return "no lines"
    return f"{statement.line_count} lines, places {statement.first_seq} to {statement.last_seq}"


def _statement_row(statement: StatementView) -> tuple[str, ...]:
    said = "; ".join((statement.refusal, *statement.problems)) if statement.refusal else ""
    return (
        str(statement.number),
        statement.kind,
        statement.status,
        _span(statement),
        str(statement.offers),
        output.instant(statement.created_at),
        said,
    )
