"""The bank's file that the demo sends: every format, what is asked of the user, and what is said instead of guessing."""

import gzip
import re
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from bankfeeds.demo import journey
from bankfeeds.demo.bank_file import NAMELESS, Asked, opened
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.demo.show import Row, Screen
from bankfeeds.domain.statement_file import Proof, UnreadableFile
from bankfeeds.readers import accounts_of
from bankfeeds.readers.csv_profile import write_profile
from bankfeeds.readers.csv_suggest import suggest

from ..readers import swift, test_bai2, test_ofx
from ..readers.documents import Booked, document, statement_of

ON = date(2026, 2, 14)
LINES = [Booked(ON, Decimal("-3.50"), "Coffee"), Booked(ON, Decimal("20.00"), "Till")]
CSV = "Date;Text;Amount;Balance\n01/02/2026;Flour;-120,50;879,50\n14/02/2026;Till;350,00;1.229,50\n"
OPEN = "Date,Text,Amount\n01/02/2026,Flour,-120.50\n03/02/2026,Till,350.00\n"


@pytest.fixture
def read(tmp_path):
    """The accounts of a text, and what was said meanwhile. `answer` is the user's; None where there is no terminal."""

    def read(text, name="mine.txt", answer=None, **said):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        console = Console(file=StringIO(), width=200, soft_wrap=True)
        ask = None if answer is None else lambda _question: answer
        found = accounts_of(opened(Screen(console), Asked(path, **said), ask))
        return found, console.file.getvalue()

    return read


@pytest.mark.parametrize(
    ("text", "form", "proof"),
    [
        (document(statement_of(LINES)), "camt", Proof.proved),
        (swift.message(LINES), "MT940", Proof.proved),
        (
            test_bai2.document([Booked(ON, Decimal(-350), "Coffee"), Booked(ON, Decimal(2000), "Till")]),
            "BAI2",
            Proof.proved,
        ),
        (test_ofx.document(test_ofx.statement(*map(test_ofx.transaction, LINES))), "OFX", Proof.unproved),
        (gzip.compress(document(statement_of(LINES)).encode()), "gzip", Proof.proved),
    ],
    ids=["camt", "MT940", "BAI2", "OFX", "gzip"],
)
def test_every_format_is_read_by_itself(read, text, form, proof):
    (account,), told = read(text)
    assert f"Format: {form}" in told
    assert [line.amount for line in account.lines] == [Decimal("-3.50"), Decimal("20.00")]
    assert account.proof is proof


@pytest.mark.parametrize("said", [{"answer": "y"}, {"answer": " Y "}, {"is_sure": True}])
def test_csv_is_told_plainly_and_read_once_somebody_agrees(read, said):
    (account,), told = read(CSV, currency="EUR", **said)
    assert "the day is in 'Date'; the amount is in 'Amount'; the balance is in 'Balance'; the text is in 'Text'" in told
    assert "a day is written as day, month, year" in told
    assert "the decimal sign is a comma" in told
    assert f"here it is called {NAMELESS}" in told
    assert (account.account.id, account.account.currency, account.proof) == (NAMELESS, "EUR", Proof.proved)
    assert account.opening.currency == "EUR"


@pytest.mark.parametrize("answer", [None, "n", ""])
def test_csv_that_nobody_agreed_to_is_refused_with_the_next_command(read, answer, tmp_path):
    with pytest.raises(DemoFailed) as caught:
        read(CSV, answer=answer, currency="EUR")
    assert f"bankfeeds demo --statement {tmp_path}/mine.txt --yes" in str(caught.value)
    assert f"bankfeeds csv-profile {tmp_path}/mine.txt > profile.json" in str(caught.value)


def test_what_a_csv_file_leaves_open_is_not_guessed_and_a_profile_says_it(read, tmp_path):
    with pytest.raises(DemoFailed) as caught:
        read(OPEN, is_sure=True, currency="EUR")
    assert "leaves open what is marked SET IT YOURSELF" in str(caught.value)
    assert "--yes" not in str(caught.value)
    profile = tmp_path / "profile.json"
    profile.write_bytes(
        write_profile(suggest(OPEN.encode()).profile).replace(b'"date_order": null', b'"date_order": "dmy"')
    )
    (account,), told = read(OPEN, profile=profile, currency="EUR")
    assert [line.date for line in account.lines] == [date(2026, 2, 1), date(2026, 2, 3)]
    assert "how it would be read" not in told


@pytest.mark.parametrize(
    ("text", "said", "told"),
    [
        (CSV, {"is_sure": True}, "add --currency GBP"),
        (CSV, {"currency": "XXX"}, "expected an ISO 4217 code"),
        (CSV, {"encoding": "klingon"}, "--encoding klingon: expected one of"),
        ("Date,Text\n1,a\n2,b\n", {"is_sure": True}, "no column has a day in every row"),
    ],
)
def test_what_is_missing_is_named_with_its_option(read, text, said, told):
    with pytest.raises(DemoFailed, match=re.escape(told)):
        read(text, **said)


def test_no_statement_and_no_file_are_refused(read, tmp_path):
    with pytest.raises(UnreadableFile, match="this is no statement file"):
        read("hello")
    with pytest.raises(UnreadableFile, match="it cannot be read"):
        opened(Screen(), Asked(tmp_path / "nothing.xml"), None)


def test_a_line_of_the_future_is_refused_before_anything_starts(read):
    (account,), _ = read(document(statement_of(LINES)))
    journey.check_days([account], ON)
    with pytest.raises(DemoFailed, match="2026-02-14 Till: this day is in the future"):
        journey.check_days([account], ON - timedelta(days=2))


def test_a_day_that_closes_otherwise_in_sage_is_named(read):
    (account,), _ = read(document(statement_of(LINES)))
    rows = [Row(str(n), str(line.date), line.description, line.amount, "") for n, line in enumerate(account.lines)]
    assert journey.closing_gaps(account.lines, rows) == []
    assert journey.closing_gaps(account.lines, rows[:1]) == [(ON, Decimal("116.50"), Decimal("96.50"))]
