"""Linking switched off by an operator: what is linked goes on as if nothing had been done."""

from typing import Any

from bankfeeds.domain.push_operation import PushStatus
from bankfeeds.flows import integration

from .operators import ANN, DAYS, ids


def test_live_feeds_keep_flowing_while_linking_is_switched_off(platform: Any, make_lines: Any) -> None:
    platform.link()
    platform.run()
    integration.change(platform.world, ANN, "default", {"enabled": "off"})
    assert not integration.get(platform.world, "default").enabled
    push = platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
    assert platform.operation(push).status is PushStatus.success


def test_an_account_that_sage_was_told_of_before_is_linked_and_fed_while_it_is_switched_off(
    platform: Any, make_lines: Any
) -> None:
    """Its user was through with our page already."""
    integration.change(platform.world, ANN, "default", {"enabled": "off"})
    platform.link()
    platform.push(*make_lines(*DAYS))
    platform.run()
    assert platform.sage.stored["ba-1"] == ids(10)
