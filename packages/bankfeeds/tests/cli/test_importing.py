"""`bankfeeds import`: files through the whole pipeline into the stream, and every reason not to."""

import json
import os
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bankfeeds.cli import opening, run
from bankfeeds.store import tables as t

from .. import worlds
from ..readers import swift, test_bai2, test_ofx
from ..readers.documents import Booked, bal, document, entry, ntry, statement_of, stmt, thousand_entries

DAY = date(2025, 2, 2)


@pytest.fixture(autouse=True)
def _database(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BANKFEEDS_DATABASE_URL", f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv("BANKFEEDS_LOG_LEVEL", "error")


@pytest.fixture
def made():
    with opening.world() as world:
        made = worlds.make_account(world, sort_code="000099", number="31926819")
        worlds.link(world, made)
    return made


@pytest.fixture
def write(tmp_path):
    def write(text, name="statement.xml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def stored():
    with opening.world() as world:
        query = sa.select(t.lines.c.id, t.lines.c.posted_on, t.lines.c.amount, t.lines.c.balance).order_by(t.lines.c.pk)
        return world.db.read(lambda tx: [tuple(row) for row in tx.rows(query)])


def audit_rows():
    with opening.world() as world:
        return worlds.audited(world)


def february(*entries, opening="100.00", name="S1"):
    return document(statement_of(entries, Decimal(opening), name))


def on(day, amount, text="", reference=""):
    return Booked(DAY.replace(day=day), Decimal(amount), text, reference)


def test_the_lines_of_a_file_are_pushed_to_the_account_with_its_iban(made, write, capsys):
    path = write(february(on(2, "-3.50", "Coffee"), on(2, "-3.50", "Coffee"), on(3, "20.00", "Till")))

    assert run(["import", path]) == 0

    assert [(amount, balance) for _, _, amount, balance in stored()] == [
        (Decimal("-3.50"), Decimal("96.50")),
        (Decimal("-3.50"), Decimal("93.00")),
        (Decimal("20.00"), Decimal("113.00")),
    ]
    told = capsys.readouterr().out
    assert f"GB83DEMO00009931926819 GBP is {made.connection_id}/acc-001" in told
    assert "3 lines, closes 113.00 on 2026-11-01, proved; 3 new, 0 there already" in told
    assert "took 3 lines: push operation" in told


def test_a_file_taken_again_or_overlapping_adds_nothing_twice(made, write, capsys):
    first = [on(1, "-3.50", "Coffee"), on(2, "-3.50", "Coffee"), on(2, "-3.50", "Coffee")]
    assert run(["import", write(february(*first))]) == 0
    assert run(["import", write(february(*first))]) == 0
    overlapping = february(*first[1:], on(3, "9.00", "Till"), opening="96.50", name="S2")

    capsys.readouterr()
    assert run(["import", write(overlapping), "--json"]) == 0

    assert [amount for _, _, amount, _ in stored()] == [Decimal(a) for a in ("-3.50", "-3.50", "-3.50", "9.00")]
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["accounts"][0]["new"], told["accounts"][0]["known"]) == (1, 2)


def test_a_line_worded_otherwise_is_known_by_its_balance(made, write):
    assert run(["import", write(february(on(2, "-3.50", "Coffee"), on(2, "8.00", "Till")))]) == 0
    reworded = february(on(2, "-3.50", "COFFEE AND CO"), on(2, "8.00", "TILL"), on(2, "8.00", "TILL"))

    assert run(["import", write(reworded)]) == 0

    assert [balance for *_, balance in stored()] == [Decimal("96.50"), Decimal("104.50"), Decimal("112.50")]


def test_a_day_that_another_format_orders_otherwise_is_known_by_its_end(made, write):
    assert run(["import", write(february(on(2, "-3.50", "Coffee"), on(2, "8.00", "Till")))]) == 0
    assert run(["import", write(february(on(2, "8.00", "TILL"), on(2, "-3.50", "COFFEE")))]) == 0
    assert len(stored()) == 2


def test_thousand_lines_go_into_one_push_operation_and_the_next_into_another(made, write, capsys):
    entries = [replace(one, on=DAY) for one in thousand_entries()]
    text = document(statement_of([*entries, on(3, "1.00", "One more")]))

    assert run(["import", write(text), "--json"]) == 0

    (told,) = json.loads(capsys.readouterr().out)
    assert (told["accounts"][0]["new"], len(told["accounts"][0]["pushOperationKeys"])) == (1001, 2)
    assert len(stored()) == 1001


def test_files_taken_are_listed_each_with_its_pushes_and_the_very_same_one_is_known(made, write, capsys):
    path = write(february(on(2, "-3.50", "Coffee"), on(3, "20.00", "Till")))
    assert run(["import", path]) == 0
    file_id = re.search(r"on record as (\S+)", capsys.readouterr().out)[1]

    assert run(["import", path]) == 0
    assert re.search(rf"the very same file was taken on .* by \S+ as {file_id}\n", capsys.readouterr().out)

    assert run(["files"]) == 0
    assert capsys.readouterr().out.count("whole") == 2
    assert run(["files", "--json"]) == 0
    again, first = json.loads(capsys.readouterr().out)["files"]
    assert [each["accounts"][0]["new"] for each in (again, first)] == [0, 2]
    assert (first["id"], first["format"], first["sha256"]) == (file_id, "camt", again["sha256"])

    assert run(["files", file_id]) == 0
    told = capsys.readouterr().out
    push = re.search(r"push (\S+) accepted", told)[1]
    assert "opens 100.00, 2 lines, closes 116.50, proved; 2 new, 0 there already, 0 too late" in told

    (line, *_) = (row[0] for row in stored())
    assert run(["trace", f"{made.connection_id}/acc-001", line]) == 0
    told = capsys.readouterr().out
    assert f"push {push} " in told
    assert f"file {file_id} statement.xml" in told
    assert run(["trace", f"{made.connection_id}/acc-001", line, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == {"id": file_id, "name": "statement.xml"}

    assert run(["files", "--account", f"{made.connection_id}/acc-001", "--json", "--page", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == {"files": [], "total": 2}
    assert run(["files", file_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accounts"][0]["pushOperationKeys"] == [push]


@pytest.mark.parametrize(
    ("words", "told"), [(["--page", "0"], "counted from 1"), (["nobody"], "there is no statement file nobody")]
)
def test_a_file_or_page_that_is_not_there_is_told(made, words, told, capsys):
    assert run(["files", *words]) in {1, 2}
    assert told in capsys.readouterr().err


def test_a_dry_run_does_nothing(made, write, capsys):
    assert run(["import", write(february(on(2, "1.00"))), "--dry-run"]) == 0
    assert "would take 1 lines" in capsys.readouterr().out
    assert stored() == []


def test_balances_that_do_not_add_up_hold_the_file_until_somebody_says_why(made, write, capsys):
    wrong = document(stmt(bal("OPBD", "100.00"), bal("CLBD", "96.50"), entry(on(2, "3.50", "Coffee"))))
    path = write(wrong)

    assert run(["import", path]) == 1
    told = capsys.readouterr().out
    assert "difference -7.00" in told
    assert "money in and money out are mixed up" in told
    assert "held, nothing was taken" in told
    assert stored() == []

    assert run(["import", path, "--accept-unproved"]) == 2
    assert run(["import", path, "--accept-unproved", "--reason", "the bank confirmed it"]) == 0
    assert len(stored()) == 1
    assert any(action == "file.accept_unproved" for _, action, _ in audit_rows())


def test_a_file_without_balances_runs_on_from_the_last_one_known(made, write):
    assert run(["import", write(february(on(1, "5.00", "Till")))]) == 0
    bare = document(stmt(entry(on(2, "1.00", "Till"))))

    assert run(["import", write(bare)]) == 1
    assert run(["import", write(bare), "--accept-unproved", "--reason", "the bank states none"]) == 0

    assert [balance for *_, balance in stored()] == [Decimal("105.00"), Decimal("106.00")]


def test_lines_that_come_too_late_are_left_out_and_told(made, write, capsys):
    assert run(["import", write(february(on(2, "5.00", "Till")))]) == 0
    assert run(["import", write(february(on(1, "7.00", "Forgotten"), on(3, "1.00", "Till")))]) == 1
    told = capsys.readouterr().out
    assert "late, waits: 2025-02-01 7.00 Forgotten" in told
    assert "1 lines come too late" in told
    assert [amount for _, _, amount, _ in stored()] == [Decimal("5.00"), Decimal("1.00")]


def test_a_file_of_another_account_is_refused(made, write, capsys):
    other = document(stmt(bal("OPBD", "0"), bal("CLBD", "10.00"), ntry(), iban="GB29NWBK60161331926820"))
    name = f"{made.connection_id}/acc-001"

    assert run(["import", write(other), "--account", name]) == 1
    assert "the file names GB29NWBK60161331926820 in GBP, but account 'acc-001' is 31926819" in capsys.readouterr().out
    assert run(["import", write(other)]) == 1
    assert "no source account has the number GB29NWBK60161331926820" in capsys.readouterr().out
    assert stored() == []


def test_a_number_that_two_accounts_have_asks_which(made, write, capsys):
    with opening.world() as world:
        second = worlds.make_account(world, sort_code="000099", number="31926819")
        worlds.link(world, second, "sage-2")
    path = write(february(on(2, "1.00")))

    assert run(["import", path]) == 1
    assert "name one of them" in capsys.readouterr().out
    assert run(["import", path, "--account", f"{second.connection_id}/acc-001"]) == 0
    assert len(stored()) == 1


def test_a_damaged_file_is_refused_and_partial_takes_what_stands_before(made, write, capsys):
    good = statement_of([on(2, "1.00")])
    bad = stmt(bal("OPBD", "101.00"), ntry("12,50"), name="S2")
    path = write(document(good, bad))

    assert run(["import", path]) == 1
    assert '"12,50" is not an amount' in capsys.readouterr().out
    assert stored() == []
    assert run(["import", path, "--partial"]) == 1
    assert len(stored()) == 1


def test_one_bad_file_does_not_stop_the_others(made, write):
    assert run(["import", write("not a statement", "bad.xml"), write(february(on(2, "1.00")), "good.xml")]) == 1
    assert len(stored()) == 1


def test_no_file_is_wrong_usage(made):
    assert run(["import"]) == 2


def test_the_same_statement_in_another_format_adds_nothing_and_the_next_day_is_new(made, write, capsys):
    days = [on(1, "-3.50", "Coffee"), on(2, "-3.50", "Coffee"), on(2, "-3.50", "Coffee"), on(2, "20.00", "Till")]
    assert run(["import", write(february(*days))]) == 0
    assert len(stored()) == 4

    other_words = [
        replace(one, text=f"{one.text.upper()} TOLD IN OTHER WORDS") for one in [*days, on(3, "9.00", "Till")]
    ]
    assert run(["import", write(swift.message(other_words), "statement.sta")]) == 0

    assert [amount for _, _, amount, _ in stored()][4:] == [Decimal("9.00")]
    assert "1 new, 4 there already" in capsys.readouterr().out


def test_an_encoding_is_named_and_not_guessed(made, tmp_path, capsys):
    path = tmp_path / "statement.sta"
    path.write_bytes(swift.message([on(1, "-3.50", "Caf\u00e9")]).encode("cp1252"))
    assert run(["import", str(path)]) == 1
    assert "name the file's encoding" in capsys.readouterr().out
    assert run(["import", str(path), "--encoding", "klingon"]) == 2
    assert stored() == []
    assert run(["import", str(path), "--encoding", "windows-1252"]) == 0
    assert len(stored()) == 1


CSV = "Date,Text,Amount,Balance\n2025-02-13,Till,20.00,116.50\n2025-02-02,Coffee,-3.50,96.50\n"


def test_a_csv_file_goes_in_by_the_profile_that_was_suggested_and_looked_over(made, write, tmp_path, capsys):
    path = write(CSV, "statement.csv")
    assert run(["import", path]) == 1
    assert "bankfeeds csv-profile FILE" in capsys.readouterr().out

    assert run(["csv-profile", path]) == 0
    suggested = capsys.readouterr()
    assert "date_order ymd" in suggested.err
    profile = write(suggested.out, "profile.json")

    assert run(["import", path, "--profile", profile]) == 1
    assert "name its account" in capsys.readouterr().out
    assert stored() == []
    account = f"{made.connection_id}/acc-001"
    assert run(["import", path, "--profile", profile, "--account", account]) == 0
    assert [(amount, balance) for _, _, amount, balance in stored()] == [
        (Decimal("-3.50"), Decimal("96.50")),
        (Decimal("20.00"), Decimal("116.50")),
    ]
    assert run(["import", path, "--profile", profile, "--account", account]) == 0
    assert len(stored()) == 2


def test_a_profile_with_the_wrong_sign_is_held_with_the_evidence(made, write, capsys):
    path = write(CSV, "statement.csv")
    run(["csv-profile", path])
    turned = capsys.readouterr().out.replace("money in is positive", "money out is positive")
    command = ["import", path, "--profile", write(turned, "profile.json"), "--account", f"{made.connection_id}/acc-001"]
    assert run(command) == 1
    told = capsys.readouterr().out
    assert "with every sign turned round" in told
    assert "held, nothing was taken from it" in told
    assert stored() == []


def test_a_profile_that_cannot_be_used_is_a_wrong_command(made, write, tmp_path, capsys):
    path = write(CSV, "statement.csv")
    assert run(["import", path, "--profile", str(tmp_path / "none.json")]) == 2
    assert run(["import", path, "--profile", write("{}", "empty.json")]) == 2
    assert run(["csv-profile", str(tmp_path / "none.csv")]) == 2
    assert run(["csv-profile", write("words", "words.csv")]) == 2
    assert stored() == []


def test_the_same_lines_in_every_format_are_the_same_lines(made, write, capsys):
    """By the day, the amount and the balance after it; OFX, which proves nothing, by the bank's reference."""
    day = [replace(on(2, amount, text), bank_reference=f"B{amount}") for amount, text in (("-3.50", "A"), ("20", "B"))]
    assert run(["import", write(february(*day))]) == 0
    before = stored()
    assert len(before) == 2
    assert run(["import", write(swift.message(day), "one.sta")]) == 0
    cents = [replace(one, amount=one.amount * 100) for one in day]
    bai = test_bai2.document(cents).replace("261102", "250202")
    ofx = test_ofx.document(test_ofx.statement(*map(test_ofx.transaction, day)))
    proof = ["--accept-unproved", "--reason", "checked by hand"]
    assert run(["import", write(bai, "one.bai")]) == 0
    assert run(["import", write(ofx, "one.ofx"), *proof, "--account", f"{made.connection_id}/acc-001"]) == 0
    told = capsys.readouterr().out
    assert told.count("0 new, 2 there already") == 3
    assert stored() == before
