"""A source account as the institution describes it, before it is one: the rules it must meet.

Which version it is follows from its shape: v2 if its type is one of v2's, or if it says anything that only v2 can
say (routing, account info); else v1. Both need a currency: money of no currency can be sent nowhere.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bankfeeds.domain.errors import Flaw, Invalid
from bankfeeds.domain.money import EXPONENTS, amount_flaw
from bankfeeds.domain.source_account import V2_TYPES, AccountInfo, Routing
from bankfeeds.domain.transaction import parse_day

ID_LENGTH_MAX = 255
TEXT_LENGTH_MAX = 500
IDENTIFIER_LENGTH_MAX = 100
"""Account number, sort code and bank code: Sage tells accounts apart by them."""
BATCH_MAX = 1000
RESERVED_IDS = frozenset(["batch", "credentials", ".", ".."])
"""Ids that could never be addressed: the path means something else."""

_MISSING = "is missing"


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """None is absent. `opened_on` is still the text that was sent."""

    id: str | None
    name: str | None = None
    type: str | None = None
    number: str | None = None
    sort_code: str | None = None
    currency: str | None = None
    balance: Decimal | None = None
    routing: Routing | None = None
    info: AccountInfo | None = None
    opened_on: str | None = None

    @property
    def version(self) -> Literal[1, 2]:
        return 2 if self.type in V2_TYPES or self.routing is not None or self.info is not None else 1


def check(draft: AccountDraft) -> None:
    """Invalid, with every flaw found; nothing if the draft may become an account."""
    flaws = [*_id_flaws(draft), *_text_flaws(draft), *_currency_flaws(draft), *_amount_flaws(draft)]
    if draft.version == 2:  # noqa: PLR2004 - the version's own name
        flaws += _v2_flaws(draft)
    if draft.opened_on is not None and opened_on(draft) is None:
        flaws.append(Flaw("accountInfo.accountOpenDate", "is not a date; write it as 2026-01-31"))
    if flaws:
        raise Invalid("source_account", "; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws), tuple(flaws))


def opened_on(draft: AccountDraft) -> date | None:
    return parse_day(draft.opened_on) if draft.opened_on else None


def name_flaw(name: str) -> str | None:
    if not name.strip():
        return "is empty; give the name your customer knows the account by"
    return f"is longer than {TEXT_LENGTH_MAX} characters" if len(name) > TEXT_LENGTH_MAX else None


def balance_flaw(balance: Decimal, currency: str | None) -> str | None:
    return amount_flaw(balance, EXPONENTS.get(currency or "", max(EXPONENTS.values())))


def _id_flaws(draft: AccountDraft) -> list[Flaw]:
    if not draft.id:
        return [Flaw("id", f"{_MISSING}; give the id by which you know this account")]
    if len(draft.id) > ID_LENGTH_MAX or not draft.id.isprintable():
        return [Flaw("id", f"must have 1 to {ID_LENGTH_MAX} printable characters")]
    if draft.id in RESERVED_IDS:
        return [Flaw("id", f"{draft.id!r} has a meaning of its own in the API's paths; use another id")]
    return []


def _text_flaws(draft: AccountDraft) -> list[Flaw]:
    info = draft.info or AccountInfo()
    texts = {
        "accountType": draft.type,
        "accountNumber": draft.number,
        "sortCode": draft.sort_code,
        "routingInfo.bankCode": draft.routing.bank_code if draft.routing else None,
        "accountInfo.description": info.description,
        "accountInfo.nickname": info.nickname,
    }
    flaws = [
        Flaw(field, f"is longer than {_length_max(field)} characters")
        for field, text in texts.items()
        if text is not None and len(text) > _length_max(field)
    ]
    if draft.name is not None and (flaw := name_flaw(draft.name)):
        flaws.append(Flaw("accountName", flaw))
    return flaws


def _length_max(field: str) -> int:
    return IDENTIFIER_LENGTH_MAX if field in {"accountNumber", "sortCode", "routingInfo.bankCode"} else TEXT_LENGTH_MAX


def _currency_flaws(draft: AccountDraft) -> list[Flaw]:
    if not draft.currency:
        return [Flaw("currency", f"{_MISSING}; give its ISO 4217 code, such as GBP: it decides what amounts mean")]
    if draft.currency not in EXPONENTS:
        return [Flaw("currency", f"{draft.currency[:10]!r} is not an ISO 4217 currency code such as GBP")]
    if draft.currency == "GBP" and not (draft.sort_code or (draft.routing and draft.routing.bank_code)):
        return [Flaw("sortCode", f"{_MISSING}; a GBP account needs it, here or as routingInfo.bankCode")]
    return []


def _amount_flaws(draft: AccountDraft) -> list[Flaw]:
    amounts = {
        "balance": draft.balance,
        "accountInfo.availableBalance": draft.info.available_balance if draft.info else None,
    }
    flaws: list[Flaw] = []
    for field, amount in amounts.items():
        if amount is not None and (flaw := balance_flaw(amount, draft.currency)):
            flaws.append(Flaw(field, flaw))
    return flaws


def _v2_flaws(draft: AccountDraft) -> list[Flaw]:
    flaws: list[Flaw] = []
    if draft.name is None:
        flaws.append(Flaw("accountName", f"{_MISSING}; give the name your customer knows the account by"))
    if draft.type not in V2_TYPES:
        flaws.append(Flaw("accountType", f"must be one of {', '.join(V2_TYPES)}"))
    if not (draft.number or "").strip():
        flaws.append(Flaw("accountNumber", _MISSING))
    if draft.balance is None:
        flaws.append(Flaw("balance", f"{_MISSING}; 0 is allowed"))
    return flaws
