"""MT940 and MT942 (SWIFT customer statement and interim report) into statement drafts, as banks send them as files.

With or without the blocks around a message, one or many messages, several statements in a message. Fields outside the
standard's list are text of the field before them, since banks wrap a time of day so that a line begins ":26:37".
Nothing is put right: a day that is not in the calendar, an amount that is not one, a statement without its closing
balance refuse the file.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from bankfeeds.domain.statement_file import Entry, FileAccount, FileBalance, StatementDraft, UnreadableFile
from bankfeeds.readers.hints import Hints
from bankfeeds.readers.limits import Limits
from bankfeeds.readers.mt940_entry import Line61, entry_of, read_61
from bankfeeds.readers.mt940_values import FieldError, read_balance
from bankfeeds.readers.text import read_lines

_TAG = re.compile(r":(13D?|20|21|25P?|28C?|34F|60[FM]|61|62[FM]|64|65|86|90[CD]|NS|940|942):")
_UNKNOWN_TAG = re.compile(r":[0-9A-Z]{2,3}:")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_CURRENCY_LENGTH = 3
_FIELD_LINES_MAX = 100
_ENDS = ("-", "-}")
_IGNORED = frozenset({"13", "13D", "21", "64", "65", "90C", "90D", "940", "942"})


@dataclass(slots=True)
class _Statement:
    """What was read of one statement so far; `line` is where it begins."""

    reference: str
    line: int
    account: str | None = None
    number: str = ""
    opening: FileBalance | None = None
    closing: FileBalance | None = None
    is_interim: bool = False
    currency: str | None = None
    entries: list[Entry] = field(default_factory=list[Entry])
    pending: int = 0
    warnings: list[str] = field(default_factory=list[str])


class _Reading:
    """The fields of a file, one after the other; finished statements come out of `done`."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.done: list[StatementDraft] = []
        self._statement: _Statement | None = None
        self._entry: Line61 | None = None
        self._details: list[str] = []
        self._numbered: list[str] = []
        self._lines = self.statements = 0

    def take(self, line: int, tag: str, content: list[str]) -> None:
        """One field; `content` is its lines, the first without the tag."""
        try:
            self._take(line, tag, content)
        except FieldError as error:
            raise UnreadableFile(self.file, line, f":{tag}:", str(error)) from None

    def end(self, line: int) -> None:
        """A message or the file ends."""
        self._finish_entry()
        statement, self._statement = self._statement, None
        if statement is None:
            return
        if statement.account is None:
            self._refuse(line, ":25:", f"the message that begins in line {statement.line} names no account")
        if not statement.is_interim and statement.opening is None:
            self._refuse(line, ":60F:", f"the statement that begins in line {statement.line} has no opening balance")
        if not statement.is_interim and statement.closing is None:
            reason = f"the statement that begins in line {statement.line} has no closing balance: it is truncated"
            self._refuse(line, ":62F:", reason)
        self.statements += 1
        if self.statements > self.limits.statements_max:
            self._refuse(line, None, f"more than {self.limits.statements_max} statements (statements_max)")
        self.done.append(_draft(statement))

    def _refuse(self, line: int, element: str | None, reason: str) -> NoReturn:
        raise UnreadableFile(self.file, line, element, reason)

    def _take(self, line: int, tag: str, content: list[str]) -> None:
        if tag == "20":
            self.end(line)
            self._statement = _Statement(content[0].strip(), line)
        elif tag in _IGNORED:
            return
        elif self._statement is None:
            raise FieldError("it stands before :20:, outside a statement")
        elif tag == "61":
            self._begin_entry(self._statement, line, content)
        elif tag in {"86", "NS"}:
            if self._entry is not None:
                (self._details if tag == "86" else self._numbered).extend(content)
        else:
            self._finish_entry()
            self._statement = self._head(self._statement, line, tag, content[0].strip())

    def _head(self, statement: _Statement, line: int, tag: str, text: str) -> _Statement:
        """A field about the whole statement. A second opening balance begins another statement of the account."""
        if tag in {"60F", "60M"}:
            if statement.closing is not None:
                self.end(line)
                statement = _Statement(statement.reference, line, statement.account, statement.number)
            elif statement.opening is not None:
                raise FieldError("a second opening balance, before the closing one")
            statement.opening = read_balance(text)
            statement.currency = statement.opening.currency
        elif tag in {"62F", "62M"}:
            if statement.closing is not None:
                raise FieldError("a second closing balance")
            statement.closing = read_balance(text)
        elif tag in {"25", "25P"}:
            statement.account = text
        elif tag in {"28", "28C"}:
            statement.number = text
        elif tag == "34F":
            statement.is_interim = True
            statement.currency = statement.currency or text[:_CURRENCY_LENGTH]
        return statement

    def _begin_entry(self, statement: _Statement, line: int, content: list[str]) -> None:
        self._finish_entry()
        if statement.closing is not None:
            raise FieldError("it stands behind the closing balance")
        if statement.opening is None and not statement.is_interim:
            raise FieldError("it stands before the opening balance (:60F:)")
        self._lines += 1
        if self._lines > self.limits.lines_max:
            self._refuse(line, ":61:", f"more than {self.limits.lines_max} entries (lines_max)")
        self._entry, self._details, self._numbered = read_61(content), [], []

    def _finish_entry(self) -> None:
        entry, self._entry = self._entry, None
        if entry is None or self._statement is None:
            return
        if entry.is_expected:
            self._statement.pending += 1
        else:
            self._statement.entries.append(entry_of(entry, self._details, self._numbered))


