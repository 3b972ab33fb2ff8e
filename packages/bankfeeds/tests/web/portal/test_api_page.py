"""The API's reference in the portal: every operation of the OpenAPI document, and calls that work as they stand."""

import base64
import html
import json
import os
import re
import shlex
import subprocess

import jsonschema
import pytest

from bankfeeds.flows import companies, keys
from bankfeeds.web.codat import routes as codat
from bankfeeds.web.codat.openapi import document
from bankfeeds.web.portal import api_shown
from bankfeeds.web.portal import routes as portal
from bankfeeds.web.portal.api_examples import BODIES
from bankfeeds.web.server import make_app
from bankfeeds.web.surface import Surface

from ... import worlds
from .portal_site import NoSage, said_in

URL = "https://feeds.example"
DOCUMENT = document(URL)
OPERATIONS = {
    said["operationId"]: (method.upper(), path, said)
    for path, methods in DOCUMENT["paths"].items()
    for method, said in methods.items()
}
TAKING_JSON = sorted(
    name
    for name, (_, _, said) in OPERATIONS.items()
    if "application/json" in said.get("requestBody", {}).get("content", {})
)


def curl_in(answer):
    (text,) = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", answer.text, re.DOTALL)
    return html.unescape(text)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_list_leads_to_every_operation_in_its_group_and_to_the_document(site, language):
    answer = site.get("developers/api", language)
    assert answer.status_code == 200
    linked = re.findall(r'href="/portal/developers/api/([^"]+)"', answer.text)
    assert sorted(linked) == sorted(OPERATIONS)
    assert 'href="/openapi.json"' in answer.text
    said = said_in(answer)
    for method, path, operation in OPERATIONS.values():
        assert f"{method} {path}" in said
        assert operation["tags"][0] in said
    assert '"/portal/developers/api"' in site.get("developers", language).text


def test_each_operation_has_a_page_with_its_parameters_its_body_and_its_answers(site):
    for name, (method, path, operation) in OPERATIONS.items():
        answer = site.get(f"developers/api/{name}")
        assert answer.status_code == 200, name
        said = said_in(answer)
        assert f"{method} {path}" in said
        for parameter in operation["parameters"]:
            assert re.search(rf"\b{parameter['name']} {parameter['in']}\b", said), (name, parameter["name"])
        for status in operation["responses"]:
            assert f" {status} " in said, (name, status)
        for example in BODIES.get(name, {}):
            if isinstance(example, str):
                assert f" {example} " in said, (name, example)


def test_what_must_be_there_and_what_may_be_chosen_is_told(site):
    said = said_in(site.get("developers/api/create-bank-transactions"))
    assert "transactions[].amount number yes" in said
    assert "transactions[].description string no" in said
    assert "accountId string yes" in said
    assert "dryRun query string no true false" in said
    assert "status string Pending Failed Success TimedOut" in said


@pytest.mark.parametrize("name", TAKING_JSON)
def test_each_body_to_copy_is_what_its_operation_takes(name):
    method, path, operation = OPERATIONS[name]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**DOCUMENT, **schema}).validate(BODIES[name])
    words = shlex.split(api_shown.operations(URL)[name].curl.replace("\\\n", ""))
    assert words[:3] == ["curl", "-X", method]
    assert words[3] == URL + re.sub(r"\{(\w+)\}", lambda found: "$" + api_shown._variable(found[1]), path)
    assert json.loads(words[words.index("-d") + 1]) == BODIES[name]


def test_there_are_bodies_of_operations_that_take_one_and_of_no_others():
    assert sorted(BODIES) == TAKING_JSON


def test_calls_work_as_they_stand_in_a_shell(world, server):
    surface = Surface(server.pool, lambda: "0" * 32, server.url, worlds.BODY_BYTES_MAX)
    server.app = make_app(
        [*codat.routes(world, surface), *portal.routes(world, surface, NoSage())],
        lambda: None,
        codat.unrouted(surface),
        is_https=False,
    )
    _, secret = keys.create(world, "test", "harbour")
    shown = api_shown.operations(server.url)
    said = dict(os.environ)

    def call(name):
        text = shown[name].curl.replace(api_shown.KEY, base64.b64encode(secret.encode()).decode())
        done = subprocess.run(
            ["bash", "-c", f"{text} -sf"], env=said, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    said["COMPANY_ID"] = call("create-company")["id"]
    said["CONNECTION_ID"] = call("create-connection")["id"]
    assert call("create-source-account")["accountName"] == "Trading account"
    said["ACCOUNT_ID"] = "acc-001"
    assert call("update-source-account")["accountName"] == "Till"
    assert call("list-companies")["totalResults"] == 1
    assert companies.get(world, said["COMPANY_ID"]).company.tags == {"region": "uk"}
    server.app = None


def test_an_operation_that_there_is_not_and_somebody_who_may_not(site):
    assert site.get("developers/api/make-tea").status_code == 404
    site.sign_in_as("viewer")
    assert [site.get(path).status_code for path in ("developers/api", "developers/api/list-companies")] == [403, 403]
