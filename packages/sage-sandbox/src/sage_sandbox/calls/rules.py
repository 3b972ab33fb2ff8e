"""Which rule refuses a call, and the section of the contract in which it stands; numbers are the contract's."""

import re

import msgspec

from sage_sandbox.refusals import Problem

_OWN_RULE = "sandbox"


class Rule(msgspec.Struct, frozen=True):
    """A refusal as the log and the header `X-Sandbox-Rule` name it."""

    code: str
    section: str
    message: str
    path: str = ""

    def header(self) -> str:
        return f"{self.code}; section={self.section}"


SECTIONS = {
    "TOO_MANY_TRANSACTIONS": "6.3",
    "ACCOUNT_DETAILS_COUNT": "6.3",
    "EXPECTED_MISMATCH": "6.3",
    "BANK_ACCOUNT_MISMATCH": "6.3",
    "DUPLICATE_IN_STATEMENT": "6.3",
    "BANK_ACCOUNT_CANCELLED": "9.2",
    "BANK_ACCOUNT_AUTH_REQUIRED": "17 (20)",
    "STATEMENT_IN_FLIGHT": "6.3",
    "DUPLICATE_TRANSACTION": "6.3",
    "DATE_ORDER": "6.3",
    "DATE_WINDOW": "6.3",
    "BEFORE_START_DATE": "17 (21)",
    "DATE_FUTURE": "6.3",
    "SIGN": "6.3",
    "TEXT_LENGTH": "17 (6)",
    "UNAUTHORISED": "3.3",
    "FORBIDDEN": "3.3.2",
    "API_KEY": "3.1",
    "TOKEN": "3.1",
    "TOKEN_OF_ANOTHER": "3.1",
    "THROTTLE": "6",
    "PROCESSING_FAILED": _OWN_RULE,
}
"""Codes whose rule stands in one place; all others are the rule of the call they refuse."""

_CALLS = [
    (re.compile(f"(?:{methods}) (?:/us)?{path}"), section)
    for methods, path, section in (
        ("POST", "/cloudid/oauth/token", "3.1"),
        (".*", "/papi/v1/banks.*", "6.1"),
        (".*", "/papi/v1/authorisations.*", "6.2"),
        ("GET", "/papi/v1/statements.*", "6.4"),
        (".*", "/papi/v1/statements.*", "6.3"),
        (".*", "/papi/v1/accountqueries", "6.5"),
        (".*", "/papi(?:/v1)?/sync", "6.7"),
        (".*", "/papi.*", "6"),
        ("POST", "/consumer/api/v1/organisations", "7.1"),
        (".*", "/consumer/api/v1/accesstoken", "7.2"),
        (".*", "/consumer/api/v1/banks.*", "7.3"),
        (".*", ".*/indirectlinkaccount", "7.4"),
        (".*", "/consumer/api/v1/poll/.*", "7.5"),
        (".*", ".*/indirectredirect/.*", "5.2"),
        ("POST", ".*/bankaccounts", "7.6"),
        (".*", ".*/bankaccounts/[^/]*/indirectauth", "7.10"),
        (".*", ".*/bankaccounts/[^/]*/transactions", "7.11"),
        (".*", ".*/availablebankaccounts", "7.8"),
        (".*", ".*/linkavailablebankaccount", "7.9"),
        ("DELETE", ".*/bankaccounts/[^/]*", "7.12"),
        (".*", ".*/bankaccounts/[^/]*", "7.7"),
        (".*", "/consumer.*", "7"),
    )
]


def section_of_call(method: str, path: str) -> str:
    """Where the contract describes a call; `sandbox` for what is not Sage's."""
    called = f"{method} {path}"
    return next((section for pattern, section in _CALLS if pattern.fullmatch(called)), _OWN_RULE)


def rule_of(problem: Problem, method: str, path: str) -> Rule:
    section = SECTIONS.get(problem.code) or section_of_call(method, path)
    return Rule(problem.code, section, problem.message, problem.path)


def cited(problem: Problem, section: str = "6.3") -> dict[str, str]:
    """A problem as bodies show it, with the section of its rule."""
    return {
        "code": problem.code,
        "message": problem.message,
        "path": problem.path,
        "section": SECTIONS.get(problem.code, section),
    }
