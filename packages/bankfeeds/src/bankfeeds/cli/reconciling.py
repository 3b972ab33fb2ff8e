"""`bankfeeds reconcile` and `bankfeeds balances`: the proof of balances, and what it is held against."""

import csv
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.balance_proof import FeedProof, Verdict
from bankfeeds.flows import reconcile as flow
from bankfeeds.flows.reconcile import Reconciled
from bankfeeds.web.reconciliation.paper import paper
from bankfeeds.web.reconciliation.sheet import sheet

DONE, REFUSED = 0, 1
COLUMNS = ("account", "date", "balance")
FILE_BYTES_MAX = 64 * 1024 * 1024


def reconcile(
    account: str | None = None, *, csv: Path | None = None, html: Path | None = None, json: bool = False
) -> int:
    """Prove balances: of an account, or of the first thousand. Exit code 1: at least one failed.

    Args:
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        csv: file to write it to day by day, for spreadsheets.
        html: file to write it to for printing.
        json: for programs.
    """
    with opening.world() as world:
        found = [flow.reconcile(world, account)] if account else flow.every(world)
    if csv is not None:
        _write(csv, sheet(found))
    if html is not None:
        _write(html, paper("Bankfeeds", found))
    if json:
        output.show_json([_fields(each) for each in found])
    else:
        output.show_table(("account", "external id", "verdict", "why"), [_row(each) for each in found])
    return REFUSED if any(each.verdict is Verdict.failed for each in found) else DONE


def balances(file: Path) -> None:
    """State the institution's own closing balances, from a CSV file with the columns account, date and balance.

    Args:
        file: its first line names the columns; account as `reconcile` takes it, date as 2026-02-28, balance as -12.50.
    """
    given = read(file)
    with opening.world() as world:
        for name, days in given.items():
            pairs = list(days.items())
            for at in range(0, len(pairs), flow.CLOSINGS_MAX):
                flow.state(world, opening.actor(), name, dict(pairs[at : at + flow.CLOSINGS_MAX]))
    count = sum(len(days) for days in given.values())
    output.show_line(f"{count} closing balances of {len(given)} accounts stated; `bankfeeds reconcile` compares them")


def read(file: Path) -> dict[str, dict[date, Decimal]]:
    """By account and day. Nothing is taken of a file in which anything is wrong."""
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise WrongUsage(f"{file}: larger than {FILE_BYTES_MAX} bytes; split it")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WrongUsage(f"{file}: not UTF-8 text; save it as CSV in UTF-8") from None
    rows = csv.DictReader(text.splitlines(), strict=True)
    given: dict[str, dict[date, Decimal]] = {}
    try:
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise WrongUsage(f"{file}: the first line must be {','.join(COLUMNS)}")
        for row in rows:
            try:
                on, balance = date.fromisoformat(row["date"]), Decimal(row["balance"])
            except (ValueError, TypeError, InvalidOperation):
                told = "date must be as 2026-02-28 and balance as -12.50"
                raise WrongUsage(f"{file}, line {rows.line_num}: {told}") from None
            given.setdefault(row["account"], {})[on] = balance
    except csv.Error as error:
        raise WrongUsage(f"{file}, line {rows.line_num}: {error}") from None
    if not given:
        raise WrongUsage(f"{file}: no closing balances in it")
    return given


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from None


def _row(found: Reconciled) -> tuple[str, str, str, str]:
    account = found.account
    return f"{account.connection_id}/{account.id}", account.external_id, found.verdict.value, _why(found)


def _why(found: Reconciled) -> str:
    proof = found.proof
    told: list[str] = []
    if found.verdict is Verdict.unproved:
        told.append("the lines carry no balances; state closing balances" if proof.days else "no lines")
    open_gaps = [each for each in found.gaps if not each.late]
    if open_gaps:
        gap, count = open_gaps[0], len(proof.gaps) - found.explained
        more = f", and {count - 1} more" if count > 1 else ""
        told.append(f"{gap.gap.missing} missing before line {gap.line_id} of {gap.gap.on}{more}")
    if proof.has_turned_signs:
        told.append("with every sign turned round the balances add up")
    told += [f"{each.on}: {each.by_lines} by the lines, {each.stated} stated" for each in proof.disagreements[:1]]
    told += [_feed(feed) for feed in found.feeds if feed.missing]
    if found.waiting:
        total = sum((line.amount for line in found.waiting), Decimal(0))
        told.append(f"{len(found.waiting)} late lines wait, {total}: bankfeeds late list")
    return "; ".join(told) or f"{len(proof.days)} days"


def _feed(feed: FeedProof) -> str:
    skipped = f", {len(feed.skipped)} lines skipped" if feed.skipped else ""
    return f"Sage's {feed.bank_account_id} lacks {feed.missing}{skipped}"


def _fields(found: Reconciled) -> dict[str, object]:
    account = found.account
    return {
        "account": account.id,
        "connection": account.connection_id,
        "externalId": account.external_id,
        "currency": account.currency,
        "verdict": found.verdict.value,
        "days": [output.fields_of(day) | {"missing": day.missing} for day in found.proof.days],
        "gaps": [
            {
                "line": gap.line_id,
                "push": gap.push,
                **output.fields_of(gap.gap),
                "missing": gap.gap.missing,
                "late": [line.id for line in gap.late],
            }
            for gap in found.gaps
        ],
        "lateWaiting": [output.fields_of(line) for line in found.waiting],
        "disagreements": [output.fields_of(each) for each in found.proof.disagreements],
        "feeds": [
            {**output.fields_of(feed), "breaks": len(feed.breaks), "running": feed.running, "missing": feed.missing}
            for feed in found.feeds
        ],
    }
