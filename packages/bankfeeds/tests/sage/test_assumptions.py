"""Every assumption names a place that exists, and the page says what the program says."""

from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from bankfeeds.domain.listing import Listing
from bankfeeds.sage.assumptions import ASSUMPTIONS, Assumption, render
from bankfeeds.settings import Settings

PAGE = Path(__file__).parents[4] / "docs" / "explanation" / "what-we-assume-of-sage.md"


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=lambda a: a.question)
def test_every_assumption_names_a_place_that_exists(assumption: Assumption) -> None:
    where = assumption.where
    if where.startswith("BANKFEEDS_"):
        assert where.removeprefix("BANKFEEDS_").lower() in {field.name for field in fields(Settings)}
    elif where.startswith("listings."):
        assert where.removeprefix("listings.") in {field.name for field in fields(Listing)}
    else:
        module, _, name = where.partition(":")
        assert hasattr(import_module(module), name)


def test_the_page_is_what_the_program_prints() -> None:
    assert PAGE.read_text() == render()
