"""The portal with an administrator signed in."""

from collections.abc import Generator

import pytest

from bankfeeds.flows.context import World

from ... import worlds
from . import portal_site


@pytest.fixture
def site(server: worlds.Server, world: World) -> Generator[portal_site.PortalSite]:
    with portal_site.serving(server, world) as running:
        running.sign_in_as("administrator")
        yield running
