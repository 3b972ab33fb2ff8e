"""OFX and QFX, versions 1 (SGML) and 2 (XML), into statement drafts: bank and credit card statements.

One small tokeniser reads both, since only the end tags of elements differ. There is no DTD, no entity but the five of
XML, the blank and numbers, and nothing outside the file. An OFX file states no opening balance.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bankfeeds.domain.statement_file import Entry, FileAccount, FileBalance, StatementDraft, UnreadableFile
from bankfeeds.readers.hints import Hints
from bankfeeds.readers.limits import Limits
from bankfeeds.readers.ofx_entry import OfxError, entry_of, read_amount, read_day
from bankfeeds.readers.text import count_lines, known_encoding, read_text

_TOKEN = re.compile(r"<(/?)([A-Za-z0-9_.]+)[ \t]*/?>([^<]*)|<(\?[^>]*>|!--.*?-->|.)", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_GROUPS = frozenset({"STMTTRN", "LEDGERBAL", "BANKACCTFROM", "CCACCTFROM"})
_PENDING = "STMTTRNP"
_HEAD_BYTES = 2048
_CHARSETS = {"1252": "cp1252", "8859-1": "iso-8859-1", "ISO-8859-1": "iso-8859-1", "8859-15": "iso-8859-15"}
_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)[\"']")


@dataclass(slots=True)
class _Statement:
    """What was read of one statement so far."""

    facts: dict[str, str] = field(default_factory=dict[str, str])
    account: dict[str, str] = field(default_factory=dict[str, str])
    ledger: dict[str, str] = field(default_factory=dict[str, str])
    entries: list[Entry] = field(default_factory=list[Entry])
    currencies: set[str] = field(default_factory=set[str])
    pending: int = 0


class _Reading:
    """The elements of a file, one after the other; finished statements come out of `done`."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.done: list[StatementDraft] = []
        self.is_open = self.is_closed = False
        self.statements = self._lines = 0
        self._statement: _Statement | None = None
        self._group = ""
        self._fields: dict[str, str] = {}

    def begin(self, name: str, value: str) -> None:
        """A start tag, and the text behind it."""
        statement = self._statement
        if value:
            if statement is not None:
                (self._fields if self._group else statement.facts).setdefault(name, value)
        elif name in _STATEMENTS:
            if statement is not None:
                raise OfxError("a statement begins inside a statement: an end tag is missing")
            self._statement = _Statement()
        elif statement is not None and name in _GROUPS and not (self._group and name != "STMTTRN"):
            if self._group:
                raise OfxError(f"{name} begins inside {self._group}: an end tag is missing")
            self._group, self._fields = name, {}
        elif name == "OFX":
            self.is_open = True
        elif name == _PENDING and statement is not None:
            statement.pending += 1

    def end(self, name: str) -> None:
        """An end tag; those of elements say nothing."""
        statement = self._statement
        if name == "OFX":
            if statement is not None:
                raise OfxError("the file ends inside a statement")
            self.is_closed = True
        elif statement is None:
            return
        elif name == self._group:
            self._end_group(statement, name)
        elif name in _STATEMENTS:
            if self._group:
                raise OfxError(f"{self._group} is not closed before the statement ends")
            self._end_statement(statement)

    def _end_group(self, statement: _Statement, name: str) -> None:
        fields, self._group = self._fields, ""
        if name == "STMTTRN":
            self._lines += 1
            if self._lines > self.limits.lines_max:
                raise OfxError(f"more than {self.limits.lines_max} transactions (lines_max)")
            statement.entries.append(entry_of(fields))
            if fields.get("CURSYM") and "CURRATE" in fields:
                statement.currencies.add(fields["CURSYM"].upper())
        elif name == "LEDGERBAL":
            statement.ledger = fields
        else:
            statement.account = fields

    def _end_statement(self, statement: _Statement) -> None:
        self._statement = None
        self.statements += 1
        if self.statements > self.limits.statements_max:
            raise OfxError(f"more than {self.limits.statements_max} statements (statements_max)")
        self.done.append(_draft(statement, self.statements))


