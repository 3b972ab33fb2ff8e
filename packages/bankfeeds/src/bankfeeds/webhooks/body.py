"""What happened, in Codat's words: the payload of each event, and the whole body around it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar
from uuid import NAMESPACE_URL, uuid5

from msgspec import Raw

from bankfeeds.domain.company import Company
from bankfeeds.domain.connection import Connection
from bankfeeds.domain.money import plain
from bankfeeds.domain.push_operation import PushOperation, PushStatus
from bankfeeds.domain.source_account import AccountInfo, AccountStatus, SourceAccount
from bankfeeds.domain.webhook import LEGACY, Event, Happening, Subject
from bankfeeds.webhooks import wire
from bankfeeds.webhooks.texts import customer_text

T = TypeVar("T")

PLATFORM_KEY = "olpr"
INTEGRATION_ID = "2ce41026-589a-4330-8bfc-a30672253cd9"
SOURCE_ID = "98432954-a4fa-4640-a685-3af56909002a"
SOURCE_TYPE = "BankFeed"
PLATFORM_NAME = "SageBankFeed"
DATA_TYPE = "bankTransactions"
PRODUCT_NAMES = {"bank-feeds": "Bank Feeds"}
RULE_TYPES: Mapping[str, str] = {
    "DataConnectionStatusChanged": "DataConnectionStatusChanged",
    "PushOperationStatusChanged": "Push Operation Status Changed()",
    "PushOperationTimedOut": "Push Operation Timed Out",
    "ClientRateLimitReached": "Rate Limit Reached",
    "ClientRateLimitReset": "Rate Limit Reset",
}
_BEYOND = frozenset({Happening.reauthorisation_required, Happening.feed_parked, Happening.feed_resumed})


class Words:
    """`ports.EventWords`; addresses in it begin with `public_url`."""

    def __init__(self, public_url: str) -> None:
        self._url = public_url
        self._client_id = str(uuid5(NAMESPACE_URL, public_url))

    def payload(self, event_type: str, event_id: str, subject: Subject) -> str:
        if event_type in LEGACY:
            return wire.encode(self._legacy(event_type, event_id, subject)).decode()
        family = event_type.rpartition(".")[0]
        makers: Mapping[str, Callable[[Subject], object]] = {
            "company": self._company,
            "company.product": self._product,
            "connection": self._connection,
            "bankFeeds.sourceAccount": self._account,
            "bankFeeds.feed": self._account,
            "bankTransactions.write": self._write,
            "client.rateLimit": self._rate_limit,
        }
        return wire.encode(makers[family](subject)).decode()

    def body(self, event: Event, sequence: int | None) -> bytes:
        payload = event.payload.encode()
        if event.type not in LEGACY:
            return wire.encode(wire.Envelope(event.id, event.type, event.at, Raw(payload), sequence))
        return payload if sequence is None else payload[:-1] + b',"Sequence":%d}' % sequence

    def _company(self, subject: Subject) -> wire.Company:
        company = _present(subject.company)
        return wire.Company(
            id=company.id,
            name=company.name,
            redirect=f"{self._url}/link/companies/{company.id}",
            created=company.created_at,
            products=tuple(subject.products),
            tags=dict(company.tags),
            owner_user_ids=(),
            reference_subsidiary_companies=(),
            description=company.description,
        )

    def _product(self, subject: Subject) -> wire.CompanyProduct:
        company = _present(subject.company)
        product = subject.facts["product"] or ""
        return wire.CompanyProduct(
            id=company.id,
            name=company.name,
            product_id=product,
            product_name=PRODUCT_NAMES.get(product, product),
            products=tuple(subject.products),
            description=company.description,
        )

    def _reference(self, company: Company) -> wire.ReferenceCompany:
        links = wire.Links(f"{self._url}/portal/companies/{company.id}")
        return wire.ReferenceCompany(company.id, company.name, links, dict(company.tags), company.description)

    def _connection(self, subject: Subject) -> wire.ConnectionPayload:
        found: Connection = _present(subject.connection)
        connection = wire.Connection(
            id=found.id,
            integration_id=INTEGRATION_ID,
            integration_key=PLATFORM_KEY,
            source_id=SOURCE_ID,
            source_type=SOURCE_TYPE,
            platform_name=PLATFORM_NAME,
            link_url=f"{self._url}/link/companies/{found.company_id}/connections/{found.id}",
            status=subject.facts["status"] or found.status.value,
            created=found.created_at,
        )
        return wire.ConnectionPayload(self._reference(_present(subject.company)), connection)

    def _account(self, subject: Subject) -> wire.AccountPayload:
        found: SourceAccount = _present(subject.account)
        is_beyond = subject.happening in _BEYOND
        return wire.AccountPayload(
            reference_company=self._reference(_present(subject.company)),
            connection_id=found.connection_id,
            source_account=_account(found, subject),
            company_id=found.company_id,
            target_account_id=subject.facts.get("bankAccountId"),
            transaction_id=subject.facts.get("line"),
            reason=subject.facts.get("cause"),
            customer_text=customer_text(subject.happening, found) if is_beyond else None,
        )

    def _write(self, subject: Subject) -> wire.WritePayload:
        push: PushOperation = _present(subject.push)
        return wire.WritePayload(
            id=push.key,
            type="Create",
            reference_company=self._reference(_present(subject.company)),
            connection_id=push.connection_id,
            requested_on_date=push.requested_at,
            status=push.status.value,
            completed_on_date=push.completed_at,
            record=wire.Record(push.account_id) if push.status is PushStatus.success else None,
        )

    def _rate_limit(self, subject: Subject) -> wire.RateLimit:
        facts = subject.facts
        return wire.RateLimit(int(facts["quota"] or 0), int(facts["remaining"] or 0), facts["resetsAt"] or "")

    def _legacy(self, event_type: str, event_id: str, subject: Subject) -> wire.Legacy:
        message, data = _told(event_type, subject)
        connection_id = subject.connection.id if subject.connection else None
        return wire.Legacy(
            client_id=self._client_id,
            client_name=subject.institution,
            rule_type=RULE_TYPES[event_type],
            alert_id=event_id,
            message=message,
            data=Raw(wire.encode(data)),
            company_id=subject.company.id if subject.company else None,
            data_connection_id=subject.push.connection_id if subject.push else connection_id,
        )


def _told(event_type: str, subject: Subject) -> tuple[str, object]:
    facts = subject.facts
    name = subject.company.name if subject.company else ""
    if event_type == "DataConnectionStatusChanged":
        connection = _present(subject.connection)
        status, was = facts["status"] or "", facts["was"] or ""
        message = f"Data connection for SageBankFeed status changed to {status} for company '{name}'"
        return message, wire.StatusChanged(connection.id, status, was, PLATFORM_KEY)
    if event_type.startswith("PushOperation"):
        push = _present(subject.push)
        if event_type == "PushOperationTimedOut":
            message = f"Push operation {push.key} for company '{name}' has timed out"
            return message, wire.PushChanged(DATA_TYPE, push.key, push_operation_guid=push.key)
        message = f"{DATA_TYPE} triggered notification for PushOperation {push.key} with status {push.status.value}"
        return message, wire.PushChanged(DATA_TYPE, push.key, push.status.value)
    quota, remaining, resets_at = int(facts["quota"] or 0), int(facts["remaining"] or 0), facts["resetsAt"] or ""
    if subject.happening is Happening.rate_limit_reached:
        return f"The daily limit of {quota} requests was reached", wire.LegacyRateLimit(quota, resets_at)
    data = wire.LegacyRateLimit(quota, resets_at, remaining, "A new day has begun")
    return f"The daily limit of {quota} requests counts from the beginning again", data


def _account(found: SourceAccount, subject: Subject) -> wire.Account:
    status = subject.facts.get("status") or found.status.value
    start = found.feed_start_on
    has_start = start is not None and status == AccountStatus.connected.value
    routing = found.routing
    return wire.Account(
        id=found.id,
        status=status,
        modified_date=found.modified_at,
        account_name=found.name,
        account_type=found.type,
        account_number=found.number,
        sort_code=found.sort_code,
        routing_info=wire.Routing(routing.type, routing.bank_code) if routing else None,
        currency=found.currency,
        balance=_amount(found.balance),
        account_info=_info(found.info),
        feed_start_date=_start(found) if has_start else None,
        cut_over_date=found.cut_over_on.isoformat() if found.cut_over_on else None,
        reauthorization_required=found.needs_reauthorisation,
    )


def _amount(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else plain(amount)


def _info(info: AccountInfo | None) -> wire.AccountInfo | None:
    if info is None:
        return None
    opened = info.opened_on.isoformat() if info.opened_on else None
    return wire.AccountInfo(info.description, info.nickname, opened, _amount(info.available_balance))


def _start(found: SourceAccount) -> str:
    day = found.feed_start_on
    if day is None:
        raise AssertionError("a connected account has a first day")
    return f"{day.isoformat()}T00:00:00Z" if found.version == 1 else day.isoformat()


def _present(part: T | None) -> T:
    if part is None:
        raise AssertionError("a happening names what its events tell of")
    return part
