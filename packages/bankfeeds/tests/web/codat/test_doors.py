"""Before any resource: keys, unknown paths, wrong methods, bodies too large, bugs."""

import base64
import json

import httpx2
import pytest

from bankfeeds.flows import keys

from ... import worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def error_body(status, error, correlation_id, *flaws, validator="Companies"):
    """The exact bytes of an error (contract 1.7)."""
    body = {
        "statusCode": status,
        "service": "PublicApi",
        "error": error,
        "correlationId": correlation_id,
        "canBeRetried": "Unknown",
        "detailedErrorCode": 0,
    }
    if flaws:
        found = [{"itemId": field, "message": message, "validatorName": validator} for field, message in flaws]
        body["validation"] = {"errors": found, "warnings": []}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def test_an_error_is_the_documented_body_with_the_correlation_id_of_its_header(site):
    answer = site.call("GET", f"/companies/{UNKNOWN}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == error_body(404, f"Company {UNKNOWN} was not found", answer.headers["x-correlation-id"])


def test_a_flaw_is_named_by_its_field(site):
    answer = site.call("POST", "/companies", {"name": "()"})

    message = "is empty; give the company's name in letters or digits"
    assert answer.content == error_body(400, f"name: {message}", answer.headers["x-correlation-id"], ("name", message))


@pytest.mark.parametrize(
    "header",
    [
        None,
        {"authorization": ""},
        {"authorization": "Basic"},
        {"authorization": "Basic ***"},
        {"authorization": "Basic w7w="},
        {"authorization": "Bearer bf_secret"},
        basic("bf_wrong"),
        basic("bf_wrong:"),
    ],
)
def test_without_a_key_that_is_known_the_answer_is_401(site, header):
    answer = httpx2.get(f"{site.url}/companies", headers=header)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="bankfeeds"'
    assert answer.json()["statusCode"] == 401


def test_a_key_with_a_colon_behind_it_is_not_the_key(site):
    secret = base64.b64decode(site.authorization.removeprefix("Basic ")).decode()

    assert httpx2.get(f"{site.url}/companies", headers=basic(secret)).status_code == 200
    assert httpx2.get(f"{site.url}/companies", headers=basic(secret + ":")).status_code == 401


def test_a_revoked_key_is_403(site, world):
    (key,) = keys.every(world)
    keys.revoke(world, "operator:ann", key.id)

    answer = site.call("GET", "/companies")

    assert (answer.status_code, answer.json()["statusCode"]) == (403, 403)


def test_an_unknown_path_is_404_in_the_same_body(site):
    answer = site.call("GET", "/companiez")

    assert answer.status_code == 404
    assert answer.content == error_body(
        404,
        "there is nothing at /companiez; see the API reference for what there is",
        answer.headers["x-correlation-id"],
    )


def test_a_method_that_the_path_has_not_is_405_with_those_it_has(site):
    answer = site.call("PUT", "/companies", {"name": "Harbour Bakery"})

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST, HEAD"
    assert answer.json()["statusCode"] == 405


def test_head_answers_as_get_without_the_body(site):
    got, headed = site.call("GET", "/companies"), site.call("HEAD", "/companies")

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"]


def test_double_slashes_are_read_as_one(site):
    assert httpx2.get(f"{site.url}//companies", headers=site.client.headers).status_code == 200


def test_a_body_over_the_limit_is_413_without_retry_after(site, world):
    before = worlds.everything(world)

    answer = site.call("POST", "/companies", b'{"name": "' + b"x" * worlds.BODY_BYTES_MAX + b'"}')

    assert answer.status_code == 413
    assert "retry-after" not in answer.headers
    assert answer.json()["statusCode"] == 413
    assert worlds.everything(world) == before


def test_more_parameters_than_anybody_needs_are_400(site):
    assert site.call("GET", "/companies?" + "&".join(f"a{n}=1" for n in range(201))).status_code == 400


def test_a_bug_is_500_and_tells_the_correlation_id_only(site, world):
    site.call("POST", "/companies", {"name": "Harbour Bakery"})
    world.db.write(lambda tx: tx.connection.exec_driver_sql("UPDATE companies SET tags = 'misplaced'"))

    answer = site.call("GET", "/companies")

    assert answer.status_code == 500
    assert b"misplaced" not in answer.content
    assert b"companies" not in answer.content
    assert answer.content == error_body(
        500,
        "Something went wrong on our side; quote the correlation id when you report it",
        answer.headers["x-correlation-id"],
    )


@pytest.mark.parametrize("sent", [b"", b"  "])
def test_an_absent_body_is_read_as_an_empty_object_whatever_its_type(site, sent):
    answer = site.call("POST", "/companies", sent, headers={"content-type": "text/html"})

    assert answer.json()["validation"]["errors"][0]["itemId"] == "name"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (b"{", "body"),
        (b'{"name": "a"} x', "body"),
        (b"\xff\xfe", "body"),
        (b'{"name": "\xff"}', "body"),
        (b'{"name": NaN}', "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"name": 1}', "name"),
        (b'{"name": "a", "tags": []}', "tags"),
        (b'{"name": "a", "tags": {"k": 1}}', "tags[...]"),
        (b'{"name": "a", "tags": {"k": null}}', "tags[...]"),
        (b'{"name": "a\\u0000"}', "name"),
        (b'{"name": "a", "description": "\\udc00"}', "body"),
        (b'{"name": "a", "tags": {"\\u0000": "v"}}', "tags"),
        (b'{"name": "a", "tags": {"k": "\\u0000"}}', "tags"),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body"),
    ],
)
def test_json_that_cannot_be_read_is_400_naming_the_field_and_changes_nothing(site, world, sent, field):
    before = worlds.everything(world)

    answer = site.call("POST", "/companies", sent)

    assert (answer.status_code, answer.json()["statusCode"]) == (400, 400)
    assert [flaw["itemId"] for flaw in answer.json()["validation"]["errors"]] == [field]
    assert worlds.everything(world) == before


def test_of_a_name_given_twice_the_last_counts(site):
    assert site.call("POST", "/companies", b'{"name": "One", "name": "Two"}').json()["name"] == "Two"


@pytest.mark.parametrize("space", [b"\x0b", b"\x0c", b"\x85", b"\xa0"])
def test_a_space_that_is_none_of_jsons_is_no_absent_body(site, world, space):
    """Found by the fuzzer's long run: 200 for a change that the body did not ask for."""
    made = worlds.make_account(world)
    accounts = f"/companies/{made.company_id}/connections/{made.connection_id}/connectionInfo/bankFeedAccounts"
    json_type = {"content-type": "application/json"}
    assert site.call("PATCH", f"{accounts}/acc-001", space, headers=json_type).status_code == 400
    assert site.call("PATCH", f"{accounts}/acc-001", b" \t\r\n", headers=json_type).status_code == 200
