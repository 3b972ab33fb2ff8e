"""An account query as it goes over the wire (Sage contract, 6.5), of listings that Sage knows and does not know."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.outcome import Deferred, Unknown
from bankfeeds.sage.destination import SageDestinations

from .. import worlds

AT = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
SECRETS = ListingSecrets("client secret", "api key", ("header value",))


def find(bank_id: str | None, status: int, seen: list[dict[str, Any]]) -> Any:
    def sage(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            return httpx2.Response(200, json={"access_token": "t"})
        seen.append(json.loads(request.content)["data"])
        return httpx2.Response(status, json={})

    with httpx2.Client(transport=httpx2.MockTransport(sage)) as http:
        destinations = SageDestinations(lambda _: SECRETS, http, lambda: AT)
        return destinations(replace(worlds._listing(AT), bank_id=bank_id, external_ref="our ref")).find("e-1")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_before_it_is_registered_our_reference_stands_in_and_sage_knowing_no_such_bank_is_an_answer(
    status: int,
) -> None:
    seen: list[dict[str, Any]] = []
    assert find(None, status, seen) is None
    assert seen == [{"bankId": "our ref", "externalId": "e-1"}]


@pytest.mark.parametrize(("status", "kind"), [(401, Deferred), (403, Deferred), (429, Deferred), (503, Unknown)])
@pytest.mark.parametrize("bank_id", ["bank-1", None])
def test_no_answer_is_no_answer_whether_it_is_registered_or_not(bank_id: str | None, status: int, kind: type) -> None:
    assert isinstance(find(bank_id, status, []), kind)


def test_a_registered_listing_asks_by_its_bank_id_and_a_refusal_of_the_question_is_no_answer() -> None:
    seen: list[dict[str, Any]] = []
    assert find("bank-1", 404, seen) is None
    assert seen == [{"bankId": "bank-1", "externalId": "e-1"}]
    assert isinstance(find("bank-1", 400, []), Deferred)
