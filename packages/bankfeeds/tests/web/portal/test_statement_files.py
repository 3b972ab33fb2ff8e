"""Statement files in the portal: uploaded, looked at, read otherwise, taken, let go; and those that were taken."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest

from bankfeeds.flows import late_queue, taken_files, trace, uploads
from bankfeeds.flows.uploads import BYTES_MAX, KEPT
from bankfeeds.store.tables_files import statement_uploads

from ... import worlds
from ...readers.documents import Booked, bal, document, entry, statement_of, stmt
from .portal_site import said_in

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
DAY = date(2026, 2, 1)
LINES = [Booked(DAY, Decimal("-3.50"), "Coffee <b>"), Booked(DAY, Decimal("20.00"), "Till")]
GOOD = document(statement_of(LINES))
WRONG = document(stmt(bal("OPBD", "100.00"), bal("CLBD", "96.50"), entry(Booked(DAY, Decimal("3.50"), "Coffee"))))
CSV = "Datum;Betrag;Text\n31.01.2026;-3,50;Café\n01.02.2026;20,00;Kasse\n"


@pytest.fixture
def linked(world):
    made = worlds.make_account(world, sort_code="000099", number="31926819")
    worlds.link(world, made)
    return made


def told(answer):
    return " ".join(unescape(said_in(answer)).split())


def send(site, text, data=None, name="february.xml"):
    content = text if isinstance(text, bytes) else text.encode()
    return site.post("statement-files", data, files={"file": (name, content, "application/xml")})


def place(answer):
    """Where an answer leads, below /portal."""
    assert answer.status_code == 303, told(answer)
    return answer.headers["location"].partition("/portal/")[2]


def stored(world):
    everything = worlds.everything(world)
    return everything["lines"], everything["statement_files"]


def left(world):
    return world.db.read(lambda tx: tx.rows(statement_uploads.select()))


def test_a_file_is_looked_at_then_taken_and_its_pushes_and_lines_lead_to_it(site, world, linked):
    here = place(send(site, GOOD))
    looked = told(site.get(here))
    assert "Before it is taken: february.xml" in looked
    assert "Proved" in looked
    assert "Opens with 100.00 GBP" in looked
    assert "Closes with 116.50 GBP" in looked
    assert "Coffee <b>" in looked
    assert "<b>" not in site.get(here).text
    assert stored(world) == ([], [])

    there = place(site.post(here, {"do": "take"}))
    page = told(site.get(there))
    assert "its new lines are on their way" in page
    (taken,) = taken_files.page(world, 0, 10)[0]
    assert (taken.new, taken.is_whole, taken.file.taken_by) == (2, True, "operator:ann-administrator")
    assert left(world) == []
    (key,) = taken.parts[0].said.push_keys
    assert f"statement-files/{taken.file.id}" in site.get(f"pushes/{key}").text
    external = worlds.everything(world)["source_accounts"] and taken.parts[0].account.external_id
    assert f"statement-files?account={external}" in site.get(f"accounts/{external}").text
    listed = told(site.get(f"statement-files?account={external}"))
    assert "february.xml" in listed
    assert "Proved" in listed
    assert site.get(here).status_code == 404


def test_the_very_same_file_again_says_when_it_was_taken_and_has_nothing_new(site, world, linked):
    site.post(place(send(site, GOOD)), {"do": "take"})
    again = told(site.get(place(send(site, GOOD))))
    assert "The very same file was taken on" in again
    assert "Every line is there already" in again


def test_what_its_balances_do_not_prove_is_taken_with_a_reason_only(site, world, linked):
    here = place(send(site, WRONG))
    looked = told(site.get(here))
    assert "Does not add up" in looked
    assert "with every sign turned round they do" in looked
    refused = site.post(here, {"do": "take"})
    assert refused.status_code == 422
    assert "Say why its lines are right" in told(refused)
    assert stored(world) == ([], [])
    place(site.post(here, {"do": "take", "reason": "the bank says so"}))
    assert [action for _, action, _ in worlds.audited(world) if action.startswith("file")] == ["file.accept_unproved"]
    french = site.get(f"statement-files/{taken_files.page(world, 0, 1)[0][0].file.id}", language="fr")
    assert "Ne tombe pas juste" in told(french)


def test_let_go_it_is_gone_and_nothing_was_taken(site, world, linked):
    here = place(send(site, GOOD))
    assert "nothing was taken from it" in told(site.get(place(site.post(here, {"do": "discard"}))))
    assert (stored(world), left(world)) == (([], []), [])


@pytest.mark.parametrize(
    ("text", "told_of_it"),
    [
        (b"hello", "this is no statement file"),
        (GOOD.replace("20.00", "twenty"), "is not an amount (digits with a decimal point)"),
        (document(statement_of(LINES, name="S")).replace("31926819", "11111111"), "no source account has the number"),
        ("<!DOCTYPE x><Document/>", "no bank statement needs"),
    ],
)
def test_what_cannot_be_taken_says_why_and_where_in_both_languages(site, world, linked, text, told_of_it):
    here = place(send(site, text))
    page = site.get(here)
    assert "Nothing can be taken from this file" in told(page)
    assert told_of_it in told(page)
    assert site.post(here, {"do": "take"}).status_code == 422
    assert told_of_it not in told(site.get(here, language="fr"))
    assert stored(world) == ([], [])


def test_of_a_damaged_file_what_stands_before_is_taken_by_a_button_of_its_own(site, world, linked):
    second = statement_of([replace(LINES[0], on=DAY + timedelta(1))], Decimal("116.50"), "S2")
    damaged = document(statement_of(LINES), second)
    damaged = damaged[: damaged.rindex("<Ntry>") + 20]
    here = place(send(site, damaged))
    assert "only what stands before the damage was read" in told(site.get(here))
    assert site.post(here, {"do": "take"}).status_code == 422
    assert stored(world) == ([], [])
    place(site.post(here, {"do": "take_partial"}))
    assert len(stored(world)[0]) == 2


def test_csv_is_read_by_a_suggested_profile_that_may_be_changed(site, world, linked):
    here = place(send(site, CSV.encode(), {"account": f"{linked.connection_id}/acc-001"}, "umsatz.csv"))
    looked = told(site.get(here))
    assert "date_order dmy" in looked
    assert "Café" in looked
    assert "Unproved" in looked
    profile = unescape(re.search(r'name="profile"[^>]*>(.*?)</textarea>', site.get(here).text, re.DOTALL)[1])
    turned = profile.replace("money in is positive", "money out is positive")
    account = f"{linked.connection_id}/acc-001"
    again = place(site.post(here, {"do": "read", "account": account, "encoding": "", "profile": turned}))
    assert again == here
    assert "\N{MINUS SIGN}20.00" in told(site.get(here))
    assert "the profile is not one" in told(
        site.get(place(site.post(here, {"do": "read", "account": account, "profile": "{"})))
    )


def test_a_file_of_an_account_that_nobody_linked_is_refused_before_anything_is_put_down(site, world):
    worlds.make_account(world, sort_code="000099", number="31926819")
    here = place(send(site, GOOD))
    assert "transactions can be sent once its user has linked it in Sage" in told(site.get(here))
    assert site.post(here, {"do": "take"}).status_code == 422
    assert stored(world) == ([], [])


def test_no_file_and_one_that_is_too_large_are_refused(site, world, linked):
    empty = send(site, b"")
    assert (empty.status_code, "Choose a file first" in told(empty)) == (422, True)
    large = send(site, b"x" * (BYTES_MAX + 1))
    assert (large.status_code, "larger than 8 MB" in told(large)) == (422, True)
    assert send(site, b"x" * (BYTES_MAX + 128 * 1024)).status_code == 413
    assert left(world) == []


def test_an_upload_is_its_operators_own_sealed_and_gone_after_an_hour(site, world, linked):
    here = place(send(site, GOOD))
    assert b"Coffee" not in left(world)[0].sealed_content.encode()
    newer = place(send(site, GOOD))
    assert site.get(here).status_code == 404, "replaced by another"
    assert len(left(world)) == 1
    site.sign_in_as("viewer")
    assert site.get(newer).status_code == 403
    assert send(site, GOOD).status_code == 403
    site.sign_in_as("administrator")
    world.clock.now += KEPT - timedelta(seconds=1)
    assert uploads.purge(world) == 0
    world.clock.now += timedelta(seconds=2)
    site.sign_in_as("administrator")
    assert "an hour has passed" in told(site.get(newer))
    assert uploads.purge(world) == 1


def test_the_list_goes_on_page_by_page(site, world, linked, monkeypatch):
    monkeypatch.setattr("bankfeeds.web.portal.statement_files.FILES_AT_ONCE", 1)
    for name in ("one.xml", "two.xml"):
        site.post(place(send(site, GOOD, name=name)), {"do": "take"})
    first = site.get("statement-files")
    assert "two.xml" in told(first)
    assert "one.xml" not in told(first)
    assert "one.xml" in told(site.get("statement-files?page=2"))
    assert "No file was taken yet" in told(site.get("statement-files?page=3"))


def test_what_becomes_of_late_lines_is_said_and_they_wait_though_nothing_else_is_new(site, world, linked):
    forgotten = Booked(DAY - timedelta(days=3), Decimal("-4.00"), "Tea")
    site.post(place(send(site, document(statement_of(LINES, Decimal("96.00"))))), {"do": "take"})
    here = place(send(site, document(statement_of([forgotten, *LINES]))))
    looked = told(site.get(here))
    assert "Late lines: 1. Once the file is taken they wait for a decision." in looked
    assert "Every line is there already" not in looked
    assert "Take 0 lines" in looked
    there = place(site.post(here, {"do": "take"}))
    (queue,) = late_queue.queues(world)
    assert queue.count == 1
    assert f'href="/portal/accounts/{queue.external_id}/late-lines">1</a>' in site.get(there).text

    late_queue.change(world, "operator:ann", queue.external_id, "agreed", presents=True)
    earlier = replace(forgotten, on=forgotten.on - timedelta(days=1), text="More tea")
    here = place(send(site, document(statement_of([earlier, forgotten, *LINES], Decimal("104.00")))))
    assert "Late lines: 1. This account presents them today" in told(site.get(here))
    place(site.post(here, {"do": "take"}))
    presented, waiting = late_queue.of_account(world, queue.external_id).lines
    assert (presented.description, waiting.description) == ("More tea", "Tea")
    assert trace.line(world, queue.external_id, presented.id).line.description == f"{earlier.on}: More tea"
