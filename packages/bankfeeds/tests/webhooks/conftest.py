"""A world whose webhooks may go to this machine, and a receiver there."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from bankfeeds.flows.context import Limits, World

from .receiving import Receiver, receiving


@pytest.fixture
def near(world: World) -> World:
    return replace(world, limits=Limits(webhook_private_targets=True))


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as running:
        yield running
