"""The page behind `redirect` and `linkUrl`: for people, without a key, without secrets."""

import re
from urllib.parse import urljoin

import httpx2
import pytest

from ... import worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def pages(site, world):
    linked = worlds.make_account(world)
    company = site.call("GET", f"/companies/{linked.company_id}").json()
    return [
        address.replace("https://feeds.example", site.url)
        for address in (company["redirect"], company["dataConnections"][0]["linkUrl"])
    ]


def test_both_addresses_need_no_key_and_say_where_to_start_in_sage(pages):
    for address in pages:
        answer = httpx2.get(address)

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert '<html lang="en">' in answer.text
        assert "Connect to bank" in answer.text
        assert "Banking cloud" in answer.text


def test_the_connection_id_stands_only_on_the_page_whose_address_has_it(pages):
    connection_id = pages[1].rsplit("/", 1)[1]

    assert connection_id not in httpx2.get(pages[0]).text
    assert connection_id in httpx2.get(pages[1]).text


def test_the_page_names_nothing_of_the_customer(pages):
    for address in pages:
        text = httpx2.get(address).text

        assert "Harbour" not in text
        assert "1020" not in text


@pytest.mark.parametrize("number", [0, 1])
def test_the_page_loads_its_own_stylesheet_alone_and_cannot_be_framed(pages, number):
    answer = httpx2.get(pages[number])
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', answer.text)
    style = httpx2.get(urljoin(pages[number], address))
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "url(" not in style.text

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "style-src 'self';" in policy
    assert not re.search(r"<script|<style|<img|src=|style=|https?://", answer.text)


def test_a_link_that_leads_nowhere_is_a_page_too(site):
    for path in ("/link/companies/x", f"/link/companies/{UNKNOWN}", f"/link/companies/{UNKNOWN}/connections/{UNKNOWN}"):
        answer = httpx2.get(site.url + path)

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "This link does not work" in answer.text


def test_the_page_takes_nothing(pages):
    answer = httpx2.post(pages[1])

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
