"""camt.052, camt.053 and camt.054 (ISO 20022 report, statement and notification), version 2 and later, into drafts.

Entries are read one by one as they end and then let go; an error anywhere means that nothing is taken. Only
booked balances count: OPBD opens (or PRCD, the previous closing, where a bank sends that instead), CLBD
closes. A report of the day (camt.052) that is not closed yet closes with its only interim balance, ITBD. A
notification (camt.054) has no balances.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from bankfeeds.domain.statement_file import Entry, FileAccount, FileBalance, StatementDraft, UnreadableFile
from bankfeeds.readers.camt_entry import Details, is_booked, read_entry
from bankfeeds.readers.camt_quick import Doubt, read_quick_elements
from bankfeeds.readers.limits import Limits
from bankfeeds.readers.values import need, quoted, read_currency, read_day, read_signed, unreadable
from bankfeeds.readers.xml import Element, Plan, read_elements

EXPECTED = (
    "expected camt.052, camt.053 or camt.054 of version 2 or later (urn:iso:std:iso:20022:tech:xsd:camt.053.001.02)"
)
BOOKED_BALANCES = ("OPBD", "PRCD", "CLBD")
INTERIM = "ITBD"
REPORT = "Rpt"
NO_CURRENCY = "XXX"  # ISO 4217: no currency
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(([a-z]{4})\.([0-9]{3})\.[0-9]{3}\.([0-9]{2}))")
_OTHERS = {
    "camt.052": "an account report of a version that is not read",
    "camt.053": "a bank statement of a version that is not read",
    "camt.054": "a notification of a version that is not read",
    "pain.001": "a payment order",
    "pain.002": "a payment status report",
    "pain.008": "a direct debit order",
}
_UNREAD_VERSION = "01"
_READ = frozenset({"camt.052", "camt.053", "camt.054"})
_SPINES = (
    "Document/BkToCstmrAcctRpt/Rpt[",
    "Document/BkToCstmrStmt/Stmt[",
    "Document/BkToCstmrDbtCdtNtfctn/Ntfctn[",
)


def why_not_camt(namespace: str, name: str) -> str | None:
    """What the document is instead, judged by its root; None if it is one that is read."""
    match = _NAMESPACE.fullmatch(namespace)
    kind = f"{match[2]}.{match[3]}" if match else ""
    if match and name == "Document" and kind in _READ and match[4] != _UNREAD_VERSION:
        return None
    if match:
        told = f", {_OTHERS[kind]}" if kind in _OTHERS else ""
        return f"this is {match[1]}{told}; {EXPECTED}"
    where = f"in the namespace {quoted(namespace)}" if namespace else "without a namespace"
    return f"this XML begins with {quoted(name)} {where}; {EXPECTED}"


_SKIPPED = (
    "GrpHdr SplmtryData TxsSummry RltdAcct FrToDt Intrst Chrgs AmtDtls Avlbty CardTx RltdAgts "
    "PstlAdr CtctDtls Tax RltdDts RltdPric RltdQties RfrdDocInf RfrdDocAmt Invcr Invcee FinInstrmId "
    "CorpActn SfkpgAcct CshDpst TaxRmt GrnshmtRmt DbtrAcct CdtrAcct OrgId PrvtId TechInptChanl "
    "LclInstrm Purp RltdRmtInf"
)
PLAN = Plan(
    check_root=why_not_camt,
    cut={"Stmt": 3, "Rpt": 3, "Ntfctn": 3, "Ntry": 4, "TxDtls": 6},
    skipped=frozenset(
        _SKIPPED.split(" "),
    ),
    numbered=frozenset({"Stmt", "Rpt", "Ntfctn", "Bal", "Ntry", "NtryDtls", "TxDtls"}),
)


@dataclass(slots=True)
class _Gathered:
    """The entries of the statement being read; for each currency among them, where it first stands."""

    entries: list[Entry] = field(default_factory=list[Entry])
    currencies: dict[str, Element] = field(default_factory=dict[str, Element])
    pending: int = 0
    undated: list[str] = field(default_factory=list[str])


def read_camt(
    chunks: Iterable[bytes], file: str, limits: Limits, again: Callable[[], Iterable[bytes]] | None = None
) -> Iterator[StatementDraft]:
    """`again` gives the file from its start once more, for what cannot be read the quick way."""
    given = 0
    if again is not None:
        try:
            for draft in _drafts(read_quick_elements(chunks, limits, PLAN), file, limits):
                yield draft
                given += 1
        except (Doubt, UnreadableFile):
            chunks = again()
        else:
            return
    yield from islice(_drafts(read_elements(chunks, file, limits, PLAN), file, limits), given, None)


def _drafts(elements: Iterable[Element], file: str, limits: Limits) -> Iterator[StatementDraft]:
    gathered, details = _Gathered(), Details()
    statements = lines = 0
    for element in elements:
        if not element.path.startswith(_SPINES):
            raise unreadable(
                file,
                element,
                "it is not where a camt file has it, such as Document/BkToCstmrStmt/Stmt/Ntry/NtryDtls/TxDtls",
            )
        if element.name == "TxDtls":
            details.add(element)
        elif element.name == "Ntry":
            _gather(file, element, details, gathered)
            details, lines = Details(), lines + 1
            if lines > limits.lines_max:
                raise unreadable(file, element, f"more than {limits.lines_max} entries (lines_max)")
        else:
            statements += 1
            if statements > limits.statements_max:
                raise unreadable(file, element, f"more than {limits.statements_max} statements (statements_max)")
            yield _read_statement(file, element, gathered)
            gathered = _Gathered()
    if not statements:
        raise UnreadableFile(file, None, "Document", "it holds no statement (Stmt, Rpt or Ntfctn)")


def _gather(file: str, element: Element, details: Details, gathered: _Gathered) -> None:
    if not is_booked(file, element):
        gathered.pending += 1
        return
    read = read_entry(file, element, details)
    if not read.has_booking_date:
        gathered.undated.append(f"{element.path}, line {element.line}")
    gathered.currencies.setdefault(read.currency, read.amount_at)
    gathered.entries.append(read.entry)


def _read_statement(file: str, element: Element, gathered: _Gathered) -> StatementDraft:
    statement_id = need(file, element, "Id").text
    balances = _booked_balances(file, element)
    account = _read_account(file, element, balances, gathered.currencies)
    warnings: list[str] = []
    if gathered.undated:
        warnings.append(
            f"{len(gathered.undated)} entries have no booking date; their value date was used "
            f"(the first: {gathered.undated[0]})"
        )
    if element.find_text("StmtPgntn", "LastPgInd") in {"false", "0"}:
        warnings.append("this is not the statement's last page; its closing balance may stand in another file")
    _check_currencies(file, account, gathered.currencies)
    opening, closing = _choose(balances, account.currency, warnings)
    return StatementDraft(
        id=statement_id,
        account=account,
        opening=opening,
        closing=closing,
        entries=tuple(gathered.entries),
        pending=gathered.pending,
        warnings=tuple(warnings),
    )


def _read_account(
    file: str, statement: Element, balances: list[tuple[str, FileBalance]], currencies: dict[str, Element]
) -> FileAccount:
    """Where the account states no currency: that of its opening, else closing balance, else first entry."""
    element = need(file, statement, "Acct")
    iban = element.find_text("Id", "IBAN").replace(" ", "").upper()
    other = element.find_text("Id", "Othr", "Id")
    if not iban and not other:
        raise unreadable(file, element, "Id/IBAN or Id/Othr/Id is missing: whose account is it?")
    currency = element.find_text("Ccy")
    if not currency:
        stated = [balance.currency for code in (*BOOKED_BALANCES, INTERIM) for is_, balance in balances if is_ == code]
        currency = next(iter([*stated, *currencies]), NO_CURRENCY)
    bank = element.find("Svcr", "FinInstnId")
    return FileAccount(
        id=iban or other.replace(" ", ""),
        is_iban=bool(iban),
        currency=currency,
        name=element.find_text("Nm") or element.find_text("Ownr", "Nm") or None,
        bank_code=_bank_code(bank) if bank is not None else None,
    )


def _bank_code(bank: Element) -> str | None:
    """The BIC (named BIC in version 2, BICFI later), else the code within a national clearing system."""
    code = bank.find_text("BICFI") or bank.find_text("BIC") or bank.find_text("ClrSysMmbId", "MmbId")
    return code or None


def _booked_balances(file: str, statement: Element) -> list[tuple[str, FileBalance]]:
    """Those that open or close; the others (available, forward, interim, expected) prove nothing."""
    balances: list[tuple[str, FileBalance]] = []
    for element in statement.find_all("Bal"):
        code = element.find_text("Tp", "CdOrPrtry", "Cd")
        if code in BOOKED_BALANCES or (code == INTERIM and statement.name == REPORT):
            currency = read_currency(file, need(file, element, "Amt"))
            on = read_day(file, need(file, element, "Dt"))
            balances.append((code, FileBalance(read_signed(file, element), currency, on)))
    return balances


def _check_currencies(file: str, account: FileAccount, currencies: dict[str, Element]) -> None:
    for currency, place in currencies.items():
        if currency != account.currency:
            reason = f"the entry is in {currency}, but the account is in {account.currency}"
            raise unreadable(file, place, reason)


def _choose(
    balances: list[tuple[str, FileBalance]], currency: str, warnings: list[str]
) -> tuple[FileBalance | None, FileBalance | None]:
    """The earliest opening and the latest closing one, in the account's currency."""
    found: dict[str, list[FileBalance]] = {code: [] for code in (*BOOKED_BALANCES, INTERIM)}
    for code, balance in balances:
        if balance.currency == currency:
            found[code].append(balance)
        else:
            warnings.append(
                f"the balance {code} of {balance.amount} {balance.currency} was ignored: the account is in {currency}"
            )
    opening = min(found["OPBD"] or found["PRCD"], key=lambda balance: balance.on, default=None)
    interim = found[INTERIM] if len(found[INTERIM]) == 1 else []
    closing = max(found["CLBD"] or interim, key=lambda balance: balance.on, default=None)
    return opening, closing
