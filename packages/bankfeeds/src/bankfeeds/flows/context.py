"""What every flow is given: the database, and the world's few facts as functions."""

from dataclasses import dataclass, field

from bankfeeds.domain.ports import Clock, Destinations, Ids, Sealer
from bankfeeds.domain.transaction import TextLimits
from bankfeeds.store.engine import Database


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit that a flow looks at; `settings.py` makes it, with a name, a number and a test each."""

    text: TextLimits = field(default_factory=TextLimits)
    otp_lifetime_s: int = 3600
    otp_failures_max: int = 5
    login_failures_max: int = 20
    login_window_s: int = 900
    session_s: int = 1200


@dataclass(frozen=True, slots=True)
class World:
    """Made once by `app.py`. Nothing in it changes while the program runs."""

    db: Database
    clock: Clock
    ids: Ids
    sealer: Sealer
    destinations: Destinations
    limits: Limits
