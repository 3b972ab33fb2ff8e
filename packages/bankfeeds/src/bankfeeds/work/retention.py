"""The thread that erases texts of old lines, slowly: whoever is sending and being sent to comes first."""

from dataclasses import dataclass

from bankfeeds.flows import retention
from bankfeeds.flows.context import World

ROUND_EVERY_S = 600.0
SLICE_WAIT_S = 0.1
"""Between two slices: some thousand lines a second, whatever there is to catch up with."""
LOOK_WAIT_S = 0.01
"""Between two accounts of which nothing may be erased yet."""


@dataclass(slots=True)
class Round:
    """Where it stands. Any number of these may run on one database: a slice done twice is done once."""

    world: World
    after_pk: int = 0

    def step(self) -> float:
        """Does a slice; how long to wait before the next, in seconds."""
        found = retention.step(self.world, self.after_pk)
        if found is None:
            self.after_pk = 0
            return ROUND_EVERY_S
        self.after_pk, count = found
        return SLICE_WAIT_S if count else LOOK_WAIT_S
