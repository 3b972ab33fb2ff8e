"""The quick way reads the same as the careful one, or is in doubt; whatever is unsafe or near a limit is a doubt."""

import random
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from bankfeeds.domain.statement_file import StatementDraft, UnreadableFile
from bankfeeds.readers import Limits
from bankfeeds.readers.camt import PLAN, read_camt
from bankfeeds.readers.camt_quick import Doubt, read_quick_elements

from .documents import (
    OWN_SAMPLE,
    SHARED_SAMPLES,
    bal,
    details,
    document,
    ntry,
    statement_of,
    stmt,
    thousand_entries,
)

CHANGES = (
    b"<", b">", b"&", b"&amp;", b"&#65;", b"9", b"\xff", b"<!-- c -->", b"<![CDATA[x]]>", b"<?p?>", b"<X>y</X>", b"<Ntry/>",
    b"</Ntry>", b"<TxDtls/>", b'<X xmlns="urn:y"/>', b'<X y="1"/>', b"<Purp>z</Purp>", b"<Stmt>", b" ", b"\n",
)  # fmt: skip
CHANGES_EACH = 60
PARTIES = "<RltdPties><Cdtr><Pty><Nm>Bakery</Nm></Pty></Cdtr><Dbtr><Nm>Us</Nm></Dbtr></RltdPties>"
REMITTANCE = "<RmtInf><Strd><AddtlRmtInf/></Strd><Strd><AddtlRmtInf>Invoice 7</AddtlRmtInf></Strd></RmtInf>"
ONE = document(
    statement_of(thousand_entries()[:5]),
    stmt(
        bal("OPBD", "1.00"),
        ntry(rest=details(f"<Refs><EndToEndId>E1</EndToEndId></Refs>{PARTIES}{REMITTANCE}")),
        ntry(rest=details("<Refs/>") + details("<Refs/>"), side="DBIT"),
        ntry(status="<Sts><Cd>PDNG</Cd></Sts>"),
        ntry(booked="", valued="<ValDt><Dt>2026-11-02</Dt></ValDt>"),
        name="S2",
    ),
).encode()


def read(data: bytes, limits: Limits, *, quickly: bool, piece: int = 65536) -> tuple[list[StatementDraft], str]:
    def pieces() -> Any:
        stream = BytesIO(data)
        return iter(lambda: stream.read(piece), b"")

    drafts: list[StatementDraft] = []
    try:
        for draft in read_camt(pieces(), "own.xml", limits, pieces if quickly else None):
            drafts.append(draft)  # noqa: PERF402 - what came before an error is compared too
    except UnreadableFile as error:
        return drafts, str(error)
    return drafts, ""


def is_quick(data: bytes, limits: Limits | None = None) -> bool:
    try:
        for _ in read_quick_elements([data], limits or Limits(), PLAN):
            pass
    except Doubt:
        return False
    return True


def samples() -> list[bytes]:
    shared = sorted(SHARED_SAMPLES.rglob("*.xml")) if SHARED_SAMPLES.exists() else []
    return [ONE, *(path.read_bytes() for path in (OWN_SAMPLE, *shared))]


@pytest.mark.parametrize("piece", [700, 65536])
def test_both_ways_read_every_sample_to_the_same(piece: int):
    for data in samples():
        assert read(data, Limits(), quickly=True, piece=piece) == read(data, Limits(), quickly=False)


def test_both_ways_accept_and_refuse_the_same_of_damaged_and_unusual_files():
    chance = random.Random(8)
    for data in samples():
        if len(data) > 50_000:
            continue
        for _ in range(CHANGES_EACH):
            at = chance.randrange(len(data))
            change = chance.choice(CHANGES)
            other = chance.choice((data[:at], data[:at] + change + data[at:], data[:at] + data[at + 7 :]))
            assert read(other, Limits(), quickly=True) == read(other, Limits(), quickly=False), other


def test_what_banks_send_is_read_the_quick_way():
    assert is_quick(document(statement_of(thousand_entries())).encode())
    assert is_quick(document(stmt(ntry(rest=details("<Refs><EndToEndId>E</EndToEndId></Refs>" * 9)))).encode())
    prefixed = document(stmt(ntry())).replace("xmlns=", "xmlns:n=").replace("</", "</n:")
    for name in ("Document", "BkToCstmrStmt", "GrpHdr", "MsgId", "Stmt", "Id", "Acct", "IBAN", "Ccy", "Ntry", "Amt"):
        prefixed = prefixed.replace(f"<{name}>", f"<n:{name}>").replace(f"<{name} ", f"<n:{name} ")
    for name in ("CdtDbtInd", "Sts", "BookgDt", "Dt"):
        prefixed = prefixed.replace(f"<{name}>", f"<n:{name}>")
    assert is_quick(prefixed.encode())


@pytest.mark.parametrize(
    "rest",
    [
        "<!-- c -->",
        "<AddtlNtryInf><![CDATA[x]]></AddtlNtryInf>",
        "<?p x?>",
        '<x:a xmlns:x="urn:x"/>',
        '<A b="1"/>',
        "<Ntry/>",
        "<A><TxDtls/></A>",
        f"<AddtlNtryInf>{'x' * 10_001}</AddtlNtryInf>",
        "<a>" * 60 + "</a>" * 60,
        " " * 300_000,
        "&undeclared;",
    ],
    ids=["comment", "CDATA", "instruction", "namespace", "attribute", "entry", "details", "text", "deep", "blanks", "entity"],
)  # fmt: skip
def test_whatever_is_not_plain_is_a_doubt(rest: str):
    assert is_quick(document(stmt(ntry())).encode())
    assert not is_quick(document(stmt(ntry(rest=rest))).encode())


def test_a_document_type_is_a_doubt_before_anything_is_parsed():
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = document(stmt(ntry(rest="<AddtlNtryInf>&b;</AddtlNtryInf>")))
    assert not is_quick(text.replace("<Document", bomb + "<Document").encode())


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "windows-1252"])
def test_another_encoding_is_a_doubt(encoding: str):
    assert not is_quick(document(stmt(ntry()), encoding=encoding).encode(encoding))


@pytest.mark.parametrize(
    "limit",
    [
        "file_bytes_max", "elements_max", "nesting_max", "names_max", "held_elements_max", "attributes_max",
        "text_chars_max", "token_bytes_max", "name_chars_max",
    ],
)  # fmt: skip
def test_a_file_beyond_a_limit_is_a_doubt(limit: str):
    data = document(stmt(ntry(), ntry())).encode()
    assert is_quick(data)
    assert not is_quick(data, replace(Limits(), **{limit: 1}))


@pytest.mark.parametrize("quickly", [True, False])
def test_statements_before_the_damage_are_given_wherever_it_stands(*, quickly: bool):
    good = statement_of(thousand_entries()[:5])
    data = document(good, stmt(ntry(), name="S2")).replace("<Id>S2</Id>", "<Id>S2</id>").encode()
    drafts, told = read(data, Limits(), quickly=quickly)
    assert [len(draft.entries) for draft in drafts] == [5]
    assert "Stmt[2]/Id" in told
