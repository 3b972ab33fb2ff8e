"""The transactions that every measurement sends: made from a seed, alike for all, with ids as banks give them."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

FIRST_DAY = date(2020, 1, 1)
_TEXTS = (
    "CARD PAYMENT TO HARBOUR FLOUR MILLS",
    "FASTER PAYMENT RECEIVED",
    "DIRECT DEBIT RIVER ENERGY",
    "Caf\u00e9 Z\u00fcrich 4711",
)
_PARTIES = ("Harbour Flour Mills Ltd", "A & B Builders", "River Energy", None)
_TYPES = ("Debit", "Credit", "DirectDebit", "Pos")


@dataclass(frozen=True, slots=True)
class Push:
    """The lines of one request: the same for every account, new ids for every `number`."""

    number: int
    size: int

    def rows(self) -> list[tuple[str, date, Decimal, Decimal, str, str, str | None, str | None]]:
        """In the order of the columns of the platform's table of lines."""
        chance = random.Random(self.number * 1_000_003 + self.size)  # noqa: S311 - alike in every run
        on = FIRST_DAY + timedelta(days=self.number // 8)
        balance = 1_000_000
        made = []
        for _ in range(self.size):
            kind = chance.randrange(4)
            cents = chance.randrange(1, 2_000_00) * (1 if kind == 1 else -1)
            balance += cents
            made.append((
                f"{chance.getrandbits(96):024x}", on, Decimal(cents) / 100, Decimal(balance) / 100, _TYPES[kind],
                f"{_TEXTS[kind]} {chance.randrange(10_000):04d}", _PARTIES[kind],
                f"REF{chance.randrange(10**8):08d}" if kind else None,
            ))  # fmt: skip
        return made

    def body(self) -> bytes:
        """The array of transactions as JSON."""
        return b"[" + b",".join(_line(*row) for row in self.rows()) + b"]"


def _line(
    line_id: str, on: date, amount: Decimal, balance: Decimal, kind: str, text: str, party: str | None, ref: str | None
) -> bytes:
    more = (f',"counterparty":"{party}"' if party else "") + (f',"reference":"{ref}"' if ref else "")
    return (
        f'{{"id":"{line_id}","date":"{on}","description":"{text}","amount":{amount:.2f},"balance":{balance:.2f},'
        f'"transactionType":"{kind}"{more}}}'
    ).encode()


def request_body(account_id: str, transactions: bytes) -> tuple[bytes, bytes, bytes]:
    """In parts, so that the same array goes to many accounts without a copy."""
    return b'{"accountId":"' + account_id.encode() + b'","transactions":', transactions, b"}"
