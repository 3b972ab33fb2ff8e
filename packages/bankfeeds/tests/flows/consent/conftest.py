"""A world with a listing and a Sage that answers by a script."""

import pytest

from bankfeeds.flows.context import World

from ... import consent


@pytest.fixture
def sage_world(world: World) -> World:
    return consent.with_sage(world)
