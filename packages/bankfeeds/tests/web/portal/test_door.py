"""The portal's door, as bytes: sign-in, sessions, forms that are ours, roles, languages, headers."""

import re

import pytest

from bankfeeds.domain.operator import SESSION_IDLE, SIGN_IN_FAILURES_MAX, Role
from bankfeeds.flows import operators
from bankfeeds.web.portal import cookies, navigation, routes
from bankfeeds.web.portal.visit import PortalPage

from ... import worlds
from . import portal_site
from .portal_site import PASSWORD, said_in

LOOKED_AT = sorted({item.path for _, items in navigation.GROUPS for item in items})


@pytest.fixture
def bob(world):
    return operators.add(world, "test", "bob", Role.administrator, PASSWORD)


def form_token(answer):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', answer.text)[1]


def sign_in(site, password=PASSWORD, name="bob", **more):
    token = form_token(site.get("sign-in"))
    return site.client.post("sign-in", data={"csrf": token, "name": name, "password": password, **more})


def test_nobody_sees_a_page_without_signing_in_and_comes_back_to_it(site, bob):
    site.sign_out()
    answer = site.get("companies/77?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/sign-in?next=companies%2F77")

    answer = sign_in(site, next="companies/77")

    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/companies/77")
    assert site.get().status_code == 200
    assert "bob" in said_in(site.get())


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "a\r\nx: y", "a" * 501]
)
def test_a_way_out_of_the_portal_is_not_taken(site, bob, wanted):
    site.sign_out()
    assert sign_in(site, next=wanted).headers["location"] == "/portal/"


def test_the_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(site, bob):
    site.sign_out()
    name, _, rest = sign_in(site).headers["set-cookie"].partition("=")
    assert name == cookies.SESSION
    assert rest.partition("; ")[2] == "Path=/portal; HttpOnly; SameSite=Lax"


def test_on_https_the_cookie_is_secure_and_no_other_host_can_plant_one(server, world, bob):
    with portal_site.serving(server, world, public_url="https://feeds.example/bank") as site:
        answer = site.get("sign-in")
        name, _, rest = answer.headers["set-cookie"].partition("=")
        assert name == "__Host-bankfeeds_form"
        assert rest.endswith("Path=/; HttpOnly; SameSite=Lax; Secure")
        assert 'action="/bank/portal/sign-in"' in answer.text

        planted = "a-secret-of-another-host"
        fields = {"csrf": operators.form_token(world, planted), "name": "bob", "password": PASSWORD}
        for name, status in ((cookies.FORM, 403), (f"__Host-{cookies.FORM}", 303)):
            given = site.client.post("sign-in", data=fields, headers={"cookie": f"{name}={planted}"})
            assert given.status_code == status, name
        session = given.headers["set-cookie"].partition(";")[0]
        assert session.startswith("__Host-bankfeeds_session=")
        assert site.client.get("", headers={"cookie": session}).status_code == 200
        assert site.client.get("", headers={"cookie": session.removeprefix("__Host-")}).status_code == 303


def test_signing_in_makes_a_new_session_whatever_the_browser_had(site, bob):
    """A session that somebody else planted is not the one that is signed in."""
    planted = site.token
    given = sign_in(site).headers["set-cookie"]
    token = given.partition("=")[2].partition(";")[0]
    assert token != planted
    assert len(token) >= 12
    assert operators.session(site.world, token).operator.name == "bob"
    assert operators.session(site.world, planted).operator.name == "ann-administrator"


def test_a_wrong_password_is_said_without_saying_which_was_wrong(site, bob):
    site.sign_out()
    wrong, unknown = sign_in(site, "a wrong password"), sign_in(site, PASSWORD, "nobody")
    assert wrong.status_code == unknown.status_code == 422
    assert "The name or the password is wrong" in wrong.text
    assert said_in(wrong) == said_in(unknown)
    assert "a wrong password" not in wrong.text


def test_too_many_attempts_lock_with_a_message_that_says_until_when(site, bob):
    site.sign_out()
    for _ in range(SIGN_IN_FAILURES_MAX):
        assert sign_in(site, "a wrong password").status_code == 422
    answer = sign_in(site)
    assert answer.status_code == 429
    assert "before 2026-02-03 12:15 UTC" in answer.text
    assert "bankfeeds operators unlock" in answer.text

    operators.unlock(site.world, "test", "bob")
    assert sign_in(site).status_code == 303


