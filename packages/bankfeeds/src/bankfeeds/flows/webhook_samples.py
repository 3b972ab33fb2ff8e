"""A sample of each event: for the catalogue, and to test a receiver with. Nothing in it is anybody's."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from bankfeeds.domain.company import PRODUCTS, Company
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.domain.push_operation import PushOperation, PushStatus
from bankfeeds.domain.source_account import AccountStatus, SourceAccount
from bankfeeds.domain.webhook import Happening, Subject, happening_of

COMPANY_ID = "5b0c1f6e-2f43-4a53-9d0a-0c3f5d1b7a11"
CONNECTION_ID = "0d9b7c52-8a0e-4d0c-8f53-7a5b8e2c4d22"
PUSH_KEY = "9c50a3b4-6d2e-4f7a-b1c8-2e4d6f8a0b33"
_QUOTA = 100_000
_STATUSES = {
    Happening.connection_created: (ConnectionStatus.pending_auth, None),
    Happening.connection_connected: (ConnectionStatus.linked, ConnectionStatus.pending_auth),
    Happening.connection_reconnected: (ConnectionStatus.linked, ConnectionStatus.unlinked),
    Happening.connection_disconnected: (ConnectionStatus.unlinked, ConnectionStatus.linked),
    Happening.connection_deleted: (ConnectionStatus.linked, None),
}
_PUSHES = {
    Happening.push_succeeded: PushStatus.success,
    Happening.push_failed: PushStatus.failed,
    Happening.push_timed_out: PushStatus.timed_out,
}


def sample(event_type: str, now: datetime) -> Subject | None:
    """None for an event that never comes."""
    happening = happening_of(event_type)
    if happening is None:
        return None
    is_of_company = happening not in {Happening.rate_limit_reached, Happening.rate_limit_reset}
    return Subject(
        happening=happening,
        at=now,
        company=Company(COMPANY_ID, "Harbour Bakery Ltd", "crm 8841", {"region": "uk"}, now) if is_of_company else None,
        products=PRODUCTS,
        connection=Connection(CONNECTION_ID, COMPANY_ID, ConnectionStatus.linked, now) if is_of_company else None,
        account=_account(now) if is_of_company else None,
        push=_push(happening, now),
        facts=_facts(happening, now),
    )


def _account(now: datetime) -> SourceAccount:
    return SourceAccount(
        pk=0,
        external_id="",
        company_id=COMPANY_ID,
        connection_id=CONNECTION_ID,
        id="acc-001",
        version=2,
        name="Trading account",
        type="checking",
        number="10203040",
        sort_code="112233",
        currency="GBP",
        balance=Decimal("250.75"),
        balance_at=now,
        modified_at=now,
        status=AccountStatus.connected,
        feed_start_on=date(now.year, 1, 2),
    )


def _push(happening: Happening, now: datetime) -> PushOperation | None:
    status = _PUSHES.get(happening)
    if status is None:
        return None
    asked = now - timedelta(seconds=4)
    return PushOperation(PUSH_KEY, COMPANY_ID, CONNECTION_ID, "acc-001", asked, status, completed_at=now)


def _facts(happening: Happening, now: datetime) -> dict[str, str | None]:
    if happening in _STATUSES:
        status, was = _STATUSES[happening]
        return {"status": status.value, "was": was.value if was else None}
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    remaining = "0" if happening is Happening.rate_limit_reached else str(_QUOTA)
    return {
        "status": "disconnected" if happening is Happening.account_disconnected else "connected",
        "product": PRODUCTS[0],
        "quota": str(_QUOTA),
        "remaining": remaining,
        "resetsAt": f"{midnight:%Y-%m-%dT%H:%M:%SZ}",
        **_feed_facts(happening),
    }


def _feed_facts(happening: Happening) -> dict[str, str | None]:
    if happening is Happening.feed_parked:
        return {"bankAccountId": "b7e4", "line": "txn-0007", "cause": "Sage refuses transaction 'txn-0007'"}
    return {"bankAccountId": "b7e4"} if happening is Happening.feed_resumed else {}
