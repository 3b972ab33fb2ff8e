"""Telling consumers of webhooks that a caller of the API has used up its day's requests, or that a new day began."""

from dataclasses import dataclass
from datetime import datetime

from bankfeeds.domain.webhook import Happening
from bankfeeds.flows.context import World
from bankfeeds.store import outbox


@dataclass(frozen=True, slots=True)
class Quota:
    """Of one caller, as one process counts."""

    limit: int
    remaining: int
    resets_at: datetime


def announce(world: World, happening: Happening, quota: Quota) -> None:
    facts = {"quota": str(quota.limit), "remaining": str(quota.remaining)}
    facts["resetsAt"] = f"{quota.resets_at:%Y-%m-%dT%H:%M:%SZ}"
    now = world.clock()
    world.db.write(lambda tx: outbox.add(tx, happening, now, facts=facts))
