"""What Sage's answers to an offered statement mean, read from the bytes of its answers."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from bankfeeds.domain.columns import NO_LINES
from bankfeeds.domain.delivery import Delivery
from bankfeeds.domain.listing import AmountUnit, Listing, ListingSecrets
from bankfeeds.domain.outcome import Deferred, Outcome, Rejected
from bankfeeds.domain.statement import Balances, Statement, StatementKind, StatementStatus
from bankfeeds.sage.destination import SageDestinations

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LISTING = Listing(
    id="default", name="Bank", region="eu", country="GB", bank_id="bank-1", external_ref="ref", url="https://bank",
    provider_url="http://sage.test", token_url="http://sage.test/oauth/token", jwks_url="http://sage.test/j",
    client_id="c", audience="a", connector_issuer=None, connector_audience=None, header_name="x-key",
    amount_unit=AmountUnit.minor, created_at=NOON,
)  # fmt: skip
STATEMENT = Statement(
    pk=1, feed_pk=1, kind=StatementKind.opening, status=StatementStatus.offered, first_seq=None, last_seq=None,
    line_count=0, balances=Balances(Decimal(1), date(2026, 3, 1), Decimal(1), None), offers=1,
    refusals=0, doubtful=True,
    sage_id=None, created_at=NOON,
)  # fmt: skip


@pytest.fixture
def offer() -> Callable[[int, Any], Outcome]:
    """Offers a statement to a Sage that answers so."""

    def ask(status: int, body: Any) -> Outcome:
        def answer(request: httpx2.Request) -> httpx2.Response:
            if request.url.path == "/oauth/token":
                return httpx2.Response(200, json={"access_token": "t", "expires_in": 3600})
            return httpx2.Response(status, content=json.dumps(body))

        with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
            destinations = SageDestinations(lambda _: ListingSecrets("s", "k", ("h",)), http, lambda: NOON)
            return destinations(LISTING).offer(Delivery("ba-1", "GBP", STATEMENT, NO_LINES))

    return ask


def problem(code: str, path: str = "") -> dict[str, Any]:
    return {"errors": [{"code": code, "message": "uniqueId t-1 was sent before", "path": path}]}


def test_known_ids_refused_at_once_with_409_are_a_refusal_and_not_waited_for_for_ever(
    offer: Callable[[int, Any], Outcome],
) -> None:
    outcome = offer(409, problem("DUPLICATE_TRANSACTION", "data.transactionDetails[0].uniqueId"))
    assert isinstance(outcome, Rejected)
    assert outcome.names_only_duplicates(["t-1"])
    assert outcome.gone is False


def test_409_for_a_statement_in_flight_is_waited_for(offer: Callable[[int, Any], Outcome]) -> None:
    outcome = offer(409, problem("STATEMENT_IN_FLIGHT"))
    assert isinstance(outcome, Deferred)
    assert outcome.busy is True


def test_409_for_a_cancelled_bank_account_says_that_it_is_gone(offer: Callable[[int, Any], Outcome]) -> None:
    outcome = offer(409, problem("BANK_ACCOUNT_CANCELLED"))
    assert isinstance(outcome, Rejected)
    assert outcome.gone is True
