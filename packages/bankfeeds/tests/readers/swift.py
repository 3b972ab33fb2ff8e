"""MT940 messages made by the tests."""

from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

from bankfeeds.domain.statement_file import StatementFile
from bankfeeds.readers import Hints, read_statement_file

from .documents import Booked


def swift(amount: Decimal) -> str:
    """A SWIFT amount has a decimal comma, and always one."""
    text = format(abs(amount), "f").replace(".", ",")
    return text if "," in text else f"{text},"


def side(amount: Decimal) -> str:
    return "D" if amount < 0 else "C"


def balance(tag: str, amount: Decimal, on: str = "261102", currency: str = "GBP") -> str:
    return f":{tag}:{side(amount)}{on}{currency}{swift(amount)}"


def entry(booked: Booked) -> str:
    day = booked.on.strftime("%y%m%d%m%d")
    bank = f"//{booked.bank_reference}" if booked.bank_reference else ""
    first = f":61:{day}{side(booked.amount)}{swift(booked.amount)}NTRF{booked.reference or 'NONREF'}{bank}"
    return f"{first}\r\n:86:{booked.text}" if booked.text else first


def message(
    entries: Sequence[Booked] = (),
    opening: Decimal = Decimal("100.00"),
    closing: Decimal | None = None,
    account: str = "GB83DEMO00009931926819",
    name: str = "S1",
) -> str:
    reached = opening + sum((one.amount for one in entries), Decimal(0)) if closing is None else closing
    fields = [f":20:{name}", f":25:{account}", ":28C:1/1", balance("60F", opening)]
    return "\r\n".join([*fields, *map(entry, entries), balance("62F", reached), "-", ""])


def read(text: str | bytes, encoding: str | None = None) -> StatementFile:
    data = text.encode() if isinstance(text, str) else text
    return read_statement_file(BytesIO(data), "own.sta", hints=Hints(encoding=encoding))
