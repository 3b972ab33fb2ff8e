"""What a hostile file can try: entities, external references, depth, number, length. All refused, none expanded."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import Any

import pytest

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers import Limits, read_statement_file

from .documents import document, ntry, read, statement_of, stmt, thousand_entries

BOMB = "<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))


def refused(data: str | bytes, **limits: int) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as caught:
        read(data, replace(Limits(), **limits))
    return caught.value


def with_doctype(subset: str, text: str) -> str:
    whole = document(stmt(ntry(rest=f"<AddtlNtryInf>{text}</AddtlNtryInf>")))
    return whole.replace("<Document", f"<!DOCTYPE Document {subset}>\n<Document", 1)


@pytest.mark.parametrize(
    "data",
    [
        with_doctype(f"[{BOMB}]", "&a11;"),
        with_doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"),
        with_doctype('SYSTEM "http://127.0.0.1:9/evil.dtd"', "text"),
        with_doctype('[<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]', "text"),
        with_doctype("[<!ELEMENT Document ANY>]", "text"),
    ],
    ids=["billion laughs", "external entity", "external DTD", "parameter entity", "harmless DTD"],
)
def test_a_document_type_is_refused_before_anything_in_it_is_looked_at(data: str):
    error = refused(data)
    assert error.line == 2
    assert "document type declaration" in error.reason


def test_an_entity_that_nobody_declared_is_refused():
    assert "not well-formed" in refused(document(stmt(ntry(rest="<AddtlNtryInf>&x;</AddtlNtryInf>")))).reason


def test_the_five_entities_of_xml_itself_and_numbers_are_read():
    (statement,) = read(document(stmt(ntry(rest="<AddtlNtryInf>&lt;A &amp; B&gt; &#233;</AddtlNtryInf>")))).statements
    assert statement.lines[0].description == "<A & B> é"


def test_text_in_pieces_is_one_text():
    rest = "<AddtlNtryInf>A<!-- x -->B<![CDATA[ <C>]]></AddtlNtryInf>"
    (statement,) = read(document(stmt(ntry(rest=rest)))).statements
    assert statement.lines[0].description == "AB <C>"


def test_an_included_file_is_not_included(tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    rest = '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="secret" parse="text"/>'
    (statement,) = read(document(stmt(ntry(rest=rest)))).statements
    assert statement.lines[0].description == "Bank transaction"


@pytest.mark.parametrize("name", ["Deep", "SplmtryData"])
def test_nesting_is_bounded_in_what_is_read_and_in_what_is_passed_over(name: str):
    inside = f"<{name}>" + "<a>" * 70 + "</a>" * 70 + f"</{name}>"
    assert "nested deeper than 64 (nesting_max)" in refused(document(stmt(ntry(rest=inside)))).reason


def test_the_depth_that_the_standard_needs_is_read():
    inside = "<Deep>" * 50 + "</Deep>" * 50
    assert read(document(stmt(ntry(rest=inside)))).statements


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"file_bytes_max": 400}, "the file is larger than 400 bytes (file_bytes_max)"),
        ({"elements_max": 12}, "more than 12 elements (elements_max)"),
        ({"nesting_max": 4}, "nested deeper than 4 (nesting_max)"),
        ({"names_max": 8}, "more than 8 different names (names_max)"),
        ({"held_elements_max": 8}, "more than 8 elements in one entry (held_elements_max)"),
        ({"statements_max": 1}, "more than 1 statements (statements_max)"),
        ({"lines_max": 2}, "more than 2 entries (lines_max)"),
        ({"attributes_max": 0}, "more than 0 attributes on one element (attributes_max)"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_every_limit_refuses_by_its_name(limits: dict[str, int], told: str):
    text = document(stmt(ntry(), ntry()), stmt(ntry(), name="S2"))
    assert told in refused(text, **limits).reason
    assert read(text).statements


def test_text_and_attributes_are_bounded():
    long = "x" * 10_001
    assert "text_chars_max" in refused(document(stmt(ntry(rest=f"<AddtlNtryInf>{long}</AddtlNtryInf>")))).reason
    assert "text_chars_max" in refused(document(stmt(ntry(rest=f'<A b="{long}"/>')))).reason
    assert "name_chars_max" in refused(document(stmt(ntry(rest=f"<{long}/>")))).reason


def test_the_number_of_different_names_is_bounded_in_attributes_prefixes_and_what_is_passed_over():
    attributes = "".join(f'<A a{n}="1"/>' for n in range(5000))
    prefixes = "".join(f'<A xmlns:p{n}="urn:x"/>' for n in range(5000))
    passed_over = "<SplmtryData>" + "".join(f"<a{n}/>" for n in range(5000)) + "</SplmtryData>"
    for content in (attributes, prefixes, passed_over):
        assert "names_max" in refused(document(stmt(ntry(rest=content)))).reason


class Endless(RawIOBase):
    """A stream that never ends, and counts what was asked of it."""

    def __init__(self, head: bytes, forever: bytes) -> None:
        self._parts = self._generate(head, forever)
        self.given = 0

    def _generate(self, head: bytes, forever: bytes) -> Iterator[bytes]:
        yield head
        while True:
            yield forever

    def readable(self) -> bool:
        return True

    def read(self, _size: int = -1) -> bytes:
        part = next(self._parts)
        self.given += len(part)
        return part


HEAD = document(stmt()).split("</Stmt>", maxsplit=1)[0].encode()


@pytest.mark.parametrize(
    ("opened", "forever", "told"),
    [
        (b"<!-- ", b"x" * 65536, "token_bytes_max"),
        (b'<A b="', b"x" * 65536, "token_bytes_max"),
        (b"<AddtlStmtInf>", b"x" * 65536, "text_chars_max"),
        (b"<AddtlStmtInf><![CDATA[", b"x" * 65536, "text_chars_max"),
        (b"", b" " * 65536, "text_chars_max"),
        (b"", b"<Bal/>" * 10000, "held_elements_max"),
        (b"", ntry().encode() * 500, "lines_max"),
        (b"<Ntry><NtryDtls>", b"<TxDtls/>" * 7000, "elements_max"),
    ],
    ids=["comment", "attribute", "text", "CDATA", "blanks", "balances", "entries", "transactions"],
)
def test_a_file_without_an_end_is_given_up_at_a_limit(opened: bytes, forever: bytes, told: str):
    stream: Any = Endless(HEAD + opened, forever)
    with pytest.raises(UnreadableFile) as caught:
        read_statement_file(stream, "endless", replace(Limits(), lines_max=5_000, elements_max=500_000))
    assert told in caught.value.reason
    assert stream.given < 20_000_000


def test_a_comment_before_the_root_is_bounded_too():
    stream: Any = Endless(b"<!-- ", b"x" * 65536)
    with pytest.raises(UnreadableFile, match="token_bytes_max"):
        read_statement_file(stream, "endless")


def test_an_entry_of_many_transactions_holds_only_one_of_them():
    many = "<NtryDtls>" + "<TxDtls><Refs><EndToEndId>E</EndToEndId></Refs></TxDtls>" * 30_000 + "</NtryDtls>"
    (statement,) = read(document(stmt(ntry(rest=many)))).statements
    assert statement.lines[0].description == "Bank transaction (30000 transactions)"


def test_the_size_of_the_pieces_in_which_a_file_arrives_does_not_matter():
    data = document(statement_of(thousand_entries()[:20])).encode()

    class Dribble(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            return super().read(7)

    assert read_statement_file(Dribble(data), "own.xml") == read(data)
