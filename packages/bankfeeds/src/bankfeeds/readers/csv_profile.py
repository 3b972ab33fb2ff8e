"""A mapping profile: how one bank's CSV files are read. Suggested, confirmed by a person, kept as JSON."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from bankfeeds.readers.text import ENCODINGS, known_encoding

DateOrder = Literal["dmy", "mdy", "ymd"]
Sign = Literal["money in is positive", "money out is positive"]
PROFILE_BYTES_MAX = 64 * 1024


class ProfileError(Exception):
    """What is wrong with a profile, and what to do."""


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Each by its heading or, counted from 1, its number. An amount, or debit and credit columns."""

    date: str | int
    amount: str | int | None = None
    debit: str | int | None = None
    credit: str | int | None = None
    indicator: str | int | None = None
    balance: str | int | None = None
    description: tuple[str | int, ...] = ()
    counterparty: str | int | None = None
    reference: str | int | None = None
    bank_reference: str | int | None = None
    currency: str | int | None = None
    account: str | int | None = None


class CsvProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`header_line` is 0 where there is no heading; what stands before it is passed over, as are `footer_lines`.

    What the file left open is None, and has to be filled in before the profile is used. `debit_words` are what the
    indicator column says of money that goes out.
    """

    encoding: str = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    header_line: int = 1
    footer_lines: int = 0
    columns: Columns
    date_order: DateOrder | None = None
    decimal: Literal[",", "."] | None = None
    sign: Sign = "money in is positive"
    debit_words: tuple[str, ...] = ()
    credit_words: tuple[str, ...] = ()
    currency: str | None = None


def parse_profile(data: bytes) -> CsvProfile:
    """ProfileError says which field is wrong."""
    if len(data) > PROFILE_BYTES_MAX:
        raise ProfileError(f"the profile is larger than {PROFILE_BYTES_MAX} bytes")
    try:
        profile = msgspec.json.decode(data, type=CsvProfile)
    except msgspec.DecodeError as error:
        raise ProfileError(f"the profile is not one: {error}") from None
    check(profile)
    return profile


def write_profile(profile: CsvProfile) -> bytes:
    return msgspec.json.format(msgspec.json.encode(profile), indent=2) + b"\n"


def check(profile: CsvProfile) -> None:
    """Complete and free of contradictions, or ProfileError."""
    columns = profile.columns
    if known_encoding(profile.encoding) is None:
        raise ProfileError(f"encoding: {profile.encoding!r} is not read; expected one of {', '.join(ENCODINGS)}")
    if profile.date_order is None:
        raise ProfileError('date_order: the file does not tell day from month; set "dmy", "mdy" or "ymd"')
    if profile.decimal is None:
        raise ProfileError('decimal: the file does not tell; set "," or "."')
    if (columns.amount is None) == (columns.debit is None and columns.credit is None):
        raise ProfileError("columns: either amount, or debit and credit")
    if columns.indicator is not None and (columns.amount is None or not profile.debit_words):
        raise ProfileError("columns: an indicator needs an amount column and debit_words")
    if profile.header_line < 0 or profile.footer_lines < 0:
        raise ProfileError("header_line and footer_lines: 0 or more")


def positions(columns: Columns, headings: Sequence[str]) -> dict[str, int]:
    """Where each named column stands. ProfileError if a heading is not there, or there twice."""
    found: dict[str, int] = {}
    for field in columns.__struct_fields__:
        named = getattr(columns, field)
        for number, column in enumerate(named if isinstance(named, tuple) else (named,)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - a struct's fields
            if column is not None:
                key = f"{field}{number}" if isinstance(named, tuple) else field
                found[key] = _position(column, headings)  # pyright: ignore[reportUnknownArgumentType]
    return found


def _position(column: str | int, headings: Sequence[str]) -> int:
    if isinstance(column, int):
        if not 1 <= column <= len(headings):
            raise ProfileError(f"columns: there is no column {column}; the file has {len(headings)}")
        return column - 1
    places = [place for place, heading in enumerate(headings) if heading.strip() == column.strip()]
    if len(places) != 1:
        told = "is not there" if not places else f"is there {len(places)} times; give the column's number instead"
        raise ProfileError(f"columns: the heading {column!r} {told}; the headings are {', '.join(headings)}"[:1000])
    return places[0]
