"""`bankfeeds watch`: files put into a folder, each taken once it has stopped growing, and told of beside it."""

import os
import signal
import threading
import time
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bankfeeds.cli import opening, run, watching
from bankfeeds.cli.watching import Folder
from bankfeeds.flows import taken_files
from bankfeeds.store import tables as t

from ..readers.documents import bal, document, entry, stmt
from .test_importing import _database, february, made, on, stored

__all__ = ["_database", "made"]
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
WAIT_S = 60.0


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    return made


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def once(folder, *words):
    return run(["watch", str(folder), "--once", "--every", "1", *words])


def test_each_file_goes_where_it_belongs_with_what_was_said_of_it(made, folder):
    wrong = document(stmt(bal("OPBD", "100.00"), bal("CLBD", "96.50"), entry(on(2, "3.50", "Coffee"))))
    for name, text in (("a.xml", february(on(2, "-3.50"))), ("b.xml", wrong), ("c.xml", "no statement")):
        (folder / name).write_text(text)
    (folder / ".hidden").write_text("x")
    (folder / "d.xml.part").write_text("x")
    (folder / "link.xml").symlink_to(folder / "c.xml")

    assert once(folder) == 1

    assert names(folder) == ["d.xml.part", "held", "link.xml", "refused", "taken"]
    assert names(folder / "taken") == ["a.xml", "a.xml.txt"]
    assert "took 1 lines" in (folder / "taken" / "a.xml.txt").read_text()
    assert names(folder / "held") == ["b.xml", "b.xml.txt"]
    held = (folder / "held" / "b.xml.txt").read_text()
    assert "with every sign turned round they do" in held
    assert f"bankfeeds import '{folder}/held/b.xml' --accept-unproved" in held
    assert names(folder / "refused") == ["c.xml", "c.xml.txt"]
    assert "this is no statement file" in (folder / "refused" / "c.xml.txt").read_text()
    assert len(stored()) == 1


def test_a_name_that_comes_again_keeps_both_and_adds_nothing_twice(made, folder):
    for _ in range(3):
        (folder / "a.xml").write_text(february(on(2, "-3.50")))
        assert once(folder) == 0
    first, second, third = (name for name in names(folder / "taken") if name.endswith(".xml"))
    assert third == "a.xml"
    assert first.endswith("-a.xml")
    assert second.endswith("-a.xml")
    assert len(stored()) == 1
    with opening.world() as world:
        assert taken_files.page(world, 0, 10)[1] == 3


def test_a_file_is_left_alone_while_it_grows(folder):
    watched = Folder(folder)
    path = folder / "a.xml"
    path.write_text("<half")
    assert watched.ready() == []
    with path.open("a") as more:
        more.write(" of it>")
    assert watched.ready() == []
    assert watched.ready() == [path]
    os.utime(path, (1, 1))
    assert watched.ready() == [], "written anew, of the same size"
    older = folder / "b.xml"
    older.write_text("x")
    os.utime(older, (0, 0))
    assert watched.ready() == [path]
    assert watched.ready() == [older, path]


def test_it_goes_on_until_it_is_told_to_stop(made, folder):
    def stop():
        deadline = time.monotonic() + WAIT_S
        while not (folder / "taken" / "a.xml").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    stopper = threading.Thread(target=stop)
    before = signal.getsignal(signal.SIGTERM)
    (folder / "a.xml").write_text(february(on(2, "-3.50")))
    stopper.start()
    assert run(["watch", str(folder), "--every", "1"]) == 0
    stopper.join()
    assert (folder / "taken" / "a.xml").exists()
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_fails_for_another_reason_than_the_file_stays_and_is_taken_later(made, folder):
    (folder / "a.xml").write_text(february(on(2, "-3.50")))
    with opening.world() as world:
        world.db.write(lambda tx: tx.connection.execute(sa.text("ALTER TABLE statement_files RENAME TO away")))
    assert once(folder) == 1
    assert names(folder) == ["a.xml", "held", "refused", "taken"]
    with opening.world() as world:
        world.db.write(lambda tx: tx.connection.execute(sa.text("ALTER TABLE away RENAME TO statement_files")))
    assert once(folder) == 0
    assert names(folder / "taken") == ["a.xml", "a.xml.txt"]
    with opening.world() as world:
        assert world.db.read(lambda tx: tx.value(sa.select(sa.func.count()).select_from(t.lines))) == 1


def test_one_folder_is_watched_by_one(made, folder, capsys):
    with watching._alone(folder):
        assert once(folder) == 2
    assert "is being watched already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "there is no such folder"),
        ([".", "--every", "0"], "expected 1 to 3600 seconds"),
        ([".", "--every", "3601"], "expected 1 to 3600 seconds"),
        ([".", "--encoding", "klingon"], "expected one of"),
    ],
)
def test_wrong_usage_is_told(words, told, capsys):
    assert run(["watch", *words, "--once"]) == 2
    assert told in capsys.readouterr().err


def test_a_name_is_free_or_gets_the_time_or_a_number(tmp_path):
    assert watching._free(tmp_path, "a", NOW).name == "a"
    (tmp_path / "a").touch()
    assert watching._free(tmp_path, "a", NOW).name == "20260301T123000Z-a"
    (tmp_path / "20260301T123000Z-a").touch()
    assert watching._free(tmp_path, "a", NOW).name == "2-20260301T123000Z-a"
