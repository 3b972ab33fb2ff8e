"""What is read from a camt.053: entries, texts, parties, references, statuses, currencies, statements."""

from datetime import date
from decimal import Decimal

import pytest

from bankfeeds.domain.statement_file import FileLine, FileStatement, Proof
from bankfeeds.domain.transaction import TYPES
from bankfeeds.readers import accounts_of
from bankfeeds.readers.camt_codes import transaction_type

from .documents import IBAN, bal, details, document, ntry, read, statement_of, stmt, thousand_entries


def only_statement(text: str | bytes) -> FileStatement:
    (statement,) = read(text).statements
    return statement


def only_line(ntry_text: str) -> FileLine:
    (line,) = only_statement(document(stmt(ntry_text))).lines
    return line


@pytest.mark.parametrize("version", [f"{number:02d}" for number in range(2, 15)])
def test_reads_every_version_since_the_second(version: str):
    assert len(only_statement(document(stmt(ntry()), version=version)).lines) == 1


def test_reads_a_document_that_spells_its_namespace_with_a_prefix():
    text = document(stmt(ntry()))
    text = text.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace("<x:?", "<?")
    assert len(only_statement(text.replace("xmlns=", "xmlns:x=")).lines) == 1


def test_reads_a_thousand_entries_to_the_same_sums():
    entries = thousand_entries()
    statement = only_statement(document(statement_of(entries)))
    assert [line.amount for line in statement.lines] == [one.amount for one in entries]
    assert statement.proof is Proof.proved
    assert statement.closing is not None
    assert statement.lines[-1].balance == statement.closing.amount
    assert len({line.id for line in statement.lines}) == 1000


@pytest.mark.parametrize(
    ("amount", "side", "expected"),
    [
        ("0", "DBIT", "0"),
        ("0.00", "CRDT", "0.00"),
        ("12.5", "DBIT", "-12.5"),
        (".5", "CRDT", "0.5"),
        ("7.", "CRDT", "7"),
    ],
)
def test_amounts_are_exact_and_signed_by_the_indicator(amount: str, side: str, expected: str):
    assert str(only_line(ntry(amount, side=side)).amount) == expected


def test_keeps_every_digit_of_a_large_amount():
    assert only_line(ntry("1234567890123456.78")).amount == Decimal("1234567890123456.78")


@pytest.mark.parametrize("status", ["<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>"])
def test_booked_is_understood_in_both_spellings(status: str):
    assert only_line(ntry(status=status)).amount == Decimal("10.00")


@pytest.mark.parametrize(
    "status",
    [
        "<Sts>PDNG</Sts>",
        "<Sts>INFO</Sts>",
        "<Sts><Cd>PDNG</Cd></Sts>",
        "<Sts><Cd>FUTR</Cd></Sts>",
        "<Sts><Prtry>OWN</Prtry></Sts>",
    ],
)
def test_what_is_not_booked_is_counted_and_held_back(status: str):
    statement = only_statement(document(stmt(ntry(), ntry("99.00", status=status))))
    assert [line.amount for line in statement.lines] == [Decimal("10.00")]
    assert statement.pending == 1


def test_a_reversal_keeps_the_direction_of_its_own_entry_and_the_other_side_of_the_original():
    parties = details("<RltdPties><Dbtr><Nm>Ourselves</Nm></Dbtr><Cdtr><Nm>The shop</Nm></Cdtr></RltdPties>")
    line = only_line(ntry("20.00", side="CRDT", rest=f"<RvslInd>true</RvslInd>{parties}"))
    assert (line.amount, line.counterparty) == (Decimal("20.00"), "The shop")


@pytest.mark.parametrize(
    ("booked", "expected"),
    [
        ("<Dt>2026-11-02</Dt>", date(2026, 11, 2)),
        ("<Dt>2026-11-02Z</Dt>", date(2026, 11, 2)),
        ("<Dt>2026-11-02+02:00</Dt>", date(2026, 11, 2)),
        ("<DtTm>2026-11-02T23:59:59-11:00</DtTm>", date(2026, 11, 2)),
        ("<DtTm>2028-02-29T00:00:00.000Z</DtTm>", date(2028, 2, 29)),
    ],
)
def test_the_day_is_the_one_written(booked: str, expected: date):
    assert only_line(ntry(booked=f"<BookgDt>{booked}</BookgDt>")).date == expected


def test_the_value_date_stands_in_for_a_missing_booking_date_with_a_warning():
    valued = "<ValDt><Dt>2026-11-05</Dt></ValDt>"
    statement = only_statement(document(stmt(ntry(), ntry(booked="", valued=valued), ntry(booked="", valued=valued))))
    assert [line.date.day for line in statement.lines] == [2, 5, 5]
    told = (
        "2 entries have no booking date; their value date was used (the first: Document/BkToCstmrStmt/Stmt[1]/Ntry[2]"
    )
    assert statement.warnings[0].startswith(told)


