"""What every surface's `routes` is given of the server it will run in."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from bankfeeds.web.endpoint import BODY_S


@dataclass(frozen=True, slots=True)
class Surface:
    """`pool` runs the handlers, `new_id` makes correlation ids; `public_url` has no trailing slash. The requests are
    those of one API key.
    """

    pool: Executor
    new_id: Callable[[], str]
    public_url: str
    body_bytes_max: int
    requests_per_minute_max: int = 1_000_000
    requests_per_day_max: int = 100_000_000
    body_s: float = BODY_S
    settings_listing: str | None = None
    """The listing that settings describe: they would undo what is changed of its secrets."""
