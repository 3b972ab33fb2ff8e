"""The model of a push of bank transactions, the same for every account."""

from bankfeeds.domain.transaction import LINES_MAX, TYPES
from bankfeeds.web.codat import wire


def _property(kind: str, name: str, description: str, *, required: bool) -> wire.PushProperty:
    return wire.PushProperty(kind, name, description, required)


_TRANSACTION = {
    "id": _property("String", "Id", "Unique id of the transaction within its account", required=True),
    "date": _property("DateTime", "Date", "Local calendar date it was booked; any offset is ignored", required=True),
    "description": _property("String", "Description", "What the Sage user reads", required=False),
    "amount": _property("Number", "Amount", "Positive for money in, negative for money out", required=True),
    "balance": _property("Number", "Balance", "The account's balance after the transaction", required=True),
    "transactionType": wire.PushProperty(
        "String",
        "Transaction type",
        "Kind of transaction; Unknown if absent",
        required=False,
        options=[wire.PushChoice(name, "String", name, name, required=False) for name in TYPES],
    ),
    "counterparty": _property("String", "Counterparty", "Who paid or was paid", required=False),
    "reference": _property("String", "Reference", "Reference number", required=False),
}

BANK_TRANSACTIONS = wire.PushOption(
    type="Object",
    display_name="Bank transactions",
    description="Transactions of one source account",
    required=True,
    properties={
        "accountId": _property("String", "Account", "Id of the source account, as in the path", required=True),
        "transactions": wire.PushProperty(
            "Array",
            "Transactions",
            "Oldest first",
            required=True,
            properties=_TRANSACTION,
            validation=wire.PushValidation(
                warnings=[],
                information=[
                    wire.PushFieldValidation("transactions", f"At most {LINES_MAX} transactions, oldest first."),
                    wire.PushFieldValidation(
                        "transactions.date",
                        "None earlier than the newest transaction accepted before, none in the future.",
                    ),
                ],
            ),
        ),
    },
)
