"""Fixtures of the platform's tests: a world over a real SQLite file, and the same behind a real server."""

from collections.abc import Generator
from pathlib import Path

import pytest

from bankfeeds.flows.context import World

from . import worlds


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return worlds.migrated_database(tmp_path_factory.mktemp("template") / "bankfeeds.db")


@pytest.fixture
def clock() -> worlds.MovableClock:
    return worlds.MovableClock()


@pytest.fixture
def world(database_template: Path, tmp_path: Path, clock: worlds.MovableClock) -> Generator[World]:
    with worlds.opened_world(database_template, tmp_path / "bankfeeds.db", clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def server() -> Generator[worlds.Server]:
    with worlds.started_server() as running:
        yield running


@pytest.fixture
def site(server: worlds.Server, world: World) -> Generator[worlds.Site]:
    with server.serving(world) as running:
        yield running
