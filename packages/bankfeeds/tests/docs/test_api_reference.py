"""The API reference names every route and method, every status, and every limit that the program has."""

import re
from pathlib import Path

import pytest

from bankfeeds.domain.account_draft import BATCH_MAX, RESERVED_IDS
from bankfeeds.domain.api_key import KEYS_MAX
from bankfeeds.domain.query import CLAUSES_MAX, DEPTH_MAX, QUERY_LENGTH_MAX
from bankfeeds.domain.source_account import V2_TYPES
from bankfeeds.web.codat import querying
from bankfeeds.web.codat.errors import STATUSES
from bankfeeds.web.codat.openapi import spelled
from bankfeeds.web.codat.paging import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from bankfeeds.web.codat.routes import PAGES, RESOURCES
from bankfeeds.web.codat.transactions import TIMEOUT_MINUTES_MAX

PAGE = (Path(__file__).parents[4] / "docs/reference/api.md").read_text(encoding="utf-8")


def documented():
    """Method and path of every row of the table of operations, abbreviations resolved."""
    rows = re.findall(r"^\|[^|]+\| `([A-Z]+) ([^`]+)` \|", PAGE, flags=re.MULTILINE)
    company, connection = "/companies/{companyId}", "/companies/{companyId}/connections/{connectionId}"
    return [(method, path.replace("{c}", company).replace("{x}", connection)) for method, path in rows]


def test_the_table_has_every_operation_of_the_api_and_no_other():
    served = {(method, spelled(each.path)) for each in RESOURCES for method in each.operations}

    assert set(documented()) == served
    assert len(documented()) == len(served)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_the_pages_for_people_are_named(page):
    assert f"`GET {spelled(page.path)}`" in PAGE


@pytest.mark.parametrize("status", [*STATUSES.values(), 500])
def test_every_error_status_is_explained(status):
    assert re.search(rf"^\| [\d, ]*{status}\b", PAGE, flags=re.MULTILINE)


def test_every_limit_is_named():
    for number in (
        QUERY_LENGTH_MAX,
        CLAUSES_MAX,
        DEPTH_MAX,
        BATCH_MAX,
        KEYS_MAX,
        PAGE_SIZE_MAX,
        PAGE_SIZE_DEFAULT,
        TIMEOUT_MINUTES_MAX,
    ):
        assert re.search(rf"\b{number}\b", PAGE)
    for word in (*RESERVED_IDS, *V2_TYPES):
        assert f"`{word}`" in PAGE


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("companies", querying.COMPANIES),
        ("connections", querying.CONNECTIONS),
        ("push operations", querying.OPERATIONS),
        ("integrations", querying.INTEGRATIONS),
    ],
)
def test_the_fields_of_each_list_are_named(name, fields):
    row = re.search(rf"^\| {name} \| (.*) \|$", PAGE, flags=re.MULTILINE)
    assert row is not None
    assert re.findall(r"`([^`]+)`", row.group(1)) == list(fields)