def test_a_session_left_alone_is_over_and_what_is_posted_then_changes_nothing(site, clock):
    clock.now += SESSION_IDLE
    before = worlds.everything(site.world)
    assert site.get().headers["location"] == "/portal/sign-in"
    answer = site.post("sign-out")
    assert answer.headers["location"] == "/portal/sign-in?over=1"
    assert "nothing was changed" in site.get("sign-in?over=1").text
    assert worlds.everything(site.world) == before


def test_signing_out_ends_the_session(site):
    answer = site.post("sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/sign-in")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert operators.session(site.world, site.token) is None


def path_of(page: PortalPage):
    return re.sub(r"\{[^}]+\}", "x", page.path)


def test_a_form_that_is_not_ours_changes_nothing(site):
    before = worlds.everything(site.world)
    ours = operators.form_token(site.world, site.token)
    for page in routes.PAGES:
        if page.act is None:
            continue
        for data, headers in (
            ({}, {}),
            ({"csrf": "0" * 64}, {}),
            ({"csrf": "\u00e9"}, {}),
            ({"csrf": ours}, {"sec-fetch-site": "cross-site"}),
        ):
            answer = site.client.post(path_of(page), data=data, headers=headers)
            assert answer.status_code == 403, page.path
            assert "Please try again" in answer.text
    assert worlds.everything(site.world) == before


@pytest.mark.parametrize("role", list(Role))
def test_each_page_and_action_is_refused_to_those_whose_role_does_not_allow_it(site, role):
    site.sign_in_as(role)
    before = worlds.everything(site.world)
    for page in routes.PAGES:
        if page.show and not page.is_public and not role.may(page.needs):
            assert site.get(path_of(page)).status_code == 403, page.path
        if page.act and not page.is_public and not role.may(page.act_needs):
            answer = site.post(path_of(page))
            assert answer.status_code == 403, page.path
            assert "Nothing was changed" in answer.text
    assert worlds.everything(site.world) == before


@pytest.mark.parametrize("path", ["", "sign-in", "nowhere", "assets/portal.css"])
def test_headers_keep_scripts_frames_and_strangers_out(site, path):
    headers = site.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    if path.startswith("assets"):
        return
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["style-src"] == policy["form-action"] == "'self'"
    assert "script-src" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", [*LOOKED_AT, "sign-in", "nowhere"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_has_no_script_no_inline_style_nothing_from_elsewhere_and_its_environment(site, path, language):
    answer = site.get(path, language)
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.text
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", answer.text)
    links = re.findall(r'\s(?:href|src|action)="([^"]*)"', answer.text)
    assert [each for each in links if not each.startswith(("/portal", "?", "#", "https://developer.sage.com"))] == []
    assert {"en": "Development", "fr": "Développement"}[language] in answer.text


def test_a_language_that_was_chosen_is_kept_and_goes_from_the_address(site):
    answer = site.get("nowhere?x=1&lang=fr")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/nowhere?x=1")
    assert 'lang="fr"' in site.get("").text


def test_production_is_told_from_development(site, server, world):
    from dataclasses import replace  # noqa: PLC0415

    with portal_site.serving(server, replace(world, is_production=True)) as running:
        running.sign_in_as("viewer")
        assert '<span class="environment production">Production</span>' in running.get().text


def test_an_address_that_is_none_is_a_page_of_ours(site):
    answer = site.get("nowhere/at/all")
    assert answer.status_code == 404
    assert "There is no such page here" in answer.text
    assert site.client.get(f"{site.url}/portal").headers["location"] == "/portal/"


def test_a_word_for_the_next_page_is_said_once_and_sealed_until_then(site):
    session = operators.session(site.world, site.token)
    operators.leave_word(site.world, session, '{"say": "sign_in_over"}')
    assert "sign_in_over" not in repr(worlds.everything(site.world))
    assert "nothing was changed" in site.get().text
    assert "nothing was changed" not in site.get().text
