"""camt written by the tests and read back, whatever Hypothesis draws: kind, version, accounts, batches, reversals."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.statement_file import FileStatement, Proof

from .documents import bal, details, ntry, read

KINDS = {
    "053": ("BkToCstmrStmt", "Stmt"),
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
STATUS_IN_CODE_SINCE = 4
"""From this version on a status is `Sts/Cd`, and a party's name `Pty/Nm`; before it stands in `Sts` and `Nm`."""


@dataclass(frozen=True)
class Drawn:
    """An entry. `parts`: transactions of a batch; `name` of who is at the other end."""

    on: date
    amount: Decimal
    text: str
    reference: str
    name: str
    is_booked: bool
    is_reversal: bool
    parts: int
    has_time: bool


@dataclass(frozen=True)
class Told:
    """A statement. `states`: which balances it states."""

    name: str
    account: tuple[str, str]
    opening: Decimal
    entries: list[Drawn]
    states_opening: bool
    states_closing: bool


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20) | st.just(
    "Müller & Söhne <GmbH>"
)
amounts = st.decimals(-(10**9), 10**9, places=2).filter(bool)
drawn = st.builds(
    Drawn,
    st.dates(date(2001, 1, 1), date(2078, 12, 31)),
    amounts,
    texts,
    st.text("ABC123", min_size=1, max_size=12),
    texts,
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 1, 1, 2, 3]),
    st.booleans(),
)
accounts = st.sampled_from(
    [("GB83DEMO00009931926819", "IBAN"), ("CH2801234000123456789", "IBAN"), ("31926819", "Othr")]
)
statements = st.builds(Told, st.just(""), accounts, amounts, st.lists(drawn, max_size=8), st.booleans(), st.booleans())


def written(kind: str, version: int, told: list[Told]) -> str:
    head, element = KINDS[kind]
    inside = "".join(_statement(element, version, one) for one in told)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.'
        f'{version:02}">\n<{head}><GrpHdr><MsgId>1</MsgId></GrpHdr>\n{inside}</{head}></Document>\n'
    )


def _statement(element: str, version: int, told: Told) -> str:
    number, scheme = told.account
    stated = f"<IBAN>{number}</IBAN>" if scheme == "IBAN" else f"<Othr><Id>{number}</Id></Othr>"
    closing = told.opening + sum((one.amount for one in told.entries if one.is_booked), Decimal(0))
    balances = (bal("OPBD", told.opening) if told.states_opening else "") + (
        bal("CLBD", closing) if told.states_closing else ""
    )
    entries = "".join(_entry(version, one) for one in told.entries)
    account = f"<Acct><Id>{stated}</Id><Ccy>GBP</Ccy></Acct>"
    return f"<{element}><Id>{told.name}</Id>{account}\n{balances}{entries}</{element}>\n"


def _entry(version: int, one: Drawn) -> str:
    status = "BOOK" if one.is_booked else "PDNG"
    name = f"<Nm>{escape(one.name)}</Nm>"
    party = f"<Pty>{name}</Pty>" if version >= STATUS_IN_CODE_SINCE else name
    side = "Dbtr" if (one.amount > 0) is not one.is_reversal else "Cdtr"
    parts = (
        details(f"<Refs><EndToEndId>{one.reference}</EndToEndId></Refs><RltdPties><{side}>{party}</{side}></RltdPties>")
        if one.parts == 1
        else f"<NtryDtls><Btch><PmtInfId>{one.reference}</PmtInfId></Btch>{'<TxDtls/>' * one.parts}</NtryDtls>"
    )
    coded = f"<Cd>{status}</Cd>" if version >= STATUS_IN_CODE_SINCE else status
    reversal = "<RvslInd>true</RvslInd>" if one.is_reversal else ""
    day = f"<DtTm>{one.on}T23:59:59+02:00</DtTm>" if one.has_time else f"<Dt>{one.on}</Dt>"
    return ntry(
        format(abs(one.amount), "f"),
        side="DBIT" if one.amount < 0 else "CRDT",
        status=f"{reversal}<Sts>{coded}</Sts>",
        booked=f"<BookgDt>{day}</BookgDt>",
        rest=f"{parts}<AddtlNtryInf>{escape(one.text)}</AddtlNtryInf>",
    )


def expected(told: Told) -> list[tuple[date, Decimal, str, str | None, str]]:
    return [
        (
            one.on,
            one.amount,
            one.text if one.parts == 1 else f"{one.text} ({one.parts} transactions)",
            one.name if one.parts == 1 else None,
            one.reference,
        )
        for one in sorted((each for each in told.entries if each.is_booked), key=lambda each: each.on)
    ]


def got(statement: FileStatement) -> list[tuple[date, Decimal, str, str | None, str | None]]:
    return [(one.date, one.amount, one.description, one.counterparty, one.reference) for one in statement.lines]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from([2, 3, 4, 8, 13]), st.lists(statements, min_size=1, max_size=3))
def test_what_is_written_is_read_back(kind: str, version: int, told: list[Told]) -> None:
    told = [replace(one, name=f"S{number}") for number, one in enumerate(told)]
    found = read(written(kind, version, told)).statements
    assert [one.id for one in found] == [one.name for one in told]
    for statement, one in zip(found, told, strict=True):
        assert (statement.account.id, statement.account.currency) == (one.account[0], "GBP")
        assert got(statement) == expected(one)
        assert statement.pending == sum(not each.is_booked for each in one.entries)
        assert (statement.opening is not None, statement.closing is not None) == (
            one.states_opening,
            one.states_closing,
        )
        if one.states_opening and one.states_closing:
            assert statement.proof is Proof.proved
            assert statement.lines[-1:] == () or statement.lines[-1].balance == statement.closing.amount
        else:
            assert statement.proof is Proof.unproved