def read_ofx(chunks: Iterable[bytes], file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    head, chunks = _peeked(chunks)
    reading = _Reading(file, limits)
    line, text = 1, ""
    for piece in read_text(chunks, file, limits, hints.encoding or _encoding(head, file)):
        text += piece
        whole = _whole(text)
        if len(text) - whole > limits.token_bytes_max:
            reason = f"a value longer than {limits.token_bytes_max} characters (token_bytes_max)"
            raise UnreadableFile(file, line + count_lines(text[:whole]), None, reason)
        line = _take(reading, text[:whole], line)
        text = text[whole:]
        yield from _emptied(reading)
    line = _take(reading, text, line)
    yield from _emptied(reading)
    if not reading.is_open or not reading.is_closed:
        raise UnreadableFile(file, line, "OFX", "the file ends early before OFX is closed: it is truncated")
    if not reading.statements:
        reason = "it holds no bank or card statement (STMTRS, CCSTMTRS); investment statements are not read"
        raise UnreadableFile(file, None, "OFX", reason)


def _emptied(reading: _Reading) -> list[StatementDraft]:
    done, reading.done = reading.done, []
    return done


def _peeked(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    parts = iter(chunks)
    first = next(parts, b"")

    def again() -> Iterator[bytes]:
        yield first
        yield from parts

    return first[:_HEAD_BYTES], again()


def _encoding(head: bytes, file: str) -> str | None:
    """As the file declares it: the header of version 1, or the XML declaration."""
    if match := _DECLARED.search(head):
        name = match[1].decode()
        codec = known_encoding(name)
        if codec is None:
            raise UnreadableFile(file, 1, None, f"the encoding {name!r} is not read")
        return codec
    header = head.split(b"<", 1)[0].decode("ascii", "replace").upper()
    facts = dict(part.split(":", 1) for part in header.split() if ":" in part)
    if facts.get("ENCODING", "").startswith(("UTF", "UNICODE")):
        return "utf-8"
    return _CHARSETS.get(facts.get("CHARSET", ""))


def _whole(text: str) -> int:
    """Up to where tokens are complete: the last one, or a CDATA section or comment, may go on in the next piece."""
    last = max(text.rfind("<"), 0)
    for begin, end in (("<![CDATA[", "]]>"), ("<!--", "-->")):
        begun = text.rfind(begin)
        if begun >= 0 and not -1 < text.find(end, begun) < last:
            last = min(last, begun)
    if text.startswith("<!", last):  # it may be part of the value before it
        last = max(text.rfind("<", 0, last), 0)
    return last


def _take(reading: _Reading, text: str, line: int) -> int:
    """The tokens of a piece that begins in `line`; answers the line in which it ends."""
    plain = _CDATA.sub(_escaped, text) if "<![" in text else text
    at, name = 0, ""
    try:
        for match in _TOKEN.finditer(plain):
            end, name, value, other = match.groups()
            at = match.start()
            if other is not None:
                _other(other)
            elif end:
                reading.end(name)
            else:
                reading.begin(name, _unescaped(value))
    except OfxError as error:
        raise UnreadableFile(reading.file, line + count_lines(plain[:at]), error.element or name, str(error)) from None
    return line + count_lines(text)


def _other(other: str) -> None:
    if other.startswith(("?", "!--")):
        return
    if other == "!":
        raise OfxError("it declares a document type or an entity, which no OFX file needs; not read for safety")
    raise OfxError("a stray < that begins no tag")


_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|nbsp|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5});")
_CHARACTERS, _SURROGATES = range(1, 0x110000), range(0xD800, 0xE000)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}


def _escaped(match: re.Match[str]) -> str:
    return match[1].replace("&", "&amp;").replace("<", "&lt;")


def _unescaped(value: str) -> str:
    value = value.strip()
    return _ENTITY.sub(_meant, value) if "&" in value else value


def _meant(match: re.Match[str]) -> str:
    name = match[1]
    if not name.startswith("#"):
        return _NAMED[name]
    code = int(f"0{name[1:]}" if name[1] == "x" else name[1:], 0 if name[1] == "x" else 10)
    return chr(code) if code in _CHARACTERS and code not in _SURROGATES else " "


def _draft(statement: _Statement, number: int) -> StatementDraft:
    account = statement.account.get("ACCTID", "").replace(" ", "")
    if not account:
        raise OfxError("ACCTID is missing: whose account is it?", "ACCTID")
    currency = statement.facts.get("CURDEF", "").upper() or next(iter(sorted(statement.currencies)), "")
    if not currency:
        raise OfxError("CURDEF is missing: which currency is it in?", "CURDEF")
    if others := statement.currencies - {currency}:
        raise OfxError(f"a transaction is in {min(others)}, but the account is in {currency}", "CURSYM")
    closing = None
    if statement.ledger.get("BALAMT"):
        on = read_day(statement.ledger.get("DTASOF", ""), "DTASOF")
        closing = FileBalance(read_amount(statement.ledger["BALAMT"], "BALAMT"), currency, on)
    bank = statement.account.get("BANKID")
    return StatementDraft(
        id="/".join((statement.facts.get("DTSTART", ""), statement.facts.get("DTEND", ""), str(number))),
        account=FileAccount(account, is_iban=False, currency=currency, bank_code=bank),
        opening=None,
        closing=closing,
        entries=tuple(statement.entries),
        pending=statement.pending,
    )
