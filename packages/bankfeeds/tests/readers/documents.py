"""camt.053 documents made by the tests: small, with one thing changed at a time, and large."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import bankfeeds
from bankfeeds.domain.statement_file import StatementFile
from bankfeeds.readers import Limits, read_statement_file

OWN_SAMPLE = Path(bankfeeds.__file__).parent / "demo" / "sample.camt053.xml"
SHARED_SAMPLES = Path(__file__).parents[4].parent / "shared" / "samples" / "camt"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
IBAN = "GB83DEMO00009931926819"


@dataclass(frozen=True)
class Booked:
    """What the tests know of an entry; `amount` is signed."""

    on: date
    amount: Decimal
    text: str = ""
    bank_reference: str = ""
    reference: str = ""


def ntry(
    amount: str = "10.00",
    *,
    currency: str = "GBP",
    side: str = "CRDT",
    status: str = "<Sts>BOOK</Sts>",
    booked: str = "<BookgDt><Dt>2026-11-02</Dt></BookgDt>",
    valued: str = "",
    rest: str = "",
) -> str:
    head = f'<Ntry>\n<Amt Ccy="{currency}">{amount}</Amt>\n<CdtDbtInd>{side}</CdtDbtInd>\n'
    return f"{head}{status}\n{booked}\n{valued}\n{rest}\n</Ntry>\n"


def details(content: str) -> str:
    return f"<NtryDtls><TxDtls>{content}</TxDtls></NtryDtls>"


def entry(booked: Booked) -> str:
    rest = f"<AcctSvcrRef>{escape(booked.bank_reference)}</AcctSvcrRef>" if booked.bank_reference else ""
    if booked.reference:
        rest += details(f"<Refs><EndToEndId>{escape(booked.reference)}</EndToEndId></Refs>")
    rest += f"<AddtlNtryInf>{escape(booked.text)}</AddtlNtryInf>" if booked.text else ""
    return ntry(
        format(abs(booked.amount), "f"),
        side="DBIT" if booked.amount < 0 else "CRDT",
        booked=f"<BookgDt><Dt>{booked.on}</Dt></BookgDt>",
        rest=rest,
    )


def bal(code: str, amount: str | Decimal, on: str = "2026-11-01", currency: str = "GBP") -> str:
    value = Decimal(amount)
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{abs(value)}</Amt><CdtDbtInd>{"DBIT" if value < 0 else "CRDT"}</CdtDbtInd>'
        f"<Dt><Dt>{on}</Dt></Dt></Bal>\n"
    )


def stmt(*parts: str, name: str = "S1", iban: str = IBAN, currency: str = "<Ccy>GBP</Ccy>") -> str:
    account = f"<Acct><Id><IBAN>{iban}</IBAN></Id>{currency}</Acct>\n"
    return f"<Stmt>\n<Id>{name}</Id>\n{account}{''.join(parts)}</Stmt>\n"


def document(*statements: str, version: str = "08", encoding: str = "UTF-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<Document xmlns="{NAMESPACE}{version}">\n<BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr>\n{''.join(statements)}</BkToCstmrStmt>\n</Document>\n"
    )


def statement_of(entries: Iterable[Booked], opening: Decimal = Decimal("100.00"), name: str = "S1") -> str:
    """Entries with the balances that prove them."""
    listed = list(entries)
    closing = opening + sum((one.amount for one in listed), Decimal(0))
    return stmt(bal("OPBD", opening), bal("CLBD", closing), *(entry(one) for one in listed), name=name)


def thousand_entries() -> list[Booked]:
    """Four weeks of a busy account; a tenth of the lines have no reference of the bank's."""
    start = date(2026, 10, 26)
    return [
        Booked(
            on=start + timedelta(days=number * 26 // 1000),
            amount=Decimal((number * 7919) % 50_000 - 25_000) / 100,
            text=f"Order {number // 3}",
            bank_reference="" if number % 10 == 0 else f"R{number:05d}",
            reference=f"E{number}" if number % 2 else "",
        )
        for number in range(1000)
    ]


def read(text: str | bytes, limits: Limits | None = None) -> StatementFile:
    data = text.encode() if isinstance(text, str) else text
    return read_statement_file(BytesIO(data), "own.xml", limits or Limits())
