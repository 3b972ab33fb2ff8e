"""Statement files of one account with any number of lines, in every format that is read: 50 lines a day."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bench.lines import FIRST_DAY, Push

NUMBER = "00000001"
SORT_CODE = "112233"
OPENING = Decimal("10000.00")
_A_DAY = 50


@dataclass(frozen=True, slots=True)
class Booked:
    """What a file says of one line; `amount` is signed."""

    on: date
    amount: Decimal
    text: str
    party: str | None
    reference: str


def booked(lines: int) -> list[Booked]:
    rows = Push(1, lines).rows()
    return [
        Booked(FIRST_DAY + timedelta(days=number // _A_DAY), row[2], row[4], row[5], f"{number:012d}")
        for number, row in enumerate(rows)
    ]


def closing(lines: Iterable[Booked]) -> Decimal:
    return OPENING + sum((line.amount for line in lines), Decimal(0))


def camt053(lines: list[Booked]) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">\n'
        f"<BkToCstmrStmt>\n<GrpHdr><MsgId>1</MsgId></GrpHdr>\n<Stmt>\n<Id>S1</Id>\n"
        f"<Acct><Id><Othr><Id>{NUMBER}</Id></Othr></Id><Ccy>GBP</Ccy></Acct>\n"
    )
    for code, amount, on in (("OPBD", OPENING, lines[0].on), ("CLBD", closing(lines), lines[-1].on)):
        yield (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="GBP">{abs(amount)}</Amt>'
            f"<CdtDbtInd>{_side(amount)}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>\n"
        )
    for line in lines:
        text = line.text.replace("&", "&amp;")
        party = (line.party or "").replace("&", "&amp;")
        role = "Cdtr" if line.amount < 0 else "Dbtr"
        parties = f"<RltdPties><{role}><Nm>{party}</Nm></{role}></RltdPties>" if party else ""
        yield (
            f'<Ntry>\n<Amt Ccy="GBP">{abs(line.amount)}</Amt>\n<CdtDbtInd>{_side(line.amount)}</CdtDbtInd>\n'
            f"<Sts>BOOK</Sts>\n<BookgDt><Dt>{line.on}</Dt></BookgDt>\n<ValDt><Dt>{line.on}</Dt></ValDt>\n"
            f"<AcctSvcrRef>B{line.reference}</AcctSvcrRef>\n<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>"
            f"<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>\n<NtryDtls><TxDtls>\n<Refs>"
            f"<EndToEndId>E{line.reference}</EndToEndId></Refs>\n{parties}"
            f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>\n</TxDtls></NtryDtls>\n</Ntry>\n"
        )
    yield "</Stmt>\n</BkToCstmrStmt>\n</Document>\n"


def _side(amount: Decimal) -> str:
    return "DBIT" if amount < 0 else "CRDT"


def mt940(lines: list[Booked]) -> Iterator[str]:
    yield f":20:S1\r\n:25:{NUMBER}\r\n:28C:1/1\r\n:60F:{_swift(OPENING, lines[0].on)}\r\n"
    for line in lines:
        day = line.on.strftime("%y%m%d%m%d")
        amount = format(abs(line.amount), "f").replace(".", ",")
        text = line.text.encode("ascii", "replace").decode()
        yield (
            f":61:{day}{'D' if line.amount < 0 else 'C'}{amount}NTRFE{line.reference}//B{line.reference}\r\n"
            f":86:166?00TRANSFER?20EREF+E{line.reference}?21SVWZ+{text[:27]}?22{text[27:]}?32{line.party or ''}\r\n"
        )
    yield f":62F:{_swift(closing(lines), lines[-1].on)}\r\n-\r\n"


def _swift(amount: Decimal, on: date) -> str:
    return f"{'D' if amount < 0 else 'C'}{on:%y%m%d}GBP{format(abs(amount), 'f').replace('.', ',')}"


def csv(lines: list[Booked]) -> Iterator[str]:
    yield "Date,Text,Payee,Reference,Amount,Balance\n"
    balance = OPENING
    for line in lines:
        balance += line.amount
        yield f"{line.on},{line.text},{line.party or ''},{line.reference},{line.amount},{balance}\n"


CSV_PROFILE = """{"columns": {"date": "Date", "description": ["Text"], "counterparty": "Payee",
 "bank_reference": "Reference", "amount": "Amount", "balance": "Balance"}, "date_order": "ymd", "decimal": "."}"""

WRITERS: dict[str, Callable[[list[Booked]], Iterator[str]]] = {"camt053": camt053, "mt940": mt940, "csv": csv}
ENDINGS = {"camt053": "xml", "mt940": "sta", "csv": "csv"}
