"""ISO 20022 bank transaction codes as the transaction types of Codat's API; where a code is not clear, the
sign decides.

Domain, family and sub-family are those of the ISO 20022 external code list for bank transaction codes.
"""

from decimal import Decimal

from bankfeeds.readers.xml import Element

_BY_SUB_FAMILY = {
    "INTR": "Int",
    "DVCA": "Div",
    "CHRG": "SerChg",
    "FEES": "Fee",
    "COMM": "Fee",
    "COMT": "Fee",
    "STDO": "RepeatPmt",
    "SALA": "DirectDep",
    "BOOK": "Xfer",
    "CDPT": "Dep",
    "CHKD": "Dep",
    "POSD": "Pos",
    "POSC": "Pos",
    "POSP": "Pos",
    "SMRT": "Pos",
}
_BY_FAMILY = {
    "ICDT": "Payment",
    "IRCT": "Payment",
    "RDDT": "DirectDebit",
    "IDDT": "DirectDebit",
    "RCHQ": "Check",
    "ICHQ": "Check",
    "CCRD": "Pos",
    "MCRD": "Pos",
    "RCCN": "Xfer",
    "ICCN": "Xfer",
}
_CASH_TAKEN = "CWDL"
_DEBITS_ONLY = frozenset({"Payment", "RepeatPmt", "Cash", "Atm"})
_CREDITS_ONLY = frozenset({"DirectDep", "Dep", "Div"})
_DOMAINS = frozenset({"PMNT", "CAMT", "ACMT", "LDAS", "SECU", "XTND"})


def code_of(element: Element) -> tuple[str, ...]:
    """The parts of a `BkTxCd`: domain, family, sub-family; or the bank's own code; or none."""
    parts = (
        element.find_text("BkTxCd", "Domn", "Cd"),
        element.find_text("BkTxCd", "Domn", "Fmly", "Cd"),
        element.find_text("BkTxCd", "Domn", "Fmly", "SubFmlyCd"),
    )
    own = element.find_text("BkTxCd", "Prtry", "Cd")
    return parts if parts[0] else (own,) if own else ()


def transaction_type(code: tuple[str, ...], amount: Decimal) -> str:
    """Sub-family before family; a type that contradicts the sign (a payment returned, wages paid) is passed over."""
    domain, family, sub_family = code if len(code) == len(("domain", "family", "sub-family")) else ("", "", "")
    by_sign, impossible = ("Debit", _CREDITS_ONLY) if amount < 0 else ("Credit", _DEBITS_ONLY)
    if domain not in _DOMAINS:
        return by_sign
    if sub_family == _CASH_TAKEN:
        found = "Atm" if family == "CCRD" else "Cash"
    else:
        found = _BY_SUB_FAMILY.get(sub_family)
        if found is None or found in impossible:
            found = _BY_FAMILY.get(family)
    return found if found is not None and found not in impossible else by_sign