def read_mt940(chunks: Iterable[bytes], file: str, limits: Limits, hints: Hints) -> Iterator[StatementDraft]:
    reading = _Reading(file, limits)
    tag, content, begins, number = "", [""], 0, 0
    for number, text in read_lines(chunks, file, limits, hints.encoding):
        match = _TAG.match(text)
        is_end = match is None and (text.rstrip() in _ENDS or text.startswith(("{1:", "-}")))
        if match is None and not is_end:
            if tag:
                content.append(text)
                if len(content) > _FIELD_LINES_MAX:
                    raise UnreadableFile(file, number, f":{tag}:", f"a field of more than {_FIELD_LINES_MAX} lines")
            elif _UNKNOWN_TAG.match(text):
                raise UnreadableFile(file, number, text[:5], "it is not a field of MT940 or MT942")
            continue
        if tag:
            reading.take(begins, tag, content)
        tag = ""
        if match is not None:
            tag, content, begins = match[1], [text[match.end() :]], number
        else:
            reading.end(number)
        yield from _emptied(reading.done)
    if tag:
        reading.take(begins, tag, content)
    reading.end(number)
    yield from _emptied(reading.done)
    if not reading.statements:
        raise UnreadableFile(file, None, None, "it holds no statement (:20: … :62F:)")


def _emptied(done: list[StatementDraft]) -> list[StatementDraft]:
    taken = done[:]
    done.clear()
    return taken


def _draft(statement: _Statement) -> StatementDraft:
    currency = statement.currency or ""
    closing = statement.closing
    if closing is not None and closing.currency != currency:
        told = f"{closing.amount} {closing.currency}"
        statement.warnings.append(f"the closing balance of {told} was ignored: the account is in {currency}")
        closing = None
    return StatementDraft(
        id="/".join(part for part in (statement.reference, statement.number) if part),
        account=account_of(statement.account or "", currency),
        opening=statement.opening,
        closing=closing,
        entries=tuple(statement.entries),
        pending=statement.pending,
        warnings=tuple(statement.warnings),
    )


def account_of(text: str, currency: str) -> FileAccount:
    """`:25:` as banks fill it: an IBAN, a number, or bank code and number; a currency may stand at the end."""
    parts = [part.replace(" ", "") for part in text.split("/") if part.strip()]
    if len(parts) > 1 and parts[-1] == currency:
        parts.pop()
    number = parts[-1] if parts else ""
    bank = parts[0] if len(parts) > 1 else None
    if currency and number.endswith(currency) and number[:-_CURRENCY_LENGTH].strip():
        number = number[:-_CURRENCY_LENGTH]
    is_iban = _IBAN.fullmatch(number.upper()) is not None
    return FileAccount(number.upper() if is_iban else number, is_iban, currency, None, bank)
