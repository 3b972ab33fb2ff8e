"""Where a person may be sent back to."""

import pytest

from bankfeeds.domain.origins import LOOPBACK, Origins, with_parameters


@pytest.mark.parametrize(
    "url",
    [
        "https://money.sage.com",
        "https://money.sage.com/x?y=1#z",
        "https://snd01eu.sagebankdrive.com/api/v1/indirectredirect/1",
        "https://a.b.intacct.com:443/",
        "https://MONEY.SAGE.COM/",
        "https://x.sageone.com",
    ],
)
def test_sages_hosts_are_allowed(url):
    assert Origins().allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "money.sage.com",
        "//money.sage.com/",
        "http://money.sage.com/",
        "javascript:alert(1)//money.sage.com",
        "https://sage.com/",
        "https://evilsage.com/",
        "https://money.sage.com.evil.example/",
        "https://money.sage.com@evil.example/",
        "https://evil.example/https://money.sage.com/",
        "https://evil.example\\.money.sage.com/",
        "https://evil.example#.money.sage.com/",
        "https://evil.example%2f.money.sage.com/",
        "https://evil.example%23.money.sage.com/",
        "https://evil.example;.money.sage.com/",
        "https://evil.example'.money.sage.com/",
        "https://money.sage.com:8443/",
        "https://money.sage.com:port/",
        "https://money.sage.com:99999/",
        "https://mone\ty.sage.com/",
        "https://money.sage.com/\r\nx: y",
        "https://money.sage.com/ x",
        "https://m\u043eney.sage.com/",
        "https:money.sage.com/",
        "https:///money.sage.com/",
        "https://[money.sage.com/",
        "https://money.sage.com./",
        "https://.sage.com.evil.example/",
        "https://money.sage.com/" + "x" * 2048,
        "http://127.0.0.1:9080/",
        "http://localhost/",
    ],
)
def test_nothing_else_is(url):
    assert not Origins().allow(url)


def test_configured_hosts_are_https_exact_and_with_their_own_port():
    origins = Origins(("link.bank.example", "*.test.example:8443", "http://sandbox.example:9080"))

    for url in ("https://link.bank.example/x", "https://a.test.example:8443/", "http://sandbox.example:9080/ui"):
        assert origins.allow(url)
    for url in (
        "http://link.bank.example/x",
        "https://x.link.bank.example/",
        "https://a.test.example/",
        "http://sandbox.example/",
        "https://sandbox.example:9080/",
    ):
        assert not origins.allow(url)


def test_in_development_this_machine_is_allowed_too():
    origins = Origins(("sandbox",), is_development=True)

    for url in ("http://127.0.0.1:9080/x", "http://localhost:1/", "http://localhost/", "http://sandbox/x"):
        assert origins.allow(url)
    assert not origins.allow("http://127.0.0.1.evil.example/")
    assert not origins.allow("http://evil.example:80/")
    assert set(LOOPBACK) <= set(origins.patterns)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x/y", "https://x/y?state=a%26b"),
        ("https://x/y?", "https://x/y?state=a%26b"),
        ("https://x/y?k=%20v", "https://x/y?k=%20v&state=a%26b"),
        ("https://x/y#f?g", "https://x/y?state=a%26b#f?g"),
        ("https://x?k=1#f", "https://x?k=1&state=a%26b#f"),
    ],
)
def test_parameters_come_behind_those_there_are_and_change_nothing_else(url, expected):
    assert with_parameters(url, state="a&b") == expected
