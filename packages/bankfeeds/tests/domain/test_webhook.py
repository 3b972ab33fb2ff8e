"""Whom a consumer's tags let through."""

from datetime import UTC, datetime

import pytest

from bankfeeds.domain.company import Company
from bankfeeds.domain.webhook import Consumer

AT = datetime(2026, 2, 3, 12, tzinfo=UTC)


def consumer(*tags: str) -> Consumer:
    return Consumer(1, "hook", "https://bank.example/hook", ("client.rateLimit.reached",), tags, False, AT)


def company(**tags: str) -> Company:
    return Company("one", "Harbour Bakery", None, tags, AT)


@pytest.mark.parametrize("tags", [(), ("region:uk",)])
def test_what_is_of_no_company_comes_to_whoever_asks_for_tags_too(tags: tuple[str, ...]) -> None:
    assert consumer(*tags).wants(None)


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [({"region": "uk"}, True), ({"region": "UK"}, False), ({"uk": "region"}, False), ({}, False)],
)
def test_a_company_is_let_through_by_any_of_its_tags(*, tags: dict[str, str], wanted: bool) -> None:
    assert consumer("region:uk", "plan:gold").wants(company(**tags)) == wanted
