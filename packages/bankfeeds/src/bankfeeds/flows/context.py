"""What every flow is given: the database, and the world's few facts as functions."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bankfeeds.domain.api_key import ApiKey
from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.memo import Memo
from bankfeeds.domain.origins import Origins
from bankfeeds.domain.pace import Pace
from bankfeeds.domain.ports import Clock, Destinations, Ids, Sealer
from bankfeeds.domain.transaction import TextLimits
from bankfeeds.store.engine import Database

KEY_REMEMBERED = timedelta(seconds=1)
"""How long a process may go on taking a key that another process has revoked."""
SECRETS_REMEMBERED = timedelta(seconds=1)
"""How long a process may go on using a listing's secrets that another process has replaced."""
CURRENCY_REMEMBERED = timedelta(hours=1)
"""An account's currency never changes; one made anew under the same id is found out when its lines are stored."""


def _carry_on(_point: str) -> None:
    """Nothing happens at a crash point, outside tests."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit that a flow looks at; `settings.py` makes it, with a name, a number and a test each."""

    text: TextLimits = field(default_factory=TextLimits)
    otp_lifetime_s: int = 3600
    otp_failures_max: int = 5
    login_failures_max: int = 20
    login_window_s: int = 900
    session_s: int = 1200
    report_check_s: int = 1200
    redirects: Origins = field(default_factory=Origins)
    frames: Origins = field(default_factory=Origins)
    lines_per_statement_max: int = 1000
    requests_per_second: int = 10
    lease_s: int = 60
    opening_balance_age_s: int = 86400
    single_refusals_max: int = 2
    webhook_private_targets: bool = False
    retention_days: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Made once by `app.py`. Nothing in it changes while the program runs, but what `pace` and the memories learn."""

    db: Database
    clock: Clock
    ids: Ids
    sealer: Sealer
    destinations: Destinations
    limits: Limits
    sleep: Callable[[float], None] = time.sleep
    is_production: bool = False
    reports_sync_failures: bool = False
    pace: Pace = field(default_factory=Pace)
    keys: Memo[ApiKey] = field(default_factory=lambda: Memo[ApiKey](KEY_REMEMBERED))
    secrets: Memo[ListingSecrets] = field(default_factory=lambda: Memo[ListingSecrets](SECRETS_REMEMBERED))
    currencies: Memo[str] = field(default_factory=lambda: Memo[str](CURRENCY_REMEMBERED))
    crash: Callable[[str], None] = _carry_on
    """Called at each named point of a step where dying must not matter; tests die there."""
