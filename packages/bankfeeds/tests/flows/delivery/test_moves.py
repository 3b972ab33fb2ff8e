"""Every change of a status that the flows make stands in its transition table: the database itself takes notes."""

from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from bankfeeds.domain import connection, feed, push_operation, source_account, statement
from bankfeeds.flows import operate

from .conftest import Platform, lines

NOTES = "CREATE TABLE moves (kind TEXT, before TEXT, after TEXT)"
ON_SQLITE = """
    CREATE TRIGGER moves_of_{0} AFTER UPDATE OF status ON {0} WHEN OLD.status <> NEW.status
    BEGIN INSERT INTO moves VALUES ('{0}', OLD.status, NEW.status); END
"""
ON_POSTGRESQL = """
    CREATE FUNCTION note_{0}() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO moves VALUES (TG_TABLE_NAME, OLD.status, NEW.status); RETURN NEW; END';
    CREATE TRIGGER moves_of_{0} AFTER UPDATE OF status ON {0} FOR EACH ROW
      WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION note_{0}()
"""
ALLOWED = {
    "connections": {(before, after) for (before, _), after in connection.TRANSITIONS.items()},
    "source_accounts": {(before, after) for (before, _), after in source_account.TRANSITIONS.items()},
    "pushes": {(before, after) for before, following in push_operation.TRANSITIONS.items() for after in following},
    "feeds": {(before, after) for before, following in feed.TRANSITIONS.items() for after in following},
    "statements": {(before, after) for before, following in statement.TRANSITIONS.items() for after in following},
}


def take_notes(platform: Platform) -> None:
    def run(tx: Any) -> None:
        tx.run(sa.text(NOTES))
        for table in ALLOWED:
            tx.run(sa.text((ON_POSTGRESQL if tx.is_postgresql else ON_SQLITE).format(table)))

    platform.world.db.write(run)


def noted(platform: Platform) -> set[tuple[str, str, str]]:
    query = sa.text("SELECT kind, before, after FROM moves")
    return {tuple(row) for row in platform.world.db.read(lambda tx: tx.rows(query))}


def test_every_move_of_a_long_and_troubled_life_stands_in_a_table(platform: Platform) -> None:
    take_notes(platform)
    platform.link("ba-1")
    platform.run()
    platform.sage.troubles = [
        "lost answer",
        "throttled",
        "lost question",
        "refused connection",
        "none",
        "fails at once",
    ]
    platform.sage.follow_troubles = ["processing", "lost", "no answer"]
    platform.push(*lines("2026-02-01", "2026-02-02"))
    platform.run()
    platform.sage.unwanted, platform.sage.troubles = {"t-4"}, ["fails at once"]
    platform.push(*lines("2026-02-03", "2026-02-04", "2026-02-05", start=3))
    platform.run()
    operate.resume(platform.world, "operator:test", "ba-1", "look again")
    platform.run()
    operate.skip(platform.world, "operator:test", "ba-1", "t-4", "Sage never takes it")
    platform.run()
    platform.push(*lines("2026-02-06", start=6), timeout_minutes=1)
    platform.clock.advance(61)
    platform.run()
    platform.push(*lines("2026-02-07", start=7))
    platform.step()
    platform.unlink("ba-1")
    platform.sage.unwanted = set()
    platform.link("ba-2")
    platform.run()

    moves = noted(platform)
    assert {move for move in moves if move[1:] not in ALLOWED[move[0]]} == set()
    for kind, *life in (
        ("connections", "PendingAuth", "Linked", "Deauthorized", "Linked"),
        ("source_accounts", "pending", "connected", "disconnected", "connected"),
        ("pushes", "Pending", "Success"),
        ("pushes", "Pending", "Failed"),
        ("feeds", "open", "parked", "open", "closed"),
        ("statements", "offered", "taken", "offered", "refused"),
        ("statements", "offered", "done"),
        ("statements", "taken", "refused"),
        ("statements", "taken", "dropped"),
        ("statements", "taken", "done"),
    ):
        assert {(kind, *step) for step in pairwise(life)} <= moves
    assert platform.sage.stored["ba-2"] == [f"t-{number}" for number in range(1, 8)]
