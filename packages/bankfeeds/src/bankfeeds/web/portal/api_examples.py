"""A body for each operation that takes one, to copy. A test checks each against the schema of its operation."""

from collections.abc import Mapping

_ACCOUNT = {
    "id": "acc-001",
    "accountName": "Trading account",
    "accountType": "checking",
    "accountNumber": "10203040",
    "sortCode": "112233",
    "currency": "GBP",
    "balance": 300.5,
}
_CARD = {
    "id": "acc-002",
    "accountName": "Company card",
    "accountType": "creditCard",
    "accountNumber": "4321",
    "currency": "EUR",
    "balance": 0,
}
_COMPANY = {"name": "Harbour Bakery Ltd", "description": "crm 8841", "tags": {"region": "uk"}}
_TRANSACTIONS = [
    {
        "id": "tx-501",
        "date": "2026-02-02",
        "description": "Card settlement",
        "amount": 80.0,
        "balance": 330.75,
        "transactionType": "Credit",
    },
    {
        "id": "tx-502",
        "date": "2026-02-03",
        "description": "Flour",
        "counterparty": "Mill & Co",
        "reference": "INV 77",
        "amount": -30.25,
        "balance": 300.5,
        "transactionType": "Debit",
    },
]
_ORIGINS = {"allowedOrigins": ["https://bank.example"]}
BODIES: Mapping[str, object] = {
    "create-company": _COMPANY,
    "replace-company": _COMPANY,
    "update-company": {"tags": {"region": "ie"}},
    "create-connection": {"platformKey": "olpr"},
    "unlink-connection": {"status": "Unlinked"},
    "update-connection-authorization": {"authorizationId": "3e7d0f5e-4c60-4b7a-9f0c-8d1b1c2a3f4e", "bankId": "b-19"},
    "create-source-account": _ACCOUNT,
    "create-batch-source-account": [_ACCOUNT, _CARD],
    "update-source-account": {"accountName": "Till"},
    "set-closing-balances": {"closingBalances": [{"date": "2026-02-27", "balance": 330.75}]},
    "request-reauthorization": {"reason": "consent ends in a week"},
    "create-bank-transactions": {"accountId": "acc-001", "transactions": _TRANSACTIONS},
    "create-api-key": {"name": "nightly push", "scope": "write"},
    "create-webhook-consumer": {
        "url": "https://bank.example/hook",
        "eventTypes": ["bankTransactions.write.successful", "connection.connected"],
        "companyTags": ["region:uk"],
    },
    "update-profile": {"name": "Harbour Bank", "redirectUrl": "https://bank.example/{companyId}"},
    "set-cors-settings": _ORIGINS,
    "set-connection-management-cors-settings": _ORIGINS,
}
"""By the operation's id."""
