"""How long to wait: pure functions of the attempt's number, capped, no randomness of their own."""

from datetime import timedelta

RETRY_FIRST_S = 1.0
RETRY_FACTOR = 2.0
RETRY_MAX_S = 60.0
POLL_MAX_S = 60.0
POLL_AGAIN_SHARE = 0.25
POLL_FACTOR = 1.6
BREAKER_FAILURES = 5
BREAKER_FIRST_S = 5.0
BREAKER_MAX_S = 60.0


def retry_after(attempt: int, asked_s: float | None = None, wait_max_s: float = RETRY_MAX_S) -> timedelta:
    """Before trying again what was not taken, or not answered; never sooner than the remote asked."""
    wait = min(RETRY_FIRST_S * RETRY_FACTOR ** min(max(attempt - 1, 0), 16), wait_max_s)
    return timedelta(seconds=max(wait, asked_s or 0.0))


def poll_after(attempt: int, usual_s: float) -> timedelta:
    """Before asking whether Sage has finished: first when it usually has, then a share of that, ever more slowly."""
    wait = usual_s if attempt == 0 else usual_s * POLL_AGAIN_SHARE * POLL_FACTOR ** min(attempt - 1, 32)
    return timedelta(seconds=min(wait, POLL_MAX_S))


def breaker_pause(failures: int) -> timedelta | None:
    """How long nobody calls a Sage whose last `failures` calls all failed; None while that may be chance."""
    if failures < BREAKER_FAILURES:
        return None
    wait = BREAKER_FIRST_S * 2.0 ** min(failures - BREAKER_FAILURES, 16)
    return timedelta(seconds=min(wait, BREAKER_MAX_S))
