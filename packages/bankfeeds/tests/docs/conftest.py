"""A terminal to type a guide's commands into, on a platform of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from guides import Terminal

from bankfeeds.cli import opening

from .. import worlds


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, database_template: Path
) -> Terminal:
    shutil.copy(database_template, tmp_path / "own.db")
    return Terminal(monkeypatch, capsys, tmp_path)


@pytest.fixture
def linked(terminal: Terminal) -> Callable[..., worlds.Linked]:
    """Makes an account that its customer linked in Sage, and tells the terminal how pages call it."""

    def make(account_id: str = "acc-001", **draft: object) -> worlds.Linked:
        with opening.world() as world:
            made = worlds.make_account(world, account_id, **draft)
            worlds.link(world, made, start_on="2026-01-01T00:00:00Z")
        terminal.words["CONNECTION/ACCOUNT"] = f"{made.connection_id}/{made.account_id}"
        return made

    return make
