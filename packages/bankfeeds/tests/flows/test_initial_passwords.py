"""Passwords that an administrator hands out, and those that people choose for themselves."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bankfeeds.domain.errors import Conflict, Invalid
from bankfeeds.domain.operator import INITIAL_PASSWORD_LASTS, PASSWORD_LENGTH_MIN, SIGN_IN_FAILURES_MAX, Role
from bankfeeds.flows import operators
from bankfeeds.flows.operators import InitialPasswordOver, SignInLocked, WrongSignIn

from .. import worlds

on_both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
HANDED_OUT, OWN = "handed out by anna", "thought of by bob"
HERE = "192.0.2.1"


@pytest.fixture
def bob(world):
    return operators.add(world, "test", "bob", Role.viewer, HANDED_OUT, is_initial=True)


def signed_in(world, password):
    return operators.session(world, operators.sign_in(world, "bob", password, HERE))


@on_both
def test_who_signs_in_with_an_initial_password_replaces_it_without_typing_it_again(world, bob):
    session = signed_in(world, HANDED_OUT)
    assert session.operator.initial_until is not None

    token = operators.change_password(world, session, "", OWN, HERE)

    after = operators.session(world, token)
    assert (after.operator.initial_until, after.operator.has_password) == (None, True)
    assert signed_in(world, OWN) is not None
    with pytest.raises(WrongSignIn):
        operators.sign_in(world, "bob", HANDED_OUT, HERE)


@on_both
def test_an_initial_password_is_over_after_its_days_and_a_new_one_can_be_handed_out(world, bob, clock):
    clock.now += INITIAL_PASSWORD_LASTS
    with pytest.raises(InitialPasswordOver, match="ask an administrator"):
        operators.sign_in(world, "bob", HANDED_OUT, HERE)
    with pytest.raises(WrongSignIn, match="the name or the password is wrong"):
        operators.sign_in(world, "bob", "a wrong password", HERE)

    operators.set_password(world, "test", "bob", "handed out once more", is_initial=True)

    assert signed_in(world, "handed out once more").operator.initial_until == clock() + INITIAL_PASSWORD_LASTS


@on_both
def test_an_own_password_is_changed_by_who_knows_it_and_their_other_sessions_end(world, bob):
    first = operators.change_password(world, signed_in(world, HANDED_OUT), "", OWN, HERE)
    other = operators.sign_in(world, "bob", OWN, HERE)

    token = operators.change_password(world, operators.session(world, first), OWN, "another of bob's", HERE)

    assert operators.session(world, token) is not None
    assert [operators.session(world, each) for each in (first, other)] == [None, None]
    assert signed_in(world, "another of bob's") is not None


def test_whoever_sits_at_somebody_elses_screen_cannot_guess_the_password_there(world, bob, clock):
    session = operators.session(world, operators.change_password(world, signed_in(world, HANDED_OUT), "", OWN, HERE))
    for guess in ("\ud800", *["a wrong guess"] * SIGN_IN_FAILURES_MAX):
        with pytest.raises(WrongSignIn):
            operators.change_password(world, session, guess, "a new password", HERE)

    with pytest.raises(SignInLocked):
        operators.change_password(world, session, OWN, "a new password", HERE)

    clock.forward(seconds=world.limits.login_window_s + 1)
    assert signed_in(world, OWN) is not None


def test_a_password_too_short_changes_nothing(world, bob):
    session = signed_in(world, HANDED_OUT)
    before = worlds.everything(world)
    with pytest.raises(Invalid, match="password: must have"):
        operators.change_password(world, session, "", "x" * (PASSWORD_LENGTH_MIN - 1), HERE)
    assert worlds.everything(world) == before


def test_passwords_that_are_handed_out_differ_and_are_long_enough(world):
    made = {operators.new_password(world) for _ in range(20)}
    assert len(made) == 20
    assert {len(each) >= PASSWORD_LENGTH_MIN for each in made} == {True}


@on_both
def test_two_administrators_who_remove_each_other_at_once_do_not_both_succeed(world):
    names = ("ann", "eve")
    for name in names:
        operators.add(world, "test", name, Role.administrator, None)
    together = threading.Barrier(2)

    def remove(name):
        together.wait(30)
        try:
            operators.remove(world, "test", name)
        except Conflict as refusal:
            return refusal.code
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, names)) == ["last_administrator", "removed"]
