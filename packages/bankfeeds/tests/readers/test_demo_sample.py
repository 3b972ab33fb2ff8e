"""The statement that the demo sends: read, checked by a second reading with another parser, and plausible."""

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

from bankfeeds.domain.statement_file import Proof
from bankfeeds.domain.transaction import TYPES
from bankfeeds.readers import accounts_of, read_statement_file

from .documents import NAMESPACE, OWN_SAMPLE


def second_reading() -> tuple[list[Decimal], Decimal, Decimal]:
    """Booked amounts in file order, opening and closing balance, by xml.etree and nothing of ours."""
    names = {"c": NAMESPACE + "08"}
    root = ET.parse(OWN_SAMPLE).getroot()  # noqa: S314 - a file of our own
    amounts: list[Decimal] = []
    for entry in root.iterfind(".//c:Ntry", names):
        if entry.findtext("c:Sts/c:Cd", "", names) == "BOOK":
            amount = Decimal(entry.findtext("c:Amt", "", names))
            amounts.append(amount if entry.findtext("c:CdtDbtInd", "", names) == "CRDT" else -amount)
    balances = {
        balance.findtext("c:Tp/c:CdOrPrtry/c:Cd", "", names): Decimal(balance.findtext("c:Amt", "", names))
        for balance in root.iterfind(".//c:Bal", names)
    }
    return amounts, balances["OPBD"], balances["CLBD"]


def test_reads_the_same_amounts_and_balances_as_a_second_parser():
    (statement,) = read_statement_file(OWN_SAMPLE).statements
    amounts, opening, closing = second_reading()
    assert [line.amount for line in statement.lines] == amounts
    assert len(amounts) == 24
    assert statement.opening is not None
    assert statement.opening.amount == opening
    assert statement.lines[-1].balance == closing == opening + sum(amounts)


def test_is_proved_has_one_pending_entry_and_no_warning():
    (statement,) = read_statement_file(OWN_SAMPLE).statements
    assert (statement.proof, statement.pending, statement.warnings) == (Proof.proved, 1, ())


def test_names_a_british_account_whose_check_digits_are_right():
    (account,) = accounts_of(read_statement_file(OWN_SAMPLE))
    iban = account.account.id
    assert int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4])) % 97 == 1
    assert (account.account.sort_code, account.account.number) == ("000099", "31926819")
    assert (account.account.name, account.account.currency) == ("Harbour Bakery current account", "GBP")
    assert account.account.bank_code == "DEMOGB2LXXX"


def test_lines_are_in_order_within_four_weeks_and_fit_for_sending():
    (account,) = accounts_of(read_statement_file(OWN_SAMPLE))
    days = [line.date for line in account.lines]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (date(2026, 10, 26), date(2026, 11, 20))
    assert len({line.id for line in account.lines}) == 24
    assert all(line.transaction_type in TYPES and line.description for line in account.lines)


def test_shows_what_statements_are_like():
    (statement,) = read_statement_file(OWN_SAMPLE).statements
    told = {(line.description, line.transaction_type, line.counterparty) for line in statement.lines}
    assert ("Wages October (3 transactions)", "Payment", None) in told
    assert ("Returned: account closed", "Credit", "Oven Care Services") in told
    assert ("Rent of 4 Harbour Street", "RepeatPmt", "Quayside Properties Ltd") in told
    assert ("Invoice HB-2081 bread October", "Credit", "The Lighthouse Café") in told
    assert ("CASH MACHINE HARBOUR STREET", "Atm", None) in told
    assert ("INTEREST TO 19 NOV", "Int", None) in told
    assert ("ACCOUNT CHARGE TO 19 NOV", "SerChg", None) in told
    assert [line.description for line in statement.lines].count("Parking") == 2
