"""What comes and goes is forgotten when there is too much of it: the oldest first, and nothing that is under way."""

import pytest


@pytest.fixture
def small(wired):
    """Room for four records of a kind."""
    wired.world.records_max = 4
    yield wired
    wired.world.records_max = 10_000


def test_reported_sync_failures_are_the_latest(small):
    for number in range(7):
        report = {"status": "FAILED", "reason": f"reason {number}", "timestamp": "2026-01-01T00:00:00Z"}
        assert small.papi("POST", "/v1/sync", report).status_code == 202
    assert [f.reason for f in small.world.book.sync_failures.values()] == [f"reason {n}" for n in (3, 4, 5, 6)]


def test_sessions_are_forgotten_once_their_time_is_over_not_before(small):
    product = small.product()
    small.settings(autoReturn=False)
    for _ in range(6):
        product.connect()
    assert len(small.admin("GET", "/authorisations")) == 6
    small.advance(1201)
    product.renew()
    for _ in range(3):
        product.connect()
    left = small.admin("GET", "/authorisations")
    assert [a["status"] != "expired" for a in left[-3:]] == [True] * 3
    assert len(left) == 6


def test_notifications_are_forgotten_once_they_are_settled(small, provider, make):
    product = small.product()
    for _ in range(6):
        product.connect()
        make.eventually(lambda: all(n["status"] == "delivered" for n in small.admin("GET", "/notifications")))
    assert len(small.admin("GET", "/notifications")) == 4
    provider.answers["/notification"] = [(500, "")]
    for _ in range(6):
        product.connect()
    make.eventually(lambda: all(n["attempts"] for n in small.admin("GET", "/notifications")))
    assert [n["status"] for n in small.admin("GET", "/notifications")] == ["pending"] * 6
