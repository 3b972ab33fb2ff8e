"""What banks tell during the day, camt.052, camt.054 and MT942: delivered once, though the day's statement says it again."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from bankfeeds.domain.statement_file import Proof
from bankfeeds.flows import take_file
from bankfeeds.flows.take_file import Planned
from bankfeeds.readers import original, read_drafts

from ...readers import documents, swift
from ...readers.documents import Booked, bal, ntry, stmt

IBAN = "GB83DEMO11223310203041"
OPENING = Decimal("250.75")
PENDING = ntry("5.00", status="<Sts><Cd>PDNG</Cd></Sts>")
ROOTS = {"camt.052": ("BkToCstmrAcctRpt", "Rpt"), "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
Lines = Sequence[Booked]


def booked() -> list[Booked]:
    """Four lines a day for six days."""
    return [
        Booked(
            on=date(2026, 2, 20) + timedelta(days=number // 4),
            amount=Decimal(100 + 7 * number) / 100 * (1 if number % 3 else -1),
            text=f"CARD PAYMENT {number}",
            bank_reference=f"B{number:05d}",
        )
        for number in range(24)
    ]


def after(lines: Lines) -> Decimal:
    return OPENING + sum((line.amount for line in lines), Decimal(0))


def camt(kind: str, *parts: str) -> str:
    root, name = ROOTS[kind]
    text = documents.document(stmt(*parts, iban=IBAN))
    for ours, theirs in (("camt.053", kind), ("BkToCstmrStmt", root), ("Stmt>", f"{name}>")):
        text = text.replace(ours, theirs)
    return text


def camt052(before: Lines, lines: Lines) -> str:
    balances = bal("OPBD", after(before)), bal("ITBD", after([*before, *lines]))
    return camt("camt.052", *balances, *map(documents.entry, lines), PENDING)


def camt054(_before: Lines, lines: Lines) -> str:
    return camt("camt.054", *map(documents.entry, lines), PENDING)


def mt942(_before: Lines, lines: Lines) -> str:
    head = [":20:S1", f":25:{IBAN}", ":28C:1/1", ":34F:GBP0,", ":13D:2603021200+0000"]
    return "\r\n".join([*head, *map(swift.entry, lines), ":90D:0GBP0,", ":90C:0GBP0,", "-", ""])


def of_the_day(lines: Lines) -> str:
    return documents.document(
        stmt(bal("OPBD", OPENING), bal("CLBD", after(lines)), *map(documents.entry, lines), iban=IBAN)
    )


def take(platform: Any, text: str) -> Planned:
    """As `bankfeeds import` does, with somebody's word for what a file cannot prove."""
    content = BytesIO(text.encode())
    file = original(content, "file")
    drafts = list(read_drafts(content, "file"))
    plans = take_file.look(platform.world, file, drafts, take_file.by_number)
    for taking in take_file.put_down(platform.world, "operator:test", plans, "told during the day"):
        for operation in take_file.take(platform.world, "operator:test", taking):
            platform.run()
            assert platform.operation(operation).status.value == "Success"
    (plan,) = plans
    return plan


def sent(platform: Any) -> list[tuple[str, Decimal]]:
    batches = [offer.batch.columns for offer in platform.sage.offers]
    return [(day, Decimal(amount)) for each in batches for day, amount in zip(each.days, each.amounts, strict=True)]


@pytest.mark.parametrize(
    ("write", "proof", "pending"),
    [(camt052, Proof.proved, 1), (camt054, Proof.unproved, 1), (mt942, Proof.unproved, 0)],
    ids=["camt052", "camt054", "mt942"],
)
def test_what_is_told_during_the_day_is_delivered_once(
    platform: Any, write: Callable[[Lines, Lines], str], proof: Proof, pending: int
) -> None:
    platform.link()
    lines = booked()

    first = take(platform, write([], lines[:16]))
    assert (len(first.sorted.new), first.lines.proof, first.lines.pending) == (16, proof, pending)
    assert first.is_held == (proof is not Proof.proved), "nobody takes it unawares"
    delivered = [line.id for line in first.sorted.new]
    assert platform.sage.stored["ba-1"] == delivered

    again = take(platform, write([], lines[:16])).sorted
    assert (again.new, again.known) == ((), 16), "the same file again"

    overlapping = take(platform, write(lines[:8], lines[8:])).sorted
    assert (len(overlapping.new), overlapping.known) == (8, 8)
    delivered += [line.id for line in overlapping.new]
    assert platform.sage.stored["ba-1"] == delivered

    statement = take(platform, of_the_day(lines))
    assert statement.lines.proof is Proof.proved
    assert (statement.sorted.new, statement.sorted.known, statement.sorted.late) == ((), 24, ())
    assert platform.sage.stored["ba-1"] == delivered
    assert sent(platform) == [(line.on.isoformat(), line.amount) for line in lines]
