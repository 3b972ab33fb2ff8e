"""Order, running balances and proof: of one statement, and of an account's statements joined."""

from datetime import date
from decimal import Decimal

import pytest

from bankfeeds.domain.statement_file import AccountLines, FileStatement, Proof
from bankfeeds.readers import accounts_of

from .documents import Booked, bal, document, entry, ntry, read, stmt


def booked(day: int, amount: str, text: str = "") -> str:
    return entry(Booked(date(2026, 11, day), Decimal(amount), text))


def statement_of(*parts: str) -> FileStatement:
    (statement,) = read(document(stmt(*parts))).statements
    return statement


def joined(*statements: str) -> AccountLines:
    (account,) = accounts_of(read(document(*statements)))
    return account


def test_lines_are_oldest_first_and_keep_the_files_order_within_a_day():
    statement = statement_of(booked(5, "1", "a"), booked(3, "2", "b"), booked(5, "4", "c"), booked(3, "8", "d"))
    assert [line.description for line in statement.lines] == ["b", "d", "a", "c"]
    assert [line.balance for line in statement.lines] == [2, 10, 11, 15]


def test_balances_run_from_the_opening_one_and_may_be_overdrawn():
    statement = statement_of(bal("OPBD", "-5.00"), bal("CLBD", "-7.00"), booked(3, "10.00"), booked(4, "-12.00"))
    assert [line.balance for line in statement.lines] == [Decimal("5.00"), Decimal("-7.00")]
    assert (statement.proof, statement.warnings) == (Proof.proved, ())


def test_without_an_opening_balance_they_are_computed_back_from_the_closing_one():
    statement = statement_of(bal("CLBD", "100.00"), booked(3, "10.00"), booked(4, "-2.50"))
    assert [line.balance for line in statement.lines] == [Decimal("102.50"), Decimal("100.00")]
    assert statement.proof is Proof.unproved
    assert statement.warnings[0].startswith("unproved: no opening booked balance")


def test_without_any_balance_they_start_at_nought_and_say_so():
    statement = statement_of(booked(3, "10.00"))
    assert statement.lines[0].balance == Decimal("10.00")
    assert (statement.proof, len(statement.warnings)) == (Proof.unproved, 1)
    assert statement.warnings[0].startswith("unproved: no opening and no closing booked balance")


def test_balances_that_do_not_add_up_are_told_with_both_figures_and_the_difference():
    statement = statement_of(bal("OPBD", "100.00"), bal("CLBD", "150.00"), booked(3, "10.00"))
    assert statement.proof is Proof.failed
    (warning,) = statement.warnings
    assert warning == (
        "the balances do not add up: opening 100.00 plus lines 10.00 is 110.00 GBP, "
        "but the closing balance is 150.00 (difference 40.00)"
    )
    assert statement.lines[0].balance == Decimal("110.00")


def test_entries_held_back_do_not_count_in_the_proof():
    pending = ntry("50.00", status="<Sts>PDNG</Sts>")
    statement = statement_of(bal("OPBD", "1.00"), bal("CLBD", "2.00"), pending, booked(3, "1.00"))
    assert (statement.proof, statement.pending) == (Proof.proved, 1)


def test_the_earliest_opening_and_the_latest_closing_balance_count():
    days = [
        bal("CLBD", "3.00", "2026-11-04"),
        bal("OPBD", "2.00", "2026-11-04"),
        bal("CLBD", "2.00", "2026-11-03"),
        bal("OPBD", "1.00", "2026-11-03"),
    ]
    assert statement_of(*days, booked(3, "1.00"), booked(4, "1.00")).proof is Proof.proved


def day(number: int, opening: str, amount: str) -> str:
    closing = Decimal(opening) + Decimal(amount)
    balances = bal("OPBD", opening, f"2026-11-{number:02d}") + bal("CLBD", closing, f"2026-11-{number:02d}")
    return stmt(balances, booked(number, amount), name=f"S{number}")


def test_an_accounts_statements_join_into_one_chain_oldest_first_whatever_the_files_order():
    account = joined(day(4, "110", "-30"), day(3, "100", "10"), day(5, "80", "1"))
    assert [(line.date.day, line.balance) for line in account.lines] == [(3, 110), (4, 80), (5, 81)]
    assert (account.proof, account.warnings) == (Proof.proved, ())
    assert account.opening is not None
    assert account.closing is not None
    assert (account.opening.amount, account.closing.amount) == (100, 81)


def test_a_line_booked_late_falls_into_its_day_and_the_balances_follow():
    late = bal("OPBD", "110", "2026-11-04") + bal("CLBD", "115", "2026-11-04") + booked(2, "5", "late")
    account = joined(day(3, "100", "10"), stmt(late, name="S4"))
    assert [(line.date.day, line.balance) for line in account.lines] == [(2, 105), (3, 115)]


def test_a_missing_statement_breaks_the_chain_with_a_warning_and_leaves_each_its_balances():
    account = joined(day(3, "100", "10"), day(5, "80", "1"))
    assert [line.balance for line in account.lines] == [110, 81]
    assert account.proof is Proof.failed
    assert account.warnings == (
        "statement S5 opens with 80, but statement S3 closes with 110: a statement between them may be missing",
    )


def test_statements_without_balances_run_on_from_nought():
    account = joined(stmt(booked(3, "1"), name="A"), stmt(booked(4, "2"), name="B"))
    assert [line.balance for line in account.lines] == [1, 3]
    assert account.proof is Proof.unproved


def test_a_statement_that_stands_twice_in_a_file_is_taken_once():
    account = joined(day(3, "100", "10"), day(3, "100", "10"))
    assert len(account.lines) == 1
    assert account.warnings == ("statement S3 stands in the file more than once; it was taken once",)


def test_two_pages_of_one_statement_are_both_taken():
    assert len(joined(stmt(booked(3, "1"), name="A"), stmt(booked(3, "2"), name="A")).lines) == 2


@pytest.mark.parametrize("amount", ["0.00001", "9999999999999.99999"])
def test_running_balances_are_exact(amount: str):
    statement = statement_of(bal("OPBD", "0.1"), booked(3, amount), booked(4, "-0.1"))
    assert statement.lines[-1].balance == Decimal(amount)
