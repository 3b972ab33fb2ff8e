"""Files of 1 GB, made while they are read: refused at a limit, or read through, and never held in memory."""

import json
import subprocess
import sys

import pytest

GIGABYTE = 1_000_000_000
REFUSED_MEMORY_MAX_MB = 400
"""A file is given up at 250,000 lines, which are held until then: half a kilobyte to a kilobyte each."""
STREAMED_MEMORY_MAX_MB = 100
_LIMIT_S = 1800

HEADS = {
    "camt": '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>',
    "mt940": ":20:1\r\n:25:1\r\n:28C:1\r\n:60F:C260101GBP0,\r\n",
    "ofx": "OFXHEADER:100\nENCODING:UTF-8\n\n<OFX><STMTRS><CURDEF>GBP<BANKACCTFROM><ACCTID>1</BANKACCTFROM>",
    "bai2": "01,1,2,260101,0200,1,80,1,2/\n02,1,2,1,260101,2359,GBP,2/\n03,1,GBP,010,0,,/\n",
    "csv": "Date,Text,Amount\n",
}
_NTRY = (
    '<Ntry><Amt Ccy="GBP">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-01-02</Dt></BookgDt>'
    "<AcctSvcrRef>B{n}</AcctSvcrRef>{rest}</Ntry>"
)
LINES = {
    "camt": _NTRY.replace("{rest}", ""),
    "mt940": ":61:2601020102C1,NTRFE{n}//B{n}\r\n:86:Flour {n}\r\n",
    "ofx": "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260102<TRNAMT>1.00<FITID>B{n}<MEMO>Flour</STMTTRN>\n",
    "bai2": "16,195,100,,B{n},E{n},Flour/\n",
    "csv": "2026-01-02,Flour {n},1.00\n",
}
_TRANSACTION = "<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs><RmtInf><Ustrd>Flour</Ustrd></RmtInf></TxDtls>"
BATCHES = _NTRY.replace("{rest}", f"<NtryDtls>{_TRANSACTION * 2000}</NtryDtls>")
CAMT_END = "<Acct><Id><IBAN>GB83DEMO00009931926819</IBAN></Id><Ccy>GBP</Ccy></Acct></Stmt></BkToCstmrStmt></Document>"

READ = """
import io, itertools, json, re, sys
from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers import Hints, Limits, read_drafts
from bankfeeds.readers.csv_profile import parse_profile

told = json.loads(sys.stdin.read())

class Made(io.RawIOBase):
    "Goes back to its start only."
    given = 0
    def __init__(self): self.begin()
    def begin(self): self.parts, self.at = self.pieces(), 0
    def pieces(self):
        yield told["head"].encode()
        size, number = 0, 0
        while size < told["size"]:
            piece = "".join(told["line"].replace("{n}", str(number + n)) for n in range(told["together"])).encode()
            size, number = size + len(piece), number + told["together"]
            yield piece
        yield told["end"].encode()
    def readable(self): return True
    def seekable(self): return True
    def tell(self): return self.at
    def seek(self, to, whence=0):
        assert (to, whence) == (0, 0)
        self.begin()
        return 0
    def read(self, size=-1):
        part = next(self.parts, b"")
        self.at += len(part)
        Made.given += len(part)
        return part

profile = b'{"columns": {"date": "Date", "description": ["Text"], "amount": "Amount"}, "date_order": "ymd", "decimal": "."}'
hints = Hints(None, parse_profile(profile) if told["head"].startswith("Date") else None)
try:
    reason, entries = "", sum(len(one.entries) for one in read_drafts(Made(), "large", Limits(**told["limits"]), hints))
except UnreadableFile as error:
    reason, entries = error.reason, 0
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps({"reason": reason, "entries": entries, "given": Made.given, "peak_mb": peak}))
"""


def read(head: str, line: str, end: str = "", size: int = GIGABYTE, together: int = 500, **limits: int):
    told = {"head": head, "line": line, "end": end, "size": size, "together": together, "limits": limits}
    run = subprocess.run(
        [sys.executable, "-c", READ], input=json.dumps(told), capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.soak
@pytest.mark.parametrize("form", list(HEADS))
def test_a_file_of_a_gigabyte_is_refused_at_a_limit_and_within_memory(form: str):
    found = read(HEADS[form], LINES[form])
    assert "lines_max" in found["reason"]
    assert found["given"] < GIGABYTE / 2
    assert found["peak_mb"] < REFUSED_MEMORY_MAX_MB


@pytest.mark.soak
def test_a_gigabyte_of_large_entries_is_read_through_without_being_held():
    limits = {"file_bytes_max": 2 * GIGABYTE, "elements_max": 100_000_000}
    found = read(HEADS["camt"], BATCHES, CAMT_END, together=1, **limits)
    assert (found["reason"], found["entries"]) == ("", -(-GIGABYTE // (len(BATCHES) + 3)))
    assert found["given"] < GIGABYTE * 1.1
    assert found["peak_mb"] < STREAMED_MEMORY_MAX_MB


@pytest.mark.parametrize("form", ["camt", "csv"])
def test_what_is_read_of_a_made_file_is_counted(form: str):
    """The same, small: the measuring itself works."""
    end = CAMT_END if form == "camt" else ""
    found = read(HEADS[form], LINES[form], end, size=100_000, together=10)
    assert found["reason"] == ""
    assert found["entries"] > 100
    assert found["peak_mb"] < STREAMED_MEMORY_MAX_MB
