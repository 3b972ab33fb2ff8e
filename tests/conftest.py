"""One sandbox and one platform for all journeys; tests that kill or bend them start their own."""

from collections.abc import Iterator

import pytest
from systems import System, running


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
