"""A program works on a newer schema that says it may, and on no other: upgrades roll out, and can be taken back."""

import pytest
import sqlalchemy as sa

from bankfeeds.store import revisions, schema

from .. import worlds

HEAD = schema.versions()[-1]
NEXT = f"{int(HEAD) + 1:04d}"


def becomes(world, revision, runs_from):
    """As a later program's migration would have left it."""

    def write(tx):
        tx.connection.execute(sa.text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
        tx.connection.execute(sa.text("UPDATE schema_state SET runs_from = :to"), {"to": runs_from})

    world.db.write(write)


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
@pytest.mark.parametrize(
    ("revision", "runs_from", "may"),
    [(HEAD, HEAD, True), (NEXT, HEAD, True), (NEXT, "0001", True), (NEXT, NEXT, False), ("0001", "0001", False)],
)
def test_the_schema_says_which_programs_may_work_on_it(world, revision, runs_from, may):
    becomes(world, revision, runs_from)
    assert revisions.is_current(world.db) is may


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_this_program_may_work_on_its_own_schema(world):
    runs_from = world.db.read(lambda tx: tx.value(sa.text("SELECT runs_from FROM schema_state")))
    assert runs_from <= HEAD
    assert runs_from in schema.versions()
