"""The commands of the guide on erasing, one after the other, on a platform of its own."""

from collections.abc import Callable

import sqlalchemy as sa
from guides import Terminal, following

from bankfeeds.cli import opening
from bankfeeds.flows import companies
from bankfeeds.store import tables as t

from .. import worlds


def test_erasing(terminal: Terminal, linked: Callable[..., worlds.Linked]) -> None:
    made = linked()
    terminal.words |= {"COMPANY": made.company_id, "CONNECTION": made.connection_id}
    with opening.world() as world:
        companies.delete(world, "test", made.company_id)
    with following("docs/guides/retention-and-erasure.md", "console") as guide:
        for command in guide.steps():
            assert "1 accounts; 0 lines" in terminal.type(command)
            assert name_of(made) == ("Harbour Bakery Ltd" if "--dry-run" in command else "erased")


def name_of(made: worlds.Linked) -> str:
    c = t.companies.c
    with opening.world() as world:
        return str(world.db.read(lambda tx: tx.value(sa.select(c.name).where(c.id == made.company_id))))
