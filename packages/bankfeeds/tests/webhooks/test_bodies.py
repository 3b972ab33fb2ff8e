"""What events say: against Codat's own OpenAPI documents, and their older events against the contract."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bankfeeds.domain.webhook import BEYOND_CODAT, CATALOGUE, LEGACY, NEVER_SENT, Event
from bankfeeds.flows.webhook_samples import sample
from bankfeeds.web.codat import wire
from bankfeeds.webhooks import body
from bankfeeds.webhooks.texts import LANGUAGES

from .receiving import WORDS

CONTRACTS = Path(__file__).parents[5] / "shared" / "contracts"
DOCUMENTS = [CONTRACTS / name for name in ("codat-bank-feeds.openapi.json", "codat-platform.openapi.json")]
AT = datetime(2026, 2, 3, 10, 18, tzinfo=UTC)
EVENT_ID = "7a3e0c11-5f2b-4c8d-9e6a-1b2c3d4e5f60"
MODERN = sorted(set(CATALOGUE) - set(NEVER_SENT) - set(LEGACY))


def told(event_type: str, sequence: int | None = None) -> Any:
    subject = sample(event_type, AT)
    assert subject is not None
    payload = WORDS.payload(event_type, EVENT_ID, subject)
    return json.loads(WORDS.body(Event(EVENT_ID, event_type, AT, None, None, payload), sequence))


def schema_of(document: Path, event_type: str) -> dict[str, Any] | None:
    """A v2 account without extras is a legal v1 one: any of them, not one."""
    spec = json.loads(document.read_text(encoding="utf-8").replace('"oneOf"', '"anyOf"'))
    names = (event_type, event_type.replace("bankTransactions.write", "{dataType}.write"))
    found = next((spec["webhooks"][name] for name in names if name in spec.get("webhooks", {})), None)
    if found is None:
        return None
    return {**spec, **found["post"]["requestBody"]["content"]["application/json"]["schema"]}


@pytest.mark.skipif(not all(map(Path.exists, DOCUMENTS)), reason="Codat's OpenAPI documents are not at hand")
@pytest.mark.parametrize("event_type", [each for each in MODERN if each not in BEYOND_CODAT])
def test_an_event_is_what_codats_document_says(event_type: str) -> None:
    schemas = [found for document in DOCUMENTS if (found := schema_of(document, event_type))]
    assert schemas
    for schema in schemas:
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
        assert [error.message for error in validator.iter_errors(told(event_type, 7))] == []


@pytest.mark.parametrize("event_type", MODERN)
def test_the_envelope_is_the_contracts_and_nothing_is_null(event_type: str) -> None:
    found = told(event_type, 7)
    assert {name: found[name] for name in ("id", "eventType", "generatedDate", "sequence")} == {
        "id": EVENT_ID,
        "eventType": event_type,
        "generatedDate": "2026-02-03T10:18:00Z",
        "sequence": 7,
    }
    assert "null" not in json.dumps(found)
    assert "sequence" not in told(event_type)


def test_the_contracts_examples_are_what_we_say() -> None:
    linked = told("connection.connected")["payload"]
    assert linked["connection"]["status"] == "Linked"
    assert linked["referenceCompany"]["tags"] == {"region": "uk"}
    account = told("bankFeeds.sourceAccount.connected")["payload"]
    assert account["connectionId"] == linked["connection"]["id"]
    assert account["sourceAccount"]["accountNumber"] == "10203040"
    assert account["sourceAccount"]["balance"] == 250.75
    written = told("bankTransactions.write.successful")["payload"]
    assert (written["type"], written["status"], written["record"]) == ("Create", "Success", {"id": "acc-001"})
    failed = told("bankTransactions.write.unsuccessful")["payload"]
    assert failed["status"] == "Failed"
    assert "record" not in failed
    assert told("client.rateLimit.reached")["payload"]["quotaRemaining"] == 0


@pytest.mark.parametrize(
    ("event_type", "rule_type", "data"),
    [
        (
            "DataConnectionStatusChanged",
            "DataConnectionStatusChanged",
            {"dataConnectionId", "newStatus", "oldStatus", "platformKey"},
        ),
        (
            "PushOperationStatusChanged",
            "Push Operation Status Changed()",
            {"dataType", "status", "pushOperationKey"},
        ),
        (
            "PushOperationTimedOut",
            "Push Operation Timed Out",
            {"dataType", "pushOperationKey", "pushOperationGuid"},
        ),
        ("ClientRateLimitReached", "Rate Limit Reached", {"DailyQuota", "ExpiresUtc"}),
        (
            "ClientRateLimitReset",
            "Rate Limit Reset",
            {"DailyQuota", "ExpiresUtc", "QuotaRemaining", "ResetReason"},
        ),
    ],
)
def test_an_older_event_is_spelled_as_it_was(event_type: str, rule_type: str, data: set[str]) -> None:
    found = told(event_type, 3)
    assert found["RuleType"] == rule_type
    assert set(found["Data"]) == data
    assert (found["AlertId"], found["Sequence"]) == (EVENT_ID, 3)
    is_of_company = not event_type.startswith("Client")
    assert ("CompanyId" in found, "DataConnectionId" in found) == (is_of_company, is_of_company)
    assert "RuleId" not in found
    assert "Sequence" not in told(event_type)


@pytest.mark.parametrize("event_type", BEYOND_CODAT)
def test_the_customers_text_is_there_in_every_language_and_names_the_account(event_type: str) -> None:
    texts = told(event_type)["payload"]["customerText"]
    assert set(texts) == set(LANGUAGES)
    assert len(set(texts.values())) == len(LANGUAGES)
    for text in texts.values():
        assert "Trading account (••3040)" in text
        assert "10203040" not in text


def test_the_words_for_sage_are_those_of_the_api() -> None:
    for name in ("PLATFORM_KEY", "INTEGRATION_ID", "SOURCE_ID", "SOURCE_TYPE", "PLATFORM_NAME"):
        assert getattr(body, name) == getattr(wire, name)


def test_the_same_event_says_the_same_every_time() -> None:
    for event_type in MODERN:
        assert told(event_type, 2) == copy.deepcopy(told(event_type, 2))
