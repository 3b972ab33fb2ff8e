"""The portal over a platform with one linked account and a small Sage, an administrator signed in."""

import itertools
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from bankfeeds.store.seal import Sealer

from .... import worlds
from ....flows.delivery.conftest import Platform, make_lines, make_platform, platform
from .. import portal_site

__all__ = ["make_lines", "make_platform", "platform"]


class Ids:
    """Those of the platform; each secret and each password another."""

    def __init__(self, ids: Any) -> None:
        self._ids = ids
        self._numbers = itertools.count(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ids, name)

    def otp(self) -> str:
        return f"K7QM{next(self._numbers) % 8 + 2}X"


@pytest.fixture
def site(server: worlds.Server, platform: Platform) -> Generator[portal_site.PortalSite]:
    sealer = Sealer(("a secret key of these tests",))
    platform.world = replace(platform.world, sealer=sealer, ids=Ids(platform.world.ids))
    with portal_site.serving(server, platform.world) as running:
        running.sign_in_as("administrator")
        yield running
