"""Codat's two Python clients, unmodified: every operation that they have, succeeding and refused."""

from dataclasses import replace

import pytest
from codat_bankfeeds.models import errors
from codat_platform.models import errors as platform_errors

from bankfeeds.domain.errors import Unavailable
from bankfeeds.flows import keys

from ... import consent, worlds
from . import sdk_calls
from .sdk_calls import LAST, UNKNOWN
from .sdk_matrix import ANSWERS

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")
"""Codat's own warnings of its older paths."""
CALLS = [each for each in sdk_calls.every() if each.name != "webhooks.rotate_zapier_key"]
"""All but one that belongs to Zapier, of which there is nothing here: a path like any other that is not there."""
POSTS = [each for each in CALLS if each.name.split(".")[1].startswith(("create", "generate", "run"))]


def sdk(client, site, authorization=None):
    package = sdk_calls.CLIENTS[client]
    shared = __import__(f"{package.__name__}.models.shared", fromlist=["shared"])
    security = shared.Security(auth_header=authorization or site.authorization)
    retries = __import__(f"{package.__name__}.utils.retries", fromlist=["retries"])
    never = retries.RetryConfig("none")
    return sdk_calls.CLASSES[client](server_url=site.url, security=security, retry_config=never)


def status_of(call, client, ids):
    """What the server answered, as the client tells it: 0 if the client took it for a success, None if it failed."""
    try:
        call.make(client, ids)
    except Exception as error:  # noqa: BLE001 - each client has errors of its own
        return getattr(error, "status_code", None)
    return 0


def statuses(calls, client, ids):
    return {str(call): status_of(call, client, ids) for call in calls}


def of(client, calls=CALLS):
    return [each for each in calls if each.client == client]


@pytest.fixture
def world(world):
    return consent.with_sage(world)


@pytest.fixture
def ids(site, world):
    return sdk_calls.something_of_each(site, world)


@pytest.mark.parametrize("client", sdk_calls.CLIENTS)
def test_every_operation_answers_as_listed(site, ids, client):
    calls = [each for each in CALLS if each.client == client]
    calls.sort(key=lambda each: LAST[::-1].index(each.name) if each.name in LAST else -1)
    with sdk(client, site) as made:
        for call in calls:
            expected = ANSWERS[call.name]
            if call.name == "settings.delete_api_key":
                with pytest.raises(Exception, match=r"ValidationError|204|validation"):
                    call.make(made, ids)  # Codat's document gives this 204 a body, and its client looks for it (C14)
            else:
                assert status_of(call, made, ids) == expected, str(call)


@pytest.mark.parametrize("client", sdk_calls.CLIENTS)
def test_every_operation_tells_a_wrong_key_and_a_revoked_one(site, world, ids, client):
    revoked, secret = keys.create(world, "test", "old")
    keys.revoke(world, "test", revoked.id, "rotated")
    for authorization, status in (("Basic d3Jvbmc=", 401), (worlds.basic(secret)["authorization"], 403)):
        with sdk(client, site, authorization) as made:
            assert statuses(of(client), made, ids) == dict.fromkeys(map(str, of(client)), status)


@pytest.mark.parametrize("client", sdk_calls.CLIENTS)
def test_every_operation_on_something_tells_that_it_is_not_there(site, ids, client):
    nothing = dict.fromkeys((name for name in ids if name.endswith("_id") and "account" not in name), UNKNOWN)
    nothing["platform_key"] = "abcd"
    calls = [each for each in of(client) if each.envelope and set(each.envelope.model_fields) & set(nothing)]
    with sdk(client, site) as made:
        assert statuses(calls, made, {**ids, **nothing}) == dict.fromkeys(map(str, calls), 404)


class BreakableClock:
    """Tells the time until it is told what to fail with."""

    def __init__(self, clock):
        self.clock = clock
        self.failure = None

    def __call__(self):
        if self.failure is not None:
            raise self.failure
        return self.clock()


def test_our_own_failure_is_told_by_a_read_a_write_and_a_push_that_keeps_no_thread_waiting(server, world, ids):
    clock = BreakableClock(world.clock)
    calls = [
        each for each in of("bank-feeds") if each.name in {"companies.get", "companies.create", "transactions.create"}
    ]
    with server.serving(replace(world, clock=clock)) as broken, sdk("bank-feeds", broken) as made:
        clock.failure = RuntimeError("the clock has stopped")
        assert statuses(calls, made, ids) == dict.fromkeys(map(str, calls), 500)


@pytest.mark.parametrize("client", sdk_calls.CLIENTS)
def test_what_writes_tells_a_rate_limit_and_that_the_database_is_away(server, world, ids, client):
    """The clients' HTTP library asks a GET again, after waiting, whatever the client is told."""
    posts = of(client, POSTS)
    with server.serving(world, requests_per_minute_max=1) as strict, sdk(client, strict) as made:
        strict.call("GET", "/companies")
        assert statuses(posts, made, ids) == dict.fromkeys(map(str, posts), 429)
    clock = BreakableClock(world.clock)
    with server.serving(replace(world, clock=clock)) as away, sdk(client, away) as made:
        clock.failure = Unavailable("database", "the database does not answer", 1)
        assert statuses(posts, made, ids) == dict.fromkeys(map(str, posts), 503)


def test_reading_waits_out_a_rate_limit_as_its_http_library_does(server, world, clock):
    clock.forward(seconds=59)
    with server.serving(world, requests_per_minute_max=1) as strict, sdk("bank-feeds", strict) as made:
        strict.call("GET", "/companies")
        with pytest.raises(errors.ErrorMessage) as refusal:
            made.companies.list(request={"page": 1})
    assert refusal.value.status_code == 429


def test_an_idempotency_key_is_a_header_of_any_call(site):
    key = {"Idempotency-Key": "6f1c2d3e-0000-4000-8000-00000000000a"}
    with sdk("bank-feeds", site) as made:
        first = made.companies.create(request={"name": "Harbour"}, http_headers=key)
        again = made.companies.create(request={"name": "Harbour"}, http_headers=key)
        with pytest.raises(errors.SDKError) as refusal:
            made.companies.create(request={"name": "Mill"}, http_headers=key)
    assert again == first
    assert refusal.value.status_code == 422


def test_eleven_keys_are_a_conflict(site):
    with sdk("platform", site) as made:
        statuses = []
        for number in range(10):
            try:
                made.settings.create_api_key(request={"name": str(number)})
            except platform_errors.ErrorMessage as error:
                statuses.append(error.status_code)
    assert statuses == [409]
