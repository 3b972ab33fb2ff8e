"""What a wiring file fixes, and that it may be given again."""

import pytest

from sage_sandbox import wiring
from sage_sandbox.app import open_world
from sage_sandbox.records import Bank
from sage_sandbox.store import NoStore

FILE = b'{"provider": {"clientId": "me"}, "bank": {"bankId": "b-1", "headerName": "X-K"}}'


def test_wiring_again_changes_nothing_and_keeps_the_first_bank_first():
    world = open_world(NoStore())
    wiring.apply(world, FILE)
    world.keep(Bank(bank_id="b-2", provider_id="p", name="Second", country_code="GB"))
    before = wiring.details_of(world)
    wiring.apply(world, FILE)
    assert wiring.details_of(world) == before
    assert (before["sandbox"]["bankId"], before["sandbox"]["clientId"]) == ("b-1", "me")
    assert [bank.bank_id for bank in world.book.banks.values() if bank.country_code != "USA"] == ["b-1", "b-2"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"{", "not JSON"),
        (b'{"bank": {"name": 1}}', "bank.name"),
        (b'{"sage": {}}', "sage"),
        (b'{"bank": {"callbackURLs": {}}}', "bank.callbackURLs.notification"),
    ],
)
def test_a_bad_wiring_file_is_refused_by_name_and_changes_nothing(text, named):
    world = open_world(NoStore())
    before = wiring.details_of(world)
    with pytest.raises(ValueError, match=named):
        wiring.apply(world, text)
    assert wiring.details_of(world) == before


def test_a_details_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "details.json").mkdir()
    with pytest.raises(OSError, match="details"):
        wiring.write_details(open_world(NoStore()), tmp_path / "details.json")
    assert [entry.name for entry in tmp_path.iterdir()] == ["details.json"]
