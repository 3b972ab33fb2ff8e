"""No page of ours, whoever adds it, has scripts or styles in its markup, or fetches anything from elsewhere.

What Sage's `auth` and `authrefresh` must answer is no template; its one script is allowed by its digest alone.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOMES = ("packages/bankfeeds/src", "packages/sage-sandbox/src", "examples/bank-web-app/bank_app")
REPORTS = {
    ROOT / "packages/sage-sandbox/src/sage_sandbox/certify/report.html",
    ROOT / "packages/bankfeeds/src/bankfeeds/web/reconciliation/report.html",
}
"""No pages of a server: files of their own, to be sent about."""

_WRONG = {
    "a script in the page": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style in the page": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "a handler in the page": re.compile(r"\son[a-z]+\s*=\s*[\"'{]", re.IGNORECASE),
    "an address that runs": re.compile(r"javascript:|data:text", re.IGNORECASE),
    "something from elsewhere": re.compile(
        r"<(?:script|link|img|iframe|source|object|embed|form)\b[^>]*\b(?:src|href|data|action)=[\"']?(?:https?:)?//",
        re.IGNORECASE,
    ),
}
_WRONG_IN_STYLES = {"something from elsewhere": re.compile(r"@import|url\(\s*[\"']?(?:https?:)?//", re.IGNORECASE)}


def find(suffix: str) -> list[Path]:
    return sorted(path for home in HOMES for path in (ROOT / home).rglob(f"*{suffix}") if path not in REPORTS)


def offences(text: str, wrong: dict[str, re.Pattern[str]]) -> list[str]:
    return [name for name, pattern in wrong.items() if pattern.search(text)]


def test_no_page_has_scripts_or_styles_in_it_or_fetches_from_elsewhere() -> None:
    pages = find(".html")

    found = {str(page.relative_to(ROOT)): offences(page.read_text(encoding="utf-8"), _WRONG) for page in pages}

    assert len(pages) > 40
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_no_style_fetches_from_elsewhere() -> None:
    styles = find(".css")

    assert len(styles) >= 5
    assert [style for style in styles if offences(style.read_text(encoding="utf-8"), _WRONG_IN_STYLES)] == []


@pytest.mark.parametrize(
    "markup",
    [
        "<script>go()</script>",
        "<SCRIPT type=module>go()</SCRIPT>",
        "<style>p {}</style>",
        '<p style="color: red">',
        '<button class="a" onclick="go()">',
        "<a onfocus={{ code }}>",
        '<a href="javascript:go()">',
        '<img alt="" src="https://elsewhere.example/a.png">',
        '<link rel="stylesheet" href="//elsewhere.example/a.css">',
        '<form method="post" action="http://elsewhere.example/">',
    ],
)
def test_what_is_wrong_is_seen(markup: str) -> None:
    assert offences(markup, _WRONG)
    assert not offences('<script src="/a.js" defer></script><a href="https://a.example/">there</a>', _WRONG)
