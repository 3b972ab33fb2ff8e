"""Source accounts as they are offered to Sage, in PATCH authorisations and in availableaccounts alike."""

from bankfeeds.domain.authorisation import OfferedAccount
from bankfeeds.domain.source_account import SourceAccount, shown_names

_TYPES = {
    "checking": "business",
    "Debit": "business",
    "savings": "savings",
    "loan": "loan",
    "creditCard": "creditCard",
    "Credit": "creditCard",
    "prepaidCard": "personal",
}
_TYPE_OF_OTHERS = "business"


def offered(accounts: list[SourceAccount]) -> list[OfferedAccount]:
    """All accounts of one connection. The company's id binds them together at Sage and survives the connection."""
    names = shown_names(accounts)
    return [
        OfferedAccount(
            external_id=account.external_id,
            name=names[account.pk],
            bank_identifier=account.company_id,
            account_identifier=account.identifier,
            branch_identifier=account.branch,
            type=_TYPES.get(account.type or "", _TYPE_OF_OTHERS),
        )
        for account in accounts
    ]
