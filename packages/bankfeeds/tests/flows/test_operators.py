"""Operators: who may sign in, what locks, what ends a session, and that somebody can always administrate."""

from datetime import timedelta

import pytest

from bankfeeds.domain.errors import Conflict, Invalid, NotFound
from bankfeeds.domain.operator import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    SEEN_EVERY,
    SESSION_IDLE,
    SESSION_LONGEST,
    SIGN_IN_FAILURES_MAX,
    Role,
)
from bankfeeds.flows import operators
from bankfeeds.flows.operators import SignInLocked, WrongSignIn

from .. import worlds

on_both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
PASSWORD = "a long enough password"
HERE = "192.0.2.1"


@pytest.fixture
def anna(world):
    return operators.add(world, "test", "Anna@Bank.example", Role.administrator, PASSWORD)


def live(world):
    return {each.name: each.role for each in operators.every(world) if each.removed_at is None}


def test_roles_contain_the_ones_below():
    may = {(role, needed) for role in Role for needed in Role if role.may(needed)}
    assert may == {
        (Role.administrator, Role.administrator),
        (Role.administrator, Role.developer),
        (Role.administrator, Role.viewer),
        (Role.developer, Role.developer),
        (Role.developer, Role.viewer),
        (Role.viewer, Role.viewer),
    }


@on_both
def test_somebody_added_signs_in_whatever_the_case_and_the_password_is_nowhere_to_be_read(world, anna, clock):
    token = operators.sign_in(world, " ANNA@bank.example ", PASSWORD, HERE)

    session = operators.session(world, token)
    assert session is not None
    assert (session.operator.name, session.operator.role) == ("anna@bank.example", Role.administrator)
    assert session.operator.signed_in_at == clock()
    assert session.csrf not in {"", token}
    stored = repr(worlds.everything(world))
    assert PASSWORD not in stored
    assert token not in stored
    assert session.csrf not in stored


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("anna@bank.example", "another long password"),
        ("bob@bank.example", PASSWORD),
        ("", ""),
        ("anna@bank.example", PASSWORD + " " * PASSWORD_LENGTH_MAX),
    ],
)
def test_what_was_wrong_is_not_said(world, anna, name, password):
    with pytest.raises(WrongSignIn, match="the name or the password is wrong"):
        operators.sign_in(world, name, password, HERE)


@on_both
def test_too_many_wrong_passwords_lock_the_name_for_everybody_until_the_window_is_over(world, anna, clock):
    first_at = clock()
    for number in range(SIGN_IN_FAILURES_MAX):
        with pytest.raises(WrongSignIn):
            operators.sign_in(world, anna.name, "a wrong password", f"192.0.2.{number}")
        clock.forward(seconds=1)

    with pytest.raises(SignInLocked) as locked:
        operators.sign_in(world, anna.name, PASSWORD, "198.51.100.9")

    window = timedelta(seconds=world.limits.login_window_s)
    assert locked.value.until == first_at + window
    clock.now = first_at + window + timedelta(seconds=1)
    assert operators.sign_in(world, anna.name, PASSWORD, HERE)


def test_an_address_that_guesses_is_locked_whatever_the_name(world, anna):
    for number in range(world.limits.login_failures_max):
        with pytest.raises(WrongSignIn):
            operators.sign_in(world, f"nobody-{number}", PASSWORD, HERE)

    with pytest.raises(SignInLocked):
        operators.sign_in(world, anna.name, PASSWORD, HERE)
    assert operators.sign_in(world, anna.name, PASSWORD, "198.51.100.9")


def test_a_new_password_unlocks_and_signs_out_everywhere(world, anna):
    token = operators.sign_in(world, anna.name, PASSWORD, HERE)
    for number in range(SIGN_IN_FAILURES_MAX):
        with pytest.raises(WrongSignIn):
            operators.sign_in(world, anna.name, "a wrong password", f"192.0.2.{number}")

    operators.set_password(world, "test", anna.name, "a new long password", "locked out")

    assert operators.session(world, token) is None
    assert operators.sign_in(world, anna.name, "a new long password", HERE)
    with pytest.raises(WrongSignIn):
        operators.sign_in(world, anna.name, PASSWORD, "198.51.100.9")


