"""What the log never says."""

import io
import json
import logging

import pytest
import structlog

from bankfeeds import logs
from bankfeeds.logs import mask_secrets

NASTY = "x\n2026-02-03 12:00:00 [info     ] request  forged\r\x1b[2J\x85\u2028\x9b31m"


@pytest.mark.parametrize("name", ["authorization", "api_key", "clientSecret", "otp", "access_token", "Header_Value"])
def test_values_of_secret_looking_names_are_masked(name):
    masked = mask_secrets(None, "info", {"event": "request", name: "hush", "route": "/companies"})
    assert masked == {"event": "request", name: "(secret)", "route": "/companies"}


@pytest.fixture(autouse=True)
def _as_before():
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**kept)


@pytest.mark.parametrize("style", ["console", "json"])
def test_what_others_wrote_begins_no_line_and_moves_no_cursor(style):
    """Neither as a value nor in an exception's words."""
    out = io.StringIO()
    logs.set_up("info", style, out)
    log = structlog.get_logger("bankfeeds.web")
    log.warning("sign-on failed", reason=NASTY)
    try:
        raise ValueError(NASTY)  # noqa: TRY301 - what a bug may say
    except ValueError:
        log.exception("bug")
    told = out.getvalue()
    assert not any(character in told for character in "\r\x1b\x85\u2028\x9b")
    lines = [line for line in told.split("\n") if line and not line.startswith(" ")]
    assert len(lines) == 2
    if style == "json":
        assert [json.loads(line)["event"] for line in lines] == ["sign-on failed", "bug"]
