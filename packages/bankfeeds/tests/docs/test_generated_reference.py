"""The pages of settings and commands say what the program says."""

from dataclasses import fields
from pathlib import Path

import pytest

from bankfeeds.app.world import limits_of
from bankfeeds.cli.reference import PAGES
from bankfeeds.flows.context import Limits
from bankfeeds.settings import TABLE, Settings

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_program_renders(name):
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run: python -m bankfeeds.cli.reference"


def test_every_setting_has_a_meaning_and_every_number_a_unit_or_a_count():
    for row in TABLE:
        assert row.about.meaning
        assert row.kind is not int or row.about.low < row.about.high


def test_every_limit_of_the_flows_is_made_of_a_setting():
    names = {row.field for row in TABLE}
    made_of_others = {"text", "redirects", "frames"}
    assert {field.name for field in fields(Limits)} - made_of_others <= names
    assert limits_of(Settings()).otp_lifetime_s == Settings().otp_lifetime_s
    changed = Settings(lease_s=77, description_length_max=12, redirect_hosts=("bank.example",))
    assert limits_of(changed).lease_s == 77
    assert limits_of(changed).text.description_max == 12
    assert limits_of(changed).redirects.extra == ("bank.example",)
