"""How long to wait: pure functions of the attempt's number, capped, no randomness of their own."""

from datetime import timedelta

RETRY_FIRST_S = 1.0
RETRY_FACTOR = 2.0
RETRY_MAX_S = 300.0
POLL_FIRST_S = 0.5
POLL_FACTOR = 1.6
POLL_MAX_S = 60.0


def retry_after(attempt: int, asked_s: float | None = None) -> timedelta:
    """Before trying again what was not taken, or not answered; never sooner than the remote asked."""
    wait = min(RETRY_FIRST_S * RETRY_FACTOR ** min(max(attempt - 1, 0), 16), RETRY_MAX_S)
    return timedelta(seconds=max(wait, asked_s or 0.0))


def poll_after(attempt: int) -> timedelta:
    """Before asking again whether Sage has finished."""
    return timedelta(seconds=min(POLL_FIRST_S * POLL_FACTOR ** min(attempt, 32), POLL_MAX_S))
