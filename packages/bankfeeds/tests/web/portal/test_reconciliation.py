"""The page of an account's reconciliation: the verdict, every gap, what Sage has; and the same as files."""

from decimal import Decimal

import pytest

from bankfeeds.flows import accept
from bankfeeds.store import source_accounts

from ... import worlds
from ...cli.test_reconciling import GAP, GOOD, Item
from .portal_site import PortalSite


@pytest.fixture
def made(site: PortalSite) -> worlds.Linked:
    """An account with two days of lines that add up."""
    made = worlds.make_account(site.world)
    worlds.link(site.world, made, start_on="2026-01-01T00:00:00Z")
    push(site, made, *GOOD)
    return made


@pytest.fixture
def account(site: PortalSite, made: worlds.Linked) -> str:
    """Its external id."""
    return site.world.db.read(lambda tx: source_accounts.get(tx, made.account_pk)).external_id


def push(site: PortalSite, made: worlds.Linked, *items: Item) -> None:
    ids = (made.company_id, made.connection_id, made.account_id)
    accept.accept(site.world, "test", accept.PushRequest(*ids, made.account_id, list(items), None))


@pytest.mark.parametrize(
    ("language", "proved", "failed"),
    [("en", "Proved", "Where balances do not follow on"), ("fr", "Prouvé", "Où les soldes ne se suivent pas")],
)
def test_the_page_shows_the_verdict_and_where_a_gap_is(
    site: PortalSite, made: worlds.Linked, account: str, language: str, proved: str, failed: str
) -> None:
    page = site.get(f"accounts/{account}/reconciliation", language)
    assert page.status_code == 200
    assert proved in page.text
    assert failed not in page.text
    push(site, made, GAP)
    page = site.get(f"accounts/{account}/reconciliation", language)
    assert failed in page.text
    assert "=t-4" in page.text
    assert str(Decimal("299.50")) in page.text.replace(",", ".")


def test_the_account_leads_there_and_every_role_may_look(site: PortalSite, account: str) -> None:
    assert f"accounts/{account}/reconciliation" in site.get(f"accounts/{account}").text
    site.sign_in_as("viewer")
    assert site.get(f"accounts/{account}/reconciliation").status_code == 200
    site.sign_out()
    assert site.get(f"accounts/{account}/reconciliation").status_code in {302, 303}


@pytest.mark.parametrize(("kind", "media_type"), [("csv", "text/csv"), ("html", "text/html")])
def test_it_is_kept_as_a_file(site: PortalSite, account: str, kind: str, media_type: str) -> None:
    told = site.get(f"accounts/{account}/reconciliation/{kind}")
    assert told.headers["content-type"].startswith(media_type)
    assert told.headers["content-disposition"].startswith("attachment;")
    assert "300.50" in told.text


def test_an_account_that_is_not_there_is_told_on_a_page(site: PortalSite) -> None:
    told = site.get("accounts/nobody/reconciliation")
    assert told.status_code == 404
    assert "<html" in told.text
