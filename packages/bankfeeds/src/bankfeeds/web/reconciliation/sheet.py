"""A reconciliation as CSV: a row a day, a gap, a difference, a feed and a line that Sage has not got."""

import csv
import io
from collections.abc import Iterator

from bankfeeds.domain.balance_proof import FeedProof
from bankfeeds.flows.reconcile import Reconciled

COLUMNS: tuple[str, ...] = (
    "account", "verdict", "row", "feed", "day", "line", "push", "lines",
    "opening", "total", "closing", "stated", "difference", "reason",
)  # fmt: skip
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are the wide ones of East Asian keyboards."""


def sheet(found: list[Reconciled]) -> str:
    """Amounts as decimal text. Texts of others' that a spreadsheet would run begin with an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for each in found:
        head: dict[str, object] = {"account": plain(each.account.id), "verdict": each.verdict.value}
        writer.writerows(head | row for row in _rows(each))
    return text.getvalue()


def _rows(found: Reconciled) -> Iterator[dict[str, object]]:
    if not found.proof.days:
        yield {"row": "account", "lines": 0, "reason": "no lines"}
    for day in found.proof.days:
        yield {
            "row": "day", "day": day.on, "lines": day.count, "opening": day.opening, "total": day.total,
            "closing": day.closing, "stated": found.stated.get(day.on, ""), "difference": day.missing,
        }  # fmt: skip
    for gap in found.gaps:
        yield {
            "row": "gap", "day": gap.gap.on, "line": plain(gap.line_id), "push": gap.push or "",
            "opening": gap.gap.expected, "closing": gap.gap.found, "difference": gap.gap.missing,
            "reason": plain(gap.why),
        }  # fmt: skip
    for late in found.waiting:
        yield {
            "row": "late", "day": late.on, "line": plain(late.id), "lines": 1, "total": late.amount,
            "reason": "came late and waits for somebody to present or drop it",
        }  # fmt: skip
    for each in found.proof.disagreements:
        yield {
            "row": "stated", "day": each.on, "closing": each.by_lines, "stated": each.stated,
            "difference": each.missing, "reason": "the institution states another closing balance",
        }  # fmt: skip
    for feed in found.feeds:
        yield from _feed_rows(feed)


def _feed_rows(feed: FeedProof) -> Iterator[dict[str, object]]:
    name: dict[str, object] = {"feed": plain(feed.bank_account_id)}
    yield {**name,
        "row": "feed", "day": feed.settled_on or "", "lines": feed.accepted_count, "opening": feed.opening,
        "total": feed.accepted_total, "closing": feed.running, "stated": feed.closing, "difference": feed.missing,
        "reason": "accepted by Sage; stated: the institution's balance",
    }  # fmt: skip
    if feed.withheld_count:
        reason = f"withheld: dated before the start date {feed.start_on}"
        yield {**name,
            "row": "withheld", "lines": feed.withheld_count, "total": feed.withheld_total, "reason": reason
        }  # fmt: skip
    if feed.waiting_count:
        yield {**name, "row": "waiting", "lines": feed.waiting_count, "total": feed.waiting_total, "reason": "waits"}
    for line in feed.skipped:
        yield {**name,
            "row": "skipped", "day": line.on, "line": plain(line.id), "lines": 1, "total": line.amount,
            "difference": line.amount, "reason": plain(line.reason),
        }  # fmt: skip


def plain(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) else text
