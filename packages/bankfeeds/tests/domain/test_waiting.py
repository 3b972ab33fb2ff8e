"""How long to wait: growing, capped, never sooner than asked, and learnt where it can be."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.backoff import (
    BREAKER_FAILURES,
    BREAKER_MAX_S,
    POLL_MAX_S,
    RETRY_MAX_S,
    breaker_pause,
    poll_after,
    retry_after,
)
from bankfeeds.domain.pace import FIRST_GUESS_S, WAIT_MAX_S, WAIT_MIN_S, Pace

ATTEMPTS = st.integers(min_value=0, max_value=10**9)
SECONDS = st.floats(min_value=0, max_value=10**6)


@given(ATTEMPTS)
def test_the_next_try_never_comes_sooner_than_the_one_before_and_never_later_than_the_cap(attempt: int) -> None:
    wait = retry_after(attempt)
    assert timedelta(0) < wait <= retry_after(attempt + 1) <= timedelta(seconds=RETRY_MAX_S)


@given(ATTEMPTS, SECONDS)
def test_a_wait_that_sage_asked_for_is_kept_even_past_the_cap(attempt: int, asked_s: float) -> None:
    assert retry_after(attempt, asked_s) >= timedelta(seconds=asked_s)


@given(ATTEMPTS, st.floats(min_value=WAIT_MIN_S, max_value=WAIT_MAX_S))
def test_asking_whether_sage_has_finished_starts_with_the_usual_time_and_slows_down(
    attempt: int, usual_s: float
) -> None:
    assert poll_after(0, usual_s) == timedelta(seconds=usual_s)
    assert timedelta(0) < poll_after(attempt, usual_s) <= timedelta(seconds=POLL_MAX_S)
    assert attempt == 0 or poll_after(attempt, usual_s) <= poll_after(attempt + 1, usual_s)


@pytest.mark.parametrize("failures", range(BREAKER_FAILURES))
def test_a_few_failures_may_be_chance(failures: int) -> None:
    assert breaker_pause(failures) is None


@given(st.integers(min_value=BREAKER_FAILURES, max_value=10**9))
def test_more_of_them_pause_everybody_for_ever_longer_up_to_a_cap(failures: int) -> None:
    first, following = breaker_pause(failures), breaker_pause(failures + 1)
    assert first is not None
    assert following is not None
    assert timedelta(0) < first <= following <= timedelta(seconds=BREAKER_MAX_S)


def test_a_listing_nobody_asked_yet_has_a_first_guess() -> None:
    assert Pace().usual_s("uk") == FIRST_GUESS_S


def test_what_is_learnt_of_one_listing_is_not_believed_of_another() -> None:
    pace = Pace()
    pace.learn("uk", in_time=False)
    assert pace.usual_s("uk") > FIRST_GUESS_S
    assert pace.usual_s("us") == FIRST_GUESS_S


@given(st.lists(st.booleans(), max_size=400))
def test_a_learnt_wait_stays_within_its_bounds(answers: list[bool]) -> None:
    pace = Pace()
    for in_time in answers:
        pace.learn("uk", in_time=in_time)
    assert WAIT_MIN_S <= pace.usual_s("uk") <= WAIT_MAX_S


def test_a_sage_that_takes_two_seconds_is_asked_after_about_two_seconds() -> None:
    pace = Pace()
    for _ in range(200):
        pace.learn("uk", in_time=pace.usual_s("uk") >= 2)
    early = []
    for _ in range(400):
        in_time = pace.usual_s("uk") >= 2
        early.append(not in_time)
        pace.learn("uk", in_time=in_time)
        assert 1.9 < pace.usual_s("uk") < 2.6
    assert 1 / 10 < sum(early) / len(early) < 1 / 7
