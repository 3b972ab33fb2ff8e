"""The audit log as a page: what was done, by whom, to what, why; filtered and paged."""

import pytest

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.flows.auditing import ENTRIES_PER_PAGE
from bankfeeds.store import audit

from ... import worlds
from .portal_site import said_in


@pytest.fixture
def write(site, clock):
    def write(action, actor="operator:bob", subject="feed:ba-1", reason=None, **detail):
        entry = AuditEntry(clock(), actor, action, subject, reason, detail)
        site.world.db.write(lambda tx: audit.record(tx, entry))

    return write


def test_an_entry_says_who_what_when_and_why(site, write):
    write("feed.skip", reason="the bank's own test <line>", line="tx-3", before=["tx-1", "tx-2"])

    said = said_in(site.get("audit"))

    assert "2026-02-03 12:00 UTC operator:bob feed.skip" in said
    assert "line: tx-3" in said
    assert "before: tx-1, tx-2" in said
    assert "the bank&#39;s own test &lt;line&gt;" in site.get("audit").text


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_it_is_filtered_and_remembers_by_what(site, write):
    write("feed.skip")
    write("company.create", subject="company:1")
    write("push.accept", subject="account:1")

    assert "company.create" not in said_in(site.get("audit?kind=feed"))
    assert "feed.skip" in said_in(site.get("audit?kind=feed"))
    assert "push.accept" not in said_in(site.get("audit"))
    assert "push.accept" in said_in(site.get("audit?pushes=yes"))
    assert "Nothing of the kind has been done." in said_in(site.get("audit?actor=nobody"))
    assert '<option value="feed" selected>' in site.get("audit?kind=feed").text
    assert site.get("audit?kind=nonsense").status_code == 200


def test_older_ones_are_a_page_away(site, write):
    for number in range(ENTRIES_PER_PAGE + 5):
        write("feed.resume", subject=f"feed:ba-{number}")

    first = site.get("audit?kind=feed").text
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = site.get("audit" + older).text

    assert ("feed:ba-54<" in first, "feed:ba-4<" in first) == (True, False)
    assert ("feed:ba-54<" in second, "feed:ba-4<" in second) == (False, True)
    assert 'rel="next"' not in second


@pytest.mark.parametrize("query", ["before=x", "before=-1", "actor=%00", f"subject={'x' * 201}"])
def test_a_wrong_address_is_said_and_not_a_failure(site, query):
    assert site.get(f"audit?{query}").status_code == 422
