"""API keys in the portal: made, shown once, revoked; and the first calls work as they stand."""

import html
import re
import subprocess
import sys

import pytest

from bankfeeds.domain.api_key import KEYS_MAX
from bankfeeds.flows import auditing, keys
from bankfeeds.flows.auditing import AuditFilter
from bankfeeds.web.codat import routes as codat
from bankfeeds.web.portal import routes as portal
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from ... import worlds
from .portal_site import NoSage, said_in


def made(site, name="nightly", days="", scope="write"):
    return site.post("developers", {"name": name, "days": days, "scope": scope})


def secret_in(answer):
    return re.search(r'<code class="secret">(bf_[^<]+)</code>', answer.text)[1]


def samples_in(answer):
    return [html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", answer.text, re.DOTALL)]


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_a_key_is_shown_once_and_works(site, clock):
    answer = made(site, days="30")

    secret = secret_in(answer)
    key = keys.verify(site.world, secret)
    assert (answer.status_code, key.name, (key.expires_at - clock()).days) == (200, "nightly", 30)
    listed = site.get("developers")
    assert secret not in listed.text
    assert f"nightly …{key.hint} Read and write Live" in said_in(listed)
    assert auditing.entries(site.world, AuditFilter(action="api_key")).entries[0].actor == "operator:ann-administrator"


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["", "x" * 51, "a\x07b"])
def test_a_name_that_is_none_is_said_at_its_field_and_nothing_is_made(site, name, language):
    answer = site.post("developers", {"name": name, "days": ""}, language)

    assert (answer.status_code, keys.every(site.world)) == (422, [])
    assert 'id="name-problem"' in answer.text
    assert ("50 characters" if language == "en" else "50 caractères") in said_in(answer)


def test_an_eleventh_key_is_refused_with_the_way_out(site):
    for number in range(KEYS_MAX):
        keys.create(site.world, "test", f"key {number}")

    answer = made(site)

    assert answer.status_code == 422
    assert "There are 10 keys already. Revoke one that nobody needs first." in said_in(answer)
    assert len(keys.every(site.world)) == KEYS_MAX


@pytest.mark.parametrize(
    ("chosen", "given"), [("read", "read"), ("write", "write"), ("admin", "admin"), ("", "read"), ("root", "read")]
)
def test_a_key_may_what_was_chosen_and_the_least_if_nothing_was(site, chosen, given):
    key = keys.verify(site.world, secret_in(made(site, scope=chosen)))

    assert key.scope.value == given


def test_a_key_is_revoked_after_being_asked_once_more(site):
    secret = secret_in(made(site))
    key = keys.verify(site.world, secret)
    path = f"developers/keys/{key.id}/revoke"

    asked = site.get(path)
    assert "Revoke the key “nightly”?" in said_in(asked)
    assert keys.verify(site.world, secret) == key
    answer = site.post(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/portal/developers")
    assert "The key is revoked." in said_in(site.get("developers"))
    assert "Revoked" in said_in(site.get("developers"))
    assert site.get(path).status_code == 404
    assert site.post("developers/keys/none/revoke").status_code == 404


def test_a_viewer_sees_no_keys_and_a_developer_makes_them(site):
    site.sign_in_as("viewer")
    assert site.get("developers").status_code == 403
    assert made(site).status_code == 403
    assert keys.every(site.world) == []

    site.sign_in_as("developer")
    assert secret_in(made(site)).startswith("bf_")


@pytest.mark.parametrize("language", ["curl", "Python"])
def test_the_first_call_works_as_it_stands(server, site, language):
    numbers = iter(range(1, 100))
    surface = Surface(server.pool, lambda: f"{next(numbers):032x}", server.url, worlds.BODY_BYTES_MAX)
    routes = portal.routes(site.world, surface, NoSage()) + codat.routes(site.world, surface)
    server.app = make_app(routes, lambda: None, codat.unrouted(surface), is_https=False)

    curl, python, typescript = samples_in(made(site))

    assert server.url in typescript
    command = ["bash", "-c", f"set -o pipefail; {curl} -sf"] if language == "curl" else [sys.executable, "-c", python]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"results":' in done.stdout if language == "curl" else done.stdout == ""
