"""Our own OpenAPI document: true of what is served, and of one shape with Codat's two documents."""

import json
from functools import cache

import pytest

from bankfeeds.web.codat import wire
from bankfeeds.web.codat.described import OPERATIONS, PATH_NAMES, PushedTransaction
from bankfeeds.web.codat.openapi import document
from bankfeeds.web.codat.routes import RESOURCES

from ... import own_document, worlds
from .test_contract import CONTRACTS, DOCUMENTS

OURS = document("https://feeds.example")


@pytest.mark.parametrize("world", worlds.BOTH[:1], indirect=True)
def test_it_is_served_to_anybody_and_is_all_schemas_and_references_that_lead_somewhere(site):
    answer = site.client.get("/openapi.json", headers={"authorization": ""})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == OURS
    own_document.everything_is_a_schema(answer.json())


def test_it_describes_every_operation_served_and_no_other():
    served = {(method, each.path) for each in RESOURCES for method in each.operations}
    assert set(OPERATIONS) == served
    ids = [described.id for described in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)


def test_a_transaction_is_described_as_it_is_read():
    assert set(PushedTransaction.__struct_encode_fields__) == set(wire.Transaction.__struct_encode_fields__)


class Codats:
    def __init__(self, name):
        self.spec = json.loads((CONTRACTS / name).read_text(encoding="utf-8"))

    def resolved(self, part):
        while "$ref" in part:
            place = self.spec
            for step in part["$ref"].removeprefix("#/").split("/"):
                place = place[int(step)] if isinstance(place, list) else place[step]
            part = place
        return part

    def members(self, schema):
        """Every property that any of its forms has, and what each is."""
        schema = self.resolved(schema)
        found = {}
        for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
            found |= self.members(part)
        if "items" in schema:
            found |= self.members(schema["items"])
        return found | schema.get("properties", {})

    def body(self, part):
        content = self.resolved(part).get("content") or {}
        return next((each["schema"] for kind, each in content.items() if "json" in kind), None)


@cache
def codats(name):
    return Codats(name)


def operations():
    """Ours beside Codat's, of both documents."""
    if not all((CONTRACTS / name).exists() for name in DOCUMENTS):
        return []
    found = []
    for name in DOCUMENTS:
        spec = codats(name).spec
        for (method, path), described in OPERATIONS.items():
            spelled = path
            for ours, theirs in PATH_NAMES.items():
                spelled = spelled.replace("{" + ours + "}", "{" + theirs + "}")
            for template in {spelled, spelled.replace("{accountId}/managed", "{sourceAccountId}/managed")}:
                operation = spec["paths"].get(template, {}).get(method.lower())
                if operation is not None:
                    found.append(
                        pytest.param(
                            name, operation, spelled, method.lower(), described, id=f"{name[6:10]} {described.id}"
                        )
                    )
    return found


BEYOND = {
    "requestedStartDate",
    "cutOverDate",
    "reauthorizationRequired",
    "accepted",
    "duplicates",
    "withheld",
    "warnings",
    "statements",
    "scope",
    "expiresAt",
    "ownerUserIds",  # in newer editions of Codat's document
    "routingInfo",  # of a v2 account, which Codat's document has everywhere but in the answer to its update
    "accountInfo",
}
"""Members of answers that Codat has not got there."""
UNREAD = {
    "source-account": {"status", "feedStartDate", "modifiedDate"},
    "update-source-account": {"accountType", "accountNumber", "sortCode", "currency", "routingInfo", "accountInfo"},
    "update-profile": {"apiKey", "confirmCompanyName"},
}
"""Members of bodies that Codat's clients may send and nobody can set, by what the operation is called."""


@pytest.mark.parametrize(("name", "theirs", "path", "method", "described"), operations())
def test_each_success_has_codat_s_status_and_members_and_what_codat_requires(name, theirs, path, method, described):
    document = codats(name)
    for status in (str(each) for each in described.answers if each < 400):
        assert status in theirs["responses"]
        codat_s, ours = document.body(theirs["responses"][status]), own_body(OURS["paths"][path][method], status)
        assert (codat_s is None or status == "204") == (ours is None)
        if ours is not None and codat_s is not None:
            mine = set(own_members(ours))
            assert mine - set(document.members(codat_s)) <= BEYOND
            assert set(document.resolved(codat_s).get("required", ())) <= mine


@pytest.mark.parametrize(("name", "theirs", "path", "method", "described"), operations())
def test_each_request_takes_codat_s_members_and_parameters(name, theirs, path, method, described):
    if not described.answers:
        return  # it is refused whatever it brings
    document, ours = codats(name), OURS["paths"][path][method]
    parameters = [document.resolved(each) for each in theirs.get("parameters", ())]
    asked = {each["name"] for each in parameters if each["in"] == "query"}
    assert asked <= {each["name"] for each in ours["parameters"]}
    body = document.body(theirs.get("requestBody", {}))
    if body is not None:
        mine = own_members(ours["requestBody"]["content"]["application/json"]["schema"])
        unread = set().union(*(names for part, names in UNREAD.items() if part in described.id))
        assert set(document.members(body)) - set(mine) <= unread


def own_body(operation, status):
    response = operation["responses"][status]
    content = response.get("content")
    return None if content is None else content["application/json"]["schema"]


def own_members(schema):
    while "$ref" in schema:
        schema = OURS["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    found = {}
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        found |= own_members(part)
    if "items" in schema:
        found |= own_members(schema["items"])
    return found | schema.get("properties", {})