@on_both
def test_a_session_ends_when_it_is_idle_and_when_it_is_old(world, anna, clock):
    token = operators.sign_in(world, anna.name, PASSWORD, HERE)
    began_at = clock()

    clock.now = began_at + SESSION_IDLE - timedelta(seconds=1)
    assert operators.session(world, token) is not None
    clock.now += SESSION_IDLE
    assert operators.session(world, token) is None

    token = operators.sign_in(world, anna.name, PASSWORD, HERE)
    began_at = clock()
    while clock() < began_at + SESSION_LONGEST:
        assert operators.session(world, token) is not None
        clock.forward(seconds=SESSION_IDLE.total_seconds() / 2)
    assert operators.session(world, token) is None


def test_visits_are_noted_no_oftener_than_the_limit_says(world, anna, clock):
    token = operators.sign_in(world, anna.name, PASSWORD, HERE)
    before = worlds.everything(world)

    clock.now += SEEN_EVERY - timedelta(seconds=1)
    assert operators.session(world, token) is not None
    assert worlds.everything(world) == before
    clock.forward(seconds=1)
    assert operators.session(world, token) is not None
    assert worlds.everything(world) != before


def test_signing_out_ends_this_session_alone(world, anna):
    first, second = (operators.sign_in(world, anna.name, PASSWORD, HERE) for _ in range(2))

    operators.sign_out(world, first)
    operators.sign_out(world, first)

    assert operators.session(world, first) is None
    assert operators.session(world, second) is not None
    assert operators.session(world, "") is None
    assert operators.session(world, "x" * 10_000) is None


def test_a_removed_operator_is_out_at_once_and_can_be_added_anew(world, anna):
    operators.add(world, "test", "bob", Role.viewer, PASSWORD)
    token = operators.sign_in(world, "bob", PASSWORD, HERE)

    operators.remove(world, "test", "bob", "left")

    assert operators.session(world, token) is None
    with pytest.raises(WrongSignIn):
        operators.sign_in(world, "bob", PASSWORD, HERE)
    operators.add(world, "test", "bob", Role.developer, "another long password")
    assert live(world) == {anna.name: Role.administrator, "bob": Role.developer}


@on_both
def test_the_last_administrator_stays(world, anna):
    operators.add(world, "test", "bob", Role.developer, PASSWORD)
    before = worlds.everything(world)

    with pytest.raises(Conflict, match="last administrator"):
        operators.remove(world, "test", anna.name)
    with pytest.raises(Conflict, match="last administrator"):
        operators.set_role(world, "test", anna.name, Role.viewer)

    assert worlds.everything(world) == before
    operators.set_role(world, "test", "bob", Role.administrator)
    operators.set_role(world, "test", anna.name, Role.viewer)
    assert live(world) == {anna.name: Role.viewer, "bob": Role.administrator}


@pytest.mark.parametrize("name", ["", "   ", "a b", "x" * 81, "a\nb", "\ud800"])
def test_a_name_that_is_none_is_refused(world, name):
    with pytest.raises(Invalid, match="name: must have 1 to 80"):
        operators.add(world, "test", name, Role.viewer, PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * (PASSWORD_LENGTH_MIN - 1), "x" * (PASSWORD_LENGTH_MAX + 1)])
def test_a_password_too_short_or_too_long_is_refused(world, password):
    with pytest.raises(Invalid, match=f"password: must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX}"):
        operators.add(world, "test", "bob", Role.viewer, password)
    assert operators.every(world) == []


def test_a_name_is_taken_once_and_an_unknown_one_is_said(world, anna):
    with pytest.raises(Conflict, match=r"operator anna@bank\.example already"):
        operators.add(world, "test", "ANNA@bank.example", Role.viewer, PASSWORD)
    with pytest.raises(NotFound, match="operator carl was not found"):
        operators.set_role(world, "test", "carl", Role.viewer)


def test_somebody_without_a_password_cannot_sign_in_with_one(world, anna):
    operators.add(world, "test", "bob", Role.viewer, None)

    with pytest.raises(WrongSignIn):
        operators.sign_in(world, "bob", "", HERE)
