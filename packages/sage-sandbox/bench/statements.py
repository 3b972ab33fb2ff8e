"""Full statements as a provider would send them, encoded."""

from datetime import date, timedelta

import msgspec
from client import Link

_FIRST_DAY = date(2026, 1, 1)


def statement(link: Link, number: int, lines: int) -> bytes:
    """The account's statement of this number: later ones have later days, balances follow from each other."""
    on = f"{_FIRST_DAY + timedelta(days=number // 25)}T10:00:00.000Z"
    rows = [_line(link, number * lines + at, on) for at in range(lines)]
    amounts = [row["transactionAmount"] for row in rows]
    balance = _balance(number, lines)
    data = {
        "principalId": link.bank_account_id,
        "bankId": link.bank_id,
        "expected": {
            "transactionDetailsCount": lines,
            "accountDetailsCount": 1,
            "transactionCreditSum": sum(a for a in amounts if a > 0),
            "transactionDebitSum": sum(a for a in amounts if a < 0),
        },
        "accountDetails": [
            {
                "bankAccountId": link.bank_account_id,
                "status": "active",
                "balances": {
                    "ledgerBalance": balance,
                    "ledgerBalanceDate": on,
                    "availableBalance": balance,
                    "availableBalanceDate": on,
                },
            }
        ],
        "transactionDetails": rows,
    }
    return msgspec.json.encode({"data": data})


def _amount(at: int) -> int:
    size = 100 + at * 7919 % 90_000
    return size if at % 3 == 0 else -size


def _balance(number: int, lines: int) -> int:
    return sum(_amount(at) for at in range((number + 1) * lines))


def _line(link: Link, at: int, on: str) -> dict[str, object]:
    amount = _amount(at)
    return {
        "uniqueId": f"{link.bank_account_id[:8]}-{at:010d}",
        "bankAccountId": link.bank_account_id,
        "transactionAmount": amount,
        "transactionType": "CREDIT" if amount > 0 else "DEBIT",
        "transactionStatus": "posted",
        "datePosted": on,
        "description": f"Card payment 4{at:09d} at a shop in some town",
        "referenceNumber": f"R{at:09d}",
        "payee": {"payeeDescription": "A shop in some town"},
    }
