"""`POST /sage/{listing}/notification`, as bytes."""

import json

import pytest

from bankfeeds.store import authorisations, feeds

from ... import consent, worlds

PATH = "/sage/uk/notification"
SESSION = {
    "type": "resourceCreated",
    "resource": {"id": "s-1", "type": "authorisation", "url": "NA"},
    "additionalData": {"bankId": consent.BANK},
}


def test_a_session_is_stored_and_answered_without_a_body(sage, signed):
    response = sage.post(PATH, json=SESSION, headers=signed)

    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert sage.world.db.read(lambda tx: authorisations.find(tx, "uk", "s-1")) is not None


def test_the_contracts_example_opens_a_feed(sage, signed):
    started = consent.start(sage.world)
    started.submit()
    external_id = consent.external_id(sage.world, started.made)
    body = {
        "type": "resourceCreated",
        "resource": {"id": "36aed119", "type": "bankAccount", "url": "https://…"},
        "additionalData": {
            "externalId": external_id,
            "requestedStartDate": "2021-06-29T11:05:29Z",
            "bankId": consent.BANK,
        },
    }

    assert sage.post(PATH, json=body, headers=signed).status_code == 204
    assert sage.post(PATH, json=body, headers=signed).status_code == 204

    feed = sage.world.db.read(lambda tx: feeds.by_bank_account(tx, "uk", "36aed119"))
    assert feed.start_on.isoformat() == "2021-06-29"


@pytest.mark.parametrize(
    "missing",
    [
        {consent.HEADER: ""},
        {consent.HEADER: "wrong"},
        {consent.HEADER: consent.HEADER_VALUE[:-1]},
        {"authorization": ""},
        {"authorization": "Bearer x"},
        {"authorization": "Bearer"},
    ],
)
def test_who_is_not_sage_is_refused_and_changes_nothing(sage, signed, missing):
    before = worlds.everything(sage.world)

    response = sage.post(PATH, json=SESSION, headers={**signed, **missing})

    assert response.status_code == 401
    assert set(response.json()) == {"error", "message", "correlationId"}
    assert worlds.everything(sage.world) == before


def test_a_forged_token_is_refused(sage, signed):
    forged = consent.Signer().token(worlds.NOON)

    response = sage.post(PATH, json=SESSION, headers={**signed, "authorization": f"Bearer {forged}"})

    assert response.status_code == 401


def test_the_header_before_the_change_and_a_token_without_its_scheme_still_count(sage, signed, signer):
    headers = {consent.HEADER: "the value before", "authorization": signer.token(worlds.NOON)}

    assert sage.post(PATH, json=SESSION, headers=headers).status_code == 204


def test_keys_out_of_reach_are_no_verdict_so_that_sage_tries_again(sage, signed, keys):
    keys.status = 500
    before = worlds.everything(sage.world)

    response = sage.post(PATH, json=SESSION, headers=signed)

    assert response.status_code == 503
    assert int(response.headers["retry-after"]) <= 60
    assert worlds.everything(sage.world) == before


def test_an_unknown_listing_is_not_found(sage, signed):
    assert sage.post("/sage/us/notification", json=SESSION, headers=signed).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"type": "resourceCreated"}',
        b'{"type": 1, "resource": {"id": "a", "type": "b"}}',
        b'{"type": "", "resource": {"id": "a", "type": "b"}}',
        b'{"type": "t", "resource": {"id": "", "type": "b"}}',
        b'{"type": "t", "resource": {"id": "a\\u0000", "type": "b"}}',
        b'{"type": "t", "resource": {"id": "\\ud800", "type": "b"}}',
        b'{"type": "t", "resource": {"id": "' + b"x" * 201 + b'", "type": "b"}}',
        b'{"type": "resourceCreated", "resource": {"id": "a", "type": "authorisation"}, "additionalData": []}',
        b'{"type": "resourceCreated", "resource": {"id": "a", "type": "authorisation"}, "additionalData": {"bankId": 1}}',
        b"[" * 30_000,
    ],
)
def test_what_cannot_be_read_is_refused_and_changes_nothing(sage, signed, body):
    before = worlds.everything(sage.world)

    response = sage.post(PATH, content=body, headers=signed)

    assert (response.status_code, response.json()["error"]) == (400, "malformed")
    assert worlds.everything(sage.world) == before


def test_a_start_date_that_is_none_is_refused_rather_than_ignored(sage, signed):
    body = {
        "type": "resourceCreated",
        "resource": {"id": "b-1", "type": "bankAccount"},
        "additionalData": {"externalId": "x", "requestedStartDate": "soon"},
    }

    response = sage.post(PATH, json=body, headers=signed)

    assert response.status_code == 400
    assert "additionalData.requestedStartDate" in response.json()["message"]


def test_an_unknown_kind_is_accepted_whatever_it_carries(sage, signed):
    body = {"type": "moonrise", "resource": {"id": "m", "type": "moon"}, "additionalData": ["a", 1], "more": {}}

    assert sage.post(PATH, json=body, headers=signed).status_code == 204
    assert len(worlds.everything(sage.world)["notifications"]) == 1


def test_another_banks_notification_is_forbidden(sage, signed):
    body = {**SESSION, "additionalData": {"bankId": "another bank"}}

    assert sage.post(PATH, json=body, headers=signed).status_code == 403


def test_a_body_over_the_limit_is_refused_unread(sage, signed):
    body = json.dumps({**SESSION, "more": "x" * 70_000}).encode()

    response = sage.post(PATH, content=body, headers=signed)

    assert response.status_code == 413
    assert "retry-after" not in response.headers


def test_only_posts_are_answered(sage, signed):
    assert sage.get(PATH, headers=signed).status_code == 405
