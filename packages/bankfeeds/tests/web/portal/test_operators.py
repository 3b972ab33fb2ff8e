"""Operators in the portal: added, given a role and a password, let in no longer; and everybody's own password."""

import re
from typing import NoReturn

import pytest

from bankfeeds.domain.operator import INITIAL_PASSWORD_LASTS, SIGN_IN_FAILURES_MAX, Role
from bankfeeds.flows import auditing, operators
from bankfeeds.flows.auditing import AuditFilter
from bankfeeds.web.portal import cookies

from ... import worlds
from . import portal_site
from .portal_site import PASSWORD, said_in

HERE = "192.0.2.1"
OWN = "thought of by bob"
SHOWN = re.compile(r'<code class="secret">([^<]+)</code>')


class Elsewhere:
    """`ports.SignOn` for tests in which nobody goes there."""

    def address(self, *_: object) -> NoReturn:
        raise AssertionError("nobody signs in elsewhere in this test")

    redeem = address


def live(site):
    return {each.name: each.role for each in operators.every(site.world) if each.removed_at is None}


def page_of(site, name):
    return f"operators/{next(each.pk for each in operators.every(site.world) if each.name == name)}"


def add_bob(site, **fields):
    return site.post("operators", {"name": "Bob@Bank.example", "role": "developer", **fields})


def sign_in_as_bob(site, password):
    site.sign_out()
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', site.get("sign-in").text)[1]
    fields = {"csrf": token, "name": "bob@bank.example", "password": password}
    answer = site.client.post("sign-in", data=fields)
    site.token = site.client.cookies.get(cookies.SESSION) or ""
    return answer


def test_somebody_added_is_handed_a_password_once_and_replaces_it_before_anything_else_opens(site, clock):
    answer = add_bob(site)

    name, password, address = SHOWN.findall(answer.text)
    assert (answer.status_code, name, address) == (200, "bob@bank.example", f"{site.url}/portal/")
    assert "good until 2026-02-06" in said_in(answer)
    assert "bob@bank.example Developer Initial password never" in said_in(site.get("operators"))
    assert password not in site.get("operators").text + site.get(page_of(site, name)).text
    assert password not in repr(worlds.everything(site.world))
    assert auditing.entries(site.world, AuditFilter(action="operator.add")).entries[0].actor == (
        "operator:ann-administrator"
    )

    assert sign_in_as_bob(site, password).status_code == 303
    for path in ("", "companies", "developers"):
        assert site.get(path).headers["location"] == "/portal/password"
    assert site.post("developers", {"name": "key"}).headers["location"] == "/portal/password"
    chooses = site.get("password")
    assert "Choose one that only you know" in said_in(chooses)
    assert 'name="current"' not in chooses.text
    assert 'class="menu"' not in chooses.text
    answer = site.post("password", {"password": OWN, "again": OWN})
    site.token = site.client.cookies.get(cookies.SESSION)

    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/")
    assert "Your password has been changed." in said_in(site.get(""))
    assert site.get("developers").status_code == 200
    assert "too" not in sign_in_as_bob(site, OWN).headers["location"]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Ask an administrator for another one"), ("fr", "Demandez-en un autre")]
)
def test_an_initial_password_that_is_over_says_what_to_do(site, clock, language, said):
    password = SHOWN.findall(add_bob(site).text)[1]
    clock.now += INITIAL_PASSWORD_LASTS
    site.client.cookies.set(cookies.LANGUAGE, language)

    answer = sign_in_as_bob(site, password)

    assert answer.status_code == 422
    assert said in said_in(answer)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["", "a b", "x" * 81])
def test_a_name_that_is_none_is_said_at_its_field_and_nobody_is_added(site, name, language):
    before = worlds.everything(site.world)
    answer = site.post("operators", {"name": name}, language)

    assert (answer.status_code, worlds.everything(site.world)) == (422, before)
    assert 'id="name-problem"' in answer.text
    assert {"en": "A name has 1 to 80", "fr": "Un nom a de 1 à 80"}[language] in said_in(answer)


@pytest.mark.parametrize(("language", "said"), [("en", "of that name already"), ("fr", "déjà un opérateur de ce nom")])
def test_a_name_that_is_taken_is_said(site, language, said):
    answer = site.post("operators", {"name": "ann-administrator"}, language)
    assert answer.status_code == 422
    assert said in said_in(answer)


def test_what_was_not_offered_gives_least(site):
    add_bob(site, role="king", signs_in="elsewhere")
    assert live(site)["bob@bank.example"] is Role.viewer
    assert operators.every(site.world)[-1].has_password


