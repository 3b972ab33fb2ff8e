"""One sandbox and one platform for all journeys; tests that kill or bend them start their own."""

from collections.abc import Iterator

import pytest
from systems import System, running

LONGEST = ("test_seeds.py", "test_certify.py", "test_fuzzed.py", "test_upgrading.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take a minute and more begin first, so that no processor waits for them in the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest.fixture
def system(_shared: System) -> Iterator[System]:
    """Both running, the sandbox empty and fast; in the end every day's balance is looked at."""
    _shared.fresh()
    yield _shared
    _shared.check_balances()
