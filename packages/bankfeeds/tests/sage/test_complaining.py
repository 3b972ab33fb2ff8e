"""A sync failure as it goes over the wire (Sage contract, 6.7), and every answer to it as an outcome."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.outcome import Deferred, Done, Rejected, Unknown
from bankfeeds.sage.destination import SageDestinations

from .. import worlds

AT = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
SECRETS = ListingSecrets("client secret", "api key", ("header value",))


def complain(answer: httpx2.Response | Exception, seen: list[httpx2.Request]) -> Any:
    def sage(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            return httpx2.Response(200, json={"access_token": "t"})
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with httpx2.Client(transport=httpx2.MockTransport(sage)) as http:
        destinations = SageDestinations(lambda _: SECRETS, http, lambda: AT)
        return destinations(worlds._listing(AT)).complain("Sage refuses transaction 't-3'", AT)


def test_it_is_posted_once_with_status_reason_and_timestamp() -> None:
    seen: list[httpx2.Request] = []
    assert complain(httpx2.Response(202, json={"status": "accepted"}), seen) == Done()
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "https://sage.invalid/provider/v1/sync")
    assert json.loads(request.content) == {
        "status": "FAILED",
        "reason": "Sage refuses transaction 't-3'",
        "timestamp": "2026-02-03T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx2.Response(400, json={"errors": [{"code": "SCHEMA_INVALID"}]}), Rejected),
        (httpx2.Response(404), Rejected),
        (httpx2.Response(429, headers={"retry-after": "3"}), Deferred),
        (httpx2.Response(503), Unknown),
        (httpx2.ConnectError("nobody there"), Deferred),
        (httpx2.ReadTimeout("too slow"), Unknown),
    ],
    ids=str,
)
def test_no_answer_of_sages_is_an_exception(answer: Any, kind: type) -> None:
    assert isinstance(complain(answer, []), kind)
