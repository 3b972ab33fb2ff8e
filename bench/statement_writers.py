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


def ofx(lines: list[Booked]) -> Iterator[str]:
    yield (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\n"
        f"<CURDEF>GBP<BANKACCTFROM><BANKID>112233<ACCTID>{NUMBER}<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n"
    )
    for line in lines:
        text, party = (part.replace("&", "&amp;") for part in (line.text, line.party or ""))
        name = f"<NAME>{party}\n" if party else ""
        yield (
            f"<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{line.on:%Y%m%d}\n<TRNAMT>{line.amount}\n<FITID>B{line.reference}\n"
            f"{name}<MEMO>{text}\n</STMTTRN>\n"
        )
    on = lines[-1].on
    yield f"</BANKTRANLIST><LEDGERBAL><BALAMT>{closing(lines)}<DTASOF>{on:%Y%m%d}</LEDGERBAL>"
    yield "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"


def bai2(lines: list[Booked]) -> Iterator[str]:
    """A group for each day."""
    balance, sums, records = OPENING, 0, 2
    yield "01,122099999,123456789,200101,0200,1,80,1,2/\n"
    days: dict[date, list[Booked]] = {}
    for line in lines:
        days.setdefault(line.on, []).append(line)
    for on, booked_then in days.items():
        opening, balance = balance, balance + sum((line.amount for line in booked_then), Decimal(0))
        total = sum(int(abs(line.amount) * 100) for line in booked_then) + int(opening * 100) + int(balance * 100)
        yield f"02,031001234,122099999,1,{on:%y%m%d},2359,GBP,2/\n"
        yield f"03,{NUMBER},GBP,010,{int(opening * 100):+},,,015,{int(balance * 100):+},,/\n"
        for line in booked_then:
            code = 475 if line.amount < 0 else 195
            yield f"16,{code},{int(abs(line.amount) * 100)},,B{line.reference},E{line.reference},{line.text}/\n"
        count = len(booked_then)
        yield f"49,{total:+},{count + 2}/\n98,{total:+},1,{count + 4}/\n"
        sums, records = sums + total, records + count + 4
    yield f"99,{sums:+},{len(days)},{records}/\n"


WRITERS: dict[str, Callable[[list[Booked]], Iterator[str]]] = {
    "camt053": camt053,
    "mt940": mt940,
    "csv": csv,
    "ofx": ofx,
    "bai2": bai2,
}
ENDINGS = {"camt053": "xml", "mt940": "sta", "csv": "csv", "ofx": "ofx", "bai2": "bai"}
