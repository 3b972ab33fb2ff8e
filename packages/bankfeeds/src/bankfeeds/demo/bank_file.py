"""The bank's file that the demo sends: read in whatever format, with what the file leaves open asked of the user."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bankfeeds.demo.programs import DemoFailed
from bankfeeds.demo.show import Screen
from bankfeeds.domain.money import EXPONENTS
from bankfeeds.domain.statement_file import FileBalance, StatementDraft, StatementFile, UnreadableFile
from bankfeeds.domain.statement_ledger import finish
from bankfeeds.readers import Hints, original, read_drafts
from bankfeeds.readers.csv_profile import CsvProfile, ProfileError, parse_profile
from bankfeeds.readers.csv_suggest import SAMPLE_BYTES, suggest
from bankfeeds.readers.kinds import Kind
from bankfeeds.readers.text import ENCODINGS, known_encoding

NAMELESS = "12345678"
"""The number of an account of which a CSV file says nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says of the file. `is_sure`: a suggested profile is used without asking."""

    path: Path
    profile: Path | None = None
    encoding: str | None = None
    currency: str | None = None
    is_sure: bool = False


def opened(screen: Screen, asked: Asked, ask: Callable[[str], str] | None) -> StatementFile:
    """DemoFailed or UnreadableFile before anything is started. `ask` puts a question; None where nobody answers."""
    codec = known_encoding(asked.encoding) if asked.encoding is not None else None
    if asked.encoding is not None and codec is None:
        raise DemoFailed(f"--encoding {asked.encoding}: expected one of {', '.join(ENCODINGS)}")
    if asked.currency is not None and asked.currency not in EXPONENTS:
        raise DemoFailed(f"--currency {asked.currency}: expected an ISO 4217 code such as GBP")
    try:
        with asked.path.open("rb") as stream:
            file = original(stream, asked.path.name)
            profile = _profile(screen, asked, stream.read(SAMPLE_BYTES) if file.format == Kind.csv else None, ask)
            stream.seek(0)
            drafts = list(read_drafts(stream, file.name, hints=Hints(codec, profile)))
    except OSError as error:
        raise UnreadableFile(asked.path.name, None, None, f"it cannot be read: {error.strerror}") from error
    screen.note(f"Format: {file.format}")
    return finish(file.name, [_complete(screen, asked, draft) for draft in drafts])


def _profile(screen: Screen, asked: Asked, head: bytes | None, ask: Callable[[str], str] | None) -> CsvProfile | None:
    """The one that is named; of a CSV file, else the one suggested, if the user agrees."""
    try:
        if asked.profile is not None:
            return parse_profile(asked.profile.read_bytes())
        if head is None:
            return None
        suggestion = suggest(head)
    except ProfileError as error:
        raise DemoFailed(f"{(asked.profile or asked.path).name}: {error}") from error
    screen.note("This is a CSV file. It says little of itself, so this is how it would be read:")
    for words in plainly(suggestion.profile):
        screen.note(f"  {words}")
    if _UNPROVED in " ".join(suggestion.reasons):
        screen.warn("Nothing in the file proves that money in is positive; look at a line you know.")
    is_open = suggestion.profile.date_order is None or suggestion.profile.decimal is None
    if not is_open and (asked.is_sure or (ask is not None and ask("Is that right? [y/N] ").strip().lower() == "y")):
        return suggestion.profile
    raise DemoFailed(_how_to_go_on(asked.path, is_open=is_open))


def plainly(profile: CsvProfile) -> list[str]:
    """What a profile means, for people who know their bank's file and no formats."""
    columns = profile.columns
    parts = {
        "the day": columns.date,
        "the amount": columns.amount,
        "money out": columns.debit,
        "money in": columns.credit,
        "whether it is money in or out": columns.indicator,
        "the balance": columns.balance,
        "who paid or was paid": columns.counterparty,
        "the currency": columns.currency,
        "the account": columns.account,
    }
    found = [f"{what} is in {column!r}" for what, column in parts.items() if column is not None]
    texts = ", ".join(repr(column) for column in columns.description)
    order = _ORDERS.get(profile.date_order or "", "SET IT YOURSELF: the file does not tell day from month")
    decimal = _MARKS.get(profile.decimal or "", "SET IT YOURSELF: the file does not tell")
    return [
        f"columns: {'; '.join(found)}{f'; the text is in {texts}' if texts else ''}",
        f"a day is written as {order}",
        f"the decimal sign is {decimal}",
        profile.sign,
    ]


_ORDERS = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
_MARKS = {",": "a comma", ".": "a point"}
_UNPROVED = "NOTHING IN THE FILE PROVES IT"


def _how_to_go_on(path: Path, *, is_open: bool) -> str:
    file = shlex.quote(str(path))
    why = "the file leaves open what is marked SET IT YOURSELF" if is_open else "nobody said that it is right"
    sure = "" if is_open else f"\n  bankfeeds demo --statement {file} --yes          if it is right\nElse:"
    return (
        f"{why}.{sure}\n"
        f"  bankfeeds csv-profile {file} > profile.json     writes it down; change what is wrong in an editor\n"
        f"  bankfeeds demo --statement {file} --profile profile.json"
    )


def _complete(screen: Screen, asked: Asked, draft: StatementDraft) -> StatementDraft:
    """With an account number and a currency; a CSV file may say neither."""
    account = draft.account
    if account.id and account.currency:
        return draft
    if not account.currency and asked.currency is None:
        raise DemoFailed("the file does not say its currency; add --currency GBP, or whichever it is")
    if not account.id:
        screen.note(f"The file does not say which account it is of; here it is called {NAMELESS}.")
    currency = account.currency or asked.currency or ""

    def stated(balance: FileBalance | None) -> FileBalance | None:
        return replace(balance, currency=currency) if balance else None

    complete = replace(account, id=account.id or NAMELESS, currency=currency)
    return replace(draft, account=complete, opening=stated(draft.opening), closing=stated(draft.closing))
