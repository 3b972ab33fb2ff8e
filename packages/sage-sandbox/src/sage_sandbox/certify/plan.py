"""The plan: items in the order in which they are tried, each with its section, and the loop that tries them."""

import time
from collections.abc import Callable, Collection, Iterator
from typing import Literal

import httpx2
import msgspec

from sage_sandbox.certify.hooks import HookRefused
from sage_sandbox.certify.outcome import Failed, Result, Skipped
from sage_sandbox.certify.run import Run

_MASK = "***"
Act = Callable[[Run], None]


class Item(msgspec.Struct, frozen=True):
    id: str
    title: str
    section: str
    needs: tuple[str, ...]
    act: Act

    @property
    def kind(self) -> Literal["positive", "negative"]:
        return "negative" if self.id.startswith("E") else "positive"


class Plan:
    """Items, each added by the decorator `item`."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def item(self, id_: str, title: str, section: str, *needs: str) -> Callable[[Act], Act]:
        def add(act: Act) -> Act:
            self.items.append(Item(id_, title, section, needs, act))
            return act

        return add

    def wanted(self, only: Collection[str]) -> list[Item]:
        """The items named and whatever they need; all of them if none is named."""
        if not only:
            return self.items
        known = {item.id: item for item in self.items}
        if unknown := sorted(set(only) - set(known)):
            raise ValueError(f"the plan has no item {unknown[0]}; it has {', '.join(known)}")
        kept: set[str] = set()
        left = list(only)
        while left:
            item = known[left.pop()]
            if item.id not in kept:
                kept.add(item.id)
                left += item.needs
        return [item for item in self.items if item.id in kept]


def try_all(run: Run, items: list[Item]) -> Iterator[Result]:
    """One result for each item, as soon as it is there."""
    outcomes: dict[str, str] = {}
    for item in items:
        result = _try(run, item, outcomes)
        outcomes[item.id] = result.outcome
        yield result


def _try(run: Run, item: Item, outcomes: dict[str, str]) -> Result:
    began = time.monotonic()
    words: dict[str, str] = {}
    outcome: Literal["passed", "failed", "skipped"] = "passed"
    try:
        if missing := [needed for needed in item.needs if outcomes.get(needed) != "passed"]:
            raise Skipped(f"needs {', '.join(missing)}")  # noqa: TRY301 - one way out for all skips
        item.act(run)
    except Skipped as skip:
        outcome, words = "skipped", {"reason": str(skip)}
    except Failed as fail:
        outcome, words = "failed", {"expected": fail.expected, "seen": fail.seen}
        if fail.blame not in {None, item.id}:
            outcome, words = "skipped", {"reason": f"stopped by what {fail.blame} tells of: {fail.seen}"}
    except HookRefused as error:
        outcome, words = "failed", {"expected": "a provider that does what the hook asks", "seen": str(error)}
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        outcome, words = "failed", {"expected": "an answer", "seen": f"{type(error).__name__}: {error}"}
    secrets = run.provider.secrets()
    return Result(
        id=item.id,
        title=item.title,
        section=item.section,
        kind=item.kind,
        outcome=outcome,
        seconds=round(time.monotonic() - began, 2),
        **{name: _masked(text, secrets) for name, text in words.items()},
    )


def _masked(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return text
