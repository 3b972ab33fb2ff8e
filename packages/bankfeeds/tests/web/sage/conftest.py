"""The callbacks, called as Sage calls them."""

from collections.abc import Generator

import pytest

from bankfeeds.flows.context import World
from bankfeeds.sage.jwks import JwksVerifier

from ... import consent, worlds
from .. import served


@pytest.fixture(scope="session")
def signer() -> consent.Signer:
    return consent.Signer()


@pytest.fixture
def keys(signer: consent.Signer) -> Generator[consent.KeyServer]:
    with consent.publishing(signer) as server:
        yield server


@pytest.fixture
def sage(server: worlds.Server, world: World, keys: consent.KeyServer) -> Generator[served.Served]:
    verify = JwksVerifier()
    with served.serving(server, consent.with_sage(world, keys.url), verify) as running:
        yield running
    verify.close()


@pytest.fixture
def signed(signer: consent.Signer) -> dict[str, str]:
    """The headers of Sage's own calls."""
    return {consent.HEADER: consent.HEADER_VALUE, "authorization": f"Bearer {signer.token(worlds.NOON)}"}