REMITTANCE = "<RmtInf><Ustrd>Invoice\n  12</Ustrd><Ustrd>of May</Ustrd></RmtInf>"


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (details(REMITTANCE) + "<AddtlNtryInf>Booking text</AddtlNtryInf>", "Booking text"),
        (details(REMITTANCE + "<AddtlTxInf>More</AddtlTxInf>"), "Invoice 12 of May"),
        (details("<RmtInf><Strd><AddtlRmtInf>Note</AddtlRmtInf></Strd></RmtInf>"), "Note"),
        (details("<AddtlTxInf>More</AddtlTxInf>"), "More"),
        ("<BkTxCd><Prtry><Cd>544</Cd></Prtry></BkTxCd>", "Bank transaction 544"),
        (details("<BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd>"), "Bank transaction PMNT"),
        ("", "Bank transaction"),
    ],
)
def test_the_description_is_the_best_text_there_is_and_never_empty(rest: str, expected: str):
    assert only_line(ntry(rest=rest)).description == expected


@pytest.mark.parametrize(
    ("side", "role", "expected"),
    [
        ("CRDT", "<Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Us</Nm></Cdtr>", "Payer"),
        ("DBIT", "<Dbtr><Nm>Us</Nm></Dbtr><Cdtr><Pty><Nm>Payee &amp; Co</Nm></Pty></Cdtr>", "Payee & Co"),
        ("DBIT", "<UltmtCdtr><Nm>Behind</Nm></UltmtCdtr>", "Behind"),
        ("CRDT", "<Cdtr><Nm>Us</Nm></Cdtr>", None),
    ],
)
def test_the_counterparty_is_the_other_side(side: str, role: str, expected: str | None):
    assert only_line(ntry(side=side, rest=details(f"<RltdPties>{role}</RltdPties>"))).counterparty == expected


STRUCTURED = "<RmtInf><Strd><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf>"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<Refs><EndToEndId>E1</EndToEndId></Refs>" + STRUCTURED, "E1"),
        ("<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>" + STRUCTURED, "RF18"),
        ("<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>", "N7"),
    ],
)
def test_the_reference_is_the_payers_then_the_payees_then_the_entrys(content: str, expected: str):
    assert only_line(ntry(rest=f"<NtryRef>N7</NtryRef>{details(content)}")).reference == expected


def test_a_batch_stays_one_line_that_tells_how_many_transactions_it_has():
    parts = "".join(
        f'<TxDtls><Amt Ccy="GBP">{n}.00</Amt><RltdPties><Dbtr><Nm>P{n}</Nm></Dbtr></RltdPties></TxDtls>' for n in (4, 6)
    )
    line = only_line(ntry("10.00", rest=f"<NtryDtls><Btch><PmtInfId>B1</PmtInfId></Btch>{parts}</NtryDtls>"))
    assert (line.amount, line.description) == (Decimal("10.00"), "Bank transaction (2 transactions)")
    assert (line.counterparty, line.reference) == (None, "B1")


def test_a_batch_that_is_not_itemised_tells_what_the_bank_counts():
    line = only_line(
        ntry(rest="<NtryDtls><Btch><NbOfTxs>20</NbOfTxs></Btch></NtryDtls><AddtlNtryInf>Wages</AddtlNtryInf>")
    )
    assert line.description == "Wages (20 transactions)"


@pytest.mark.parametrize(
    ("code", "amount", "expected"),
    [
        ("PMNT RCDT ESCT", 1, "Credit"),
        ("PMNT ICDT ESCT", -1, "Payment"),
        ("PMNT ICDT ESCT", 1, "Credit"),
        ("PMNT ICDT STDO", -1, "RepeatPmt"),
        ("PMNT RCDT SALA", 1, "DirectDep"),
        ("PMNT ICDT SALA", -1, "Payment"),
        ("PMNT RCDT BOOK", 1, "Xfer"),
        ("PMNT RDDT ESDD", -1, "DirectDebit"),
        ("PMNT RCHQ CCHQ", 1, "Check"),
        ("PMNT CCRD POSD", -1, "Pos"),
        ("PMNT CCRD CWDL", -1, "Atm"),
        ("PMNT CNTR CWDL", -1, "Cash"),
        ("PMNT CNTR CDPT", 1, "Dep"),
        ("PMNT MDOP CHRG", -1, "SerChg"),
        ("ACMT MDOP FEES", -1, "Fee"),
        ("ACMT MCOP INTR", 1, "Int"),
        ("SECU CORP DVCA", 1, "Div"),
        ("NOPE ICDT STDO", -1, "Debit"),
        ("544", 0, "Credit"),
        ("", -1, "Debit"),
    ],
)
def test_bank_transaction_codes_become_codats_types(code: str, amount: int, expected: str):
    assert transaction_type(tuple(code.split()), Decimal(amount)) == expected
    assert expected in TYPES


