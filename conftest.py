"""What every test of the repository may ask for: the address of an empty PostgreSQL database."""

import os
from collections.abc import Callable, Iterator

import pytest
from clusters import Cluster

TEST_SERVER = "BANKFEEDS_TEST_POSTGRESQL"
"""The address of a running server to use instead of one of our own, with a database to connect to."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    try:
        made.init()
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def new_postgresql(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Makes an empty database on the server of this run (a given one, or our own) and answers its address."""
    if given := os.environ.get(TEST_SERVER):
        return lambda: _new_on(given)
    return request.getfixturevalue("cluster").new_database


def _new_on(url: str) -> str:
    import uuid  # noqa: PLC0415

    import psycopg  # noqa: PLC0415 - only where a server is given

    name = f"db_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return f"{url.rsplit('/', 1)[0]}/{name}"
