"""Every page of the portal is opened in a browser test, in both languages: read from the tests, so that none is forgotten."""

import ast
import re
from pathlib import Path

import pytest

from bankfeeds.web.portal.routes import PAGES

HERE = Path(__file__).parent
TESTS = ("test_in_a_browser.py", "test_webhooks_in_a_browser.py", "operating/test_in_a_browser.py")
ELSEWHERE = {
    "sign-in/openid": "leads to the provider",
    "sign-in/openid/back": "comes from there",
    "accounts/{account}/reconciliation/csv": "a file to keep",
    "accounts/{account}/reconciliation/html": "a file to keep",
    "pushes/{push}/ignore": "a file to keep",
    "branding/preview": "in the frame on the page of branding",
    "branding/authorise/assets/page.css": "no page",
    "branding/authorise/assets/colours.css": "no page",
    "branding/authorise/assets/logo": "no page",
    "companies/{company}/connections/{connection}/unlink": "asks as the deletion of a company does",
    "accounts/{account}/delete": "asks as the deletion of a company does",
    "operators/{operator}/end": "asks as the deletion of a company does",
    "webhooks/{consumer}/events/{event}": "in test_webhooks_in_a_browser.py, where a redirect leads to it",
    "statement-files/new/{upload}": "in operating/test_in_a_browser.py, where an upload leads to it",
    "statement-files/{file}": "in operating/test_in_a_browser.py, where a file taken leads to it",
    "developers/keys/{key}/revoke": "in tests/journeys/test_first_run.py, by its link",
    **{f"first-run/{step}": "the first run's page" for step in ("check", "account", "password", "push")},
}


def opened():
    """The addresses that browser tests open, as far as they stand in one text; what is filled in is an x."""
    found = set()
    for name in TESTS:
        for node in ast.walk(ast.parse((HERE / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values))
    return {each.partition("?")[0] for each in found}


SHOWN = [page.path for page in PAGES if page.show is not None and not page.show.__name__.startswith("to_")]


@pytest.mark.parametrize("path", [path for path in SHOWN if path not in ELSEWHERE])
def test_a_page_is_opened_in_a_browser(path):
    pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
    assert any(pattern.fullmatch(address) for address in opened())


def test_what_is_left_out_is_a_page():
    assert set(ELSEWHERE) <= set(SHOWN)
