"""Fixtures of the platform's tests: a world over a real database, and the same behind a real server.

`world` is on SQLite, unless a test asks for more: `@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)`.
With BANKFEEDS_TEST_WORLD=postgresql in the environment every test that says nothing runs there.
"""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from bankfeeds.flows.context import World

from . import worlds


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "bankfeeds.db"
    worlds.migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def clock() -> worlds.MovableClock:
    return worlds.MovableClock()


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, clock: worlds.MovableClock) -> Generator[World]:
    kind = getattr(request, "param", os.environ.get("BANKFEEDS_TEST_WORLD", worlds.SQLITE))
    if kind == worlds.SQLITE:
        path = tmp_path / "bankfeeds.db"
        shutil.copy(request.getfixturevalue("database_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = worlds.migrated(request.getfixturevalue("new_postgresql")())
    with worlds.opened_world(url, clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Generator[worlds.Server]:
    with worlds.started_server() as running:
        yield running


@pytest.fixture
def site(server: worlds.Server, world: World) -> Generator[worlds.Site]:
    with server.serving(world) as running:
        yield running