def test_with_a_provider_somebody_may_sign_in_there_alone(server, world):
    with portal_site.serving(server, world, sign_on=Elsewhere()) as site:
        site.sign_in_as("administrator")
        assert "Your organisation alone, without a password" in said_in(site.get("operators"))
        answer = add_bob(site, signs_in="elsewhere")

        assert (answer.status_code, answer.headers["location"]) == (303, "/portal/operators")
        assert "bob@bank.example Developer Organisation never" in said_in(site.get("operators"))
        bob = operators.add(world, "test", "carl", Role.viewer, None)
        site.token = operators.begin_session(world, bob)
        site.client.cookies.set(cookies.SESSION, site.token)
        assert "have no password here" in said_in(site.get("password"))
        assert site.post("password", {"password": OWN, "again": OWN}).status_code == 422


def test_a_role_is_changed_and_counts_at_once(site):
    add_bob(site)
    answer = site.post(page_of(site, "bob@bank.example"), {"role": "viewer"})

    assert (answer.status_code, live(site)["bob@bank.example"]) == (303, Role.viewer)
    assert "The role has been changed" in said_in(site.get(page_of(site, "bob@bank.example")))
    acts = auditing.entries(site.world, AuditFilter(action="operator.role")).entries
    assert acts[0].detail == {"role": ["developer", "viewer"]}


def test_an_access_is_ended_after_being_asked_and_the_name_stays_to_be_read(site):
    add_bob(site)
    bob = operators.sign_in_proved(site.world, "bob@bank.example")
    path = page_of(site, "bob@bank.example")
    asked = site.get(f"{path}/end")
    assert "End bob@bank.example" in said_in(asked)
    assert operators.session(site.world, bob) is not None

    answer = site.post(f"{path}/end")

    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/operators")
    assert operators.session(site.world, bob) is None
    after = said_in(site.get("operators"))
    assert "bob@bank.example may sign in no longer." in after
    assert "1 person who may sign in no longer" in after
    assert site.get(path).status_code == 404


@pytest.mark.parametrize(
    ("language", "said"), [("en", "This is the last administrator"), ("fr", "est le dernier administrateur")]
)
def test_the_last_administrator_can_be_neither_removed_nor_made_less(site, language, said):
    path, before = page_of(site, "ann-administrator"), worlds.everything(site.world)

    for answer in (site.post(path, {"role": "viewer"}, language), site.post(f"{path}/end", None, language)):
        assert answer.status_code == 409
        assert said in said_in(answer)

    assert worlds.everything(site.world) == before
    page = site.get(path)
    assert "This is you" in said_in(page)
    assert f'action="/portal/{path}' not in page.text


def test_a_new_password_is_handed_out_and_unlocks(site):
    operators.add(site.world, "test", "bob@bank.example", Role.viewer, PASSWORD)
    for _ in range(SIGN_IN_FAILURES_MAX):
        with pytest.raises(operators.WrongSignIn):
            operators.sign_in(site.world, "bob@bank.example", "a wrong password", HERE)
    path = page_of(site, "bob@bank.example")

    password = SHOWN.findall(site.post(f"{path}/password").text)[1]

    assert site.get(f"{path}/password").headers["location"] == f"/portal/{path}"
    assert operators.sign_in(site.world, "bob@bank.example", password, HERE)


def test_who_is_locked_out_is_let_try_again(site):
    operators.add(site.world, "test", "bob@bank.example", Role.viewer, PASSWORD)
    for _ in range(SIGN_IN_FAILURES_MAX):
        with pytest.raises(operators.WrongSignIn):
            operators.sign_in(site.world, "bob@bank.example", "a wrong password", HERE)

    assert site.post(f"{page_of(site, 'bob@bank.example')}/unlock").status_code == 303

    assert operators.sign_in(site.world, "bob@bank.example", PASSWORD, HERE)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("fields", "at", "said"),
    [
        ({"current": "not mine at all", "password": OWN, "again": OWN}, "current", "not your current password"),
        ({"current": PASSWORD, "password": OWN, "again": "another"}, "again", "The two are not the same"),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "password", "12 to 200 characters"),
    ],
)
def test_an_own_password_that_cannot_be_is_said_at_its_field(site, role, fields, at, said):
    bob = operators.add(site.world, "test", "bob", role, PASSWORD)
    site.token = operators.begin_session(site.world, bob)
    site.client.cookies.set(cookies.SESSION, site.token)

    answer = site.post("password", fields)

    assert answer.status_code == 422
    assert f'id="{at}-problem"' in answer.text
    assert said in said_in(answer)
    assert PASSWORD not in answer.text
    assert operators.sign_in(site.world, "bob", PASSWORD, HERE)


@pytest.mark.parametrize("number", ["x", "0", "999", "9" * 30])
def test_an_operator_that_is_none_is_a_page_that_says_so(site, number):
    for answer in (site.get(f"operators/{number}"), site.post(f"operators/{number}/end")):
        assert answer.status_code in {404, 422}