def test_an_account_is_read_with_its_name_bank_and_british_numbers():
    rest = "<Nm>Current</Nm><Svcr><FinInstnId><BIC>DEMOGB2L</BIC></FinInstnId></Svcr>"
    text = (
        document(stmt(ntry()))
        .replace("<Ccy>GBP</Ccy>", f"<Ccy>GBP</Ccy>{rest}")
        .replace(IBAN, "gb83 DEMO 0000 9931 9268 19")
    )
    account = only_statement(text).account
    assert (account.id, account.name, account.bank_code) == (IBAN, "Current", "DEMOGB2L")
    assert (account.sort_code, account.number) == ("000099", "31926819")


def test_an_account_without_an_iban_keeps_the_banks_own_number():
    text = document(stmt(ntry())).replace(f"<IBAN>{IBAN}</IBAN>", "<Othr><Id>123 456</Id></Othr>")
    account = only_statement(text).account
    assert (account.id, account.is_iban, account.sort_code, account.number) == ("123456", False, None, "123456")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [([bal("CLBD", "5"), ntry("5")], "GBP"), ([ntry("5")], "GBP"), ([], "XXX")],
)
def test_an_account_that_states_no_currency_has_that_of_its_balances_or_entries(parts: list[str], expected: str):
    assert only_statement(document(stmt(*parts, currency=""))).account.currency == expected


def test_a_balance_in_another_currency_is_ignored_with_a_warning():
    statement = only_statement(document(stmt(bal("OPBD", "1"), bal("CLBD", "-27.00", currency="SEK"), ntry())))
    assert statement.closing is None
    assert "the balance CLBD of -27.00 SEK was ignored: the account is in GBP" in statement.warnings


def test_the_previous_closing_balance_opens_where_no_opening_one_is_given():
    statement = only_statement(document(stmt(bal("PRCD", "1.00"), bal("CLBD", "11.00"), ntry())))
    assert statement.proof is Proof.proved


def test_other_kinds_of_balances_prove_nothing():
    kinds = ("OPAV", "CLAV", "FWAV", "INFO", "ITAV", "ITBD", "XPCD")
    statement = only_statement(document(stmt(*(bal(kind, "7.00") for kind in kinds), ntry())))
    assert (statement.opening, statement.closing, statement.proof) == (None, None, Proof.unproved)


def test_a_statement_that_goes_on_elsewhere_says_so():
    page = "<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>"
    (warning, _) = only_statement(document(stmt(page, ntry()))).warnings
    assert warning.startswith("this is not the statement's last page")


def test_statements_of_several_accounts_stay_apart():
    file = read(document(stmt(ntry("1.00")), stmt(ntry("2.00"), iban="NL26VAYB8060476890", name="S2")))
    assert [account.account.id for account in accounts_of(file)] == [IBAN, "NL26VAYB8060476890"]


def test_extensions_of_other_namespaces_are_passed_over():
    extra = '<SplmtryData><Envlp><Ntry xmlns="urn:other"><Amt>x</Amt></Ntry></Envlp></SplmtryData><o:Amt xmlns:o="urn:other">9</o:Amt>'
    assert only_line(ntry(rest=extra)).amount == Decimal("10.00")


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
    ],
)
def test_text_is_read_in_the_encoding_declared(declared: str, codec: str):
    text = document(stmt(ntry(rest="<AddtlNtryInf>Café Müller</AddtlNtryInf>")), encoding=declared)
    assert only_statement(text.encode(codec)).lines[0].description == "Café Müller"


def sister(code: str, message: str, statement: str, *parts: str) -> str:
    """The same content as a report or notification."""
    text = document(stmt(*parts)).replace("camt.053", code)
    return text.replace("BkToCstmrStmt>", f"{message}>").replace("Stmt>", f"{statement}>")


def test_a_report_of_the_day_closes_with_its_only_interim_balance():
    parts = (bal("OPBD", "100.00"), bal("ITBD", "110.00"), ntry("10.00"))
    (report,) = read(sister("camt.052", "BkToCstmrAcctRpt", "Rpt", *parts)).statements
    assert (report.proof, len(report.lines)) == (Proof.proved, 1)
    (report,) = read(sister("camt.052", "BkToCstmrAcctRpt", "Rpt", *parts, bal("ITBD", "120.00"))).statements
    assert report.proof is Proof.unproved
    (statement,) = read(document(stmt(*parts))).statements
    assert statement.proof is Proof.unproved


def test_a_notification_has_lines_and_proves_nothing():
    (notification,) = read(
        sister("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", ntry("10.00"), ntry("5.00"))
    ).statements
    assert [line.amount for line in notification.lines] == [Decimal("10.00"), Decimal("5.00")]
    assert notification.proof is Proof.unproved
