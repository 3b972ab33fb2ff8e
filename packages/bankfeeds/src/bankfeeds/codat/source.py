"""`ports.CompanySource` of a Codat-compatible server: its words translated to ours, page by page."""

from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote

import msgspec

from bankfeeds.codat import wire
from bankfeeds.codat.client import Client
from bankfeeds.domain.account_draft import AccountDraft
from bankfeeds.domain.bringing import ForeignAccount, ForeignCompany, ForeignConnection, ForeignPage, NoAnswer
from bankfeeds.domain.source_account import AccountInfo, Routing

PAGE_SIZE = 100
SAGE_KEY = "olpr"
SAGE_SOURCE_ID = "98432954-a4fa-4640-a685-3af56909002a"
SAGE_NAME = "SageBankFeed"
FRACTION_DIGITS = 6
"""Of a second, as Python's instants have them; Codat writes seven."""
Body = TypeVar("Body")


class CodatSource:
    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def address(self) -> str:
        return self._client.base_url

    def page(self, number: int) -> ForeignPage | NoAnswer:
        """Oldest first, so that what is made meanwhile comes last."""
        query = {"page": str(number), "pageSize": str(PAGE_SIZE), "orderBy": "created"}
        found = self._read("/companies", wire.Page, query)
        if isinstance(found, NoAnswer):
            return found
        is_last = not found.results or number * PAGE_SIZE >= found.total_results
        return ForeignPage([_company(each) for each in found.results], found.total_results, is_last)

    def company(self, company_id: str) -> ForeignCompany | NoAnswer:
        found = self._read(f"/companies/{_part(company_id)}", wire.Company)
        return found if isinstance(found, NoAnswer) else _company(found)

    def accounts(self, company_id: str, connection_id: str) -> list[ForeignAccount] | NoAnswer:
        path = f"/companies/{_part(company_id)}/connections/{_part(connection_id)}/connectionInfo/bankFeedAccounts"
        found = self._read(path, list[wire.Account])
        return found if isinstance(found, NoAnswer) else [_account(each) for each in found]

    def _read(self, path: str, kind: type[Body], query: dict[str, str] | None = None) -> Body | NoAnswer:
        body = self._client.get(path, query)
        if isinstance(body, NoAnswer):
            return body
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return NoAnswer(f"{self.address}{path} answered what we cannot read ({error}); is it Codat-compatible?")


def _part(text: str) -> str:
    return quote(text, safe="")


def _company(found: wire.Company) -> ForeignCompany:
    return ForeignCompany(
        id=found.id.lower(),
        name=found.name,
        description=found.description or None,
        tags=found.tags or {},
        created_at=_instant(found.created),
        connections=tuple(_connection(each) for each in found.data_connections or ()),
    )


def _connection(found: wire.Connection) -> ForeignConnection:
    key = found.integration_key
    is_sage = key == SAGE_KEY if key else found.source_id == SAGE_SOURCE_ID or found.platform_name == SAGE_NAME
    integration = key or found.platform_name or "unknown"
    return ForeignConnection(found.id.lower(), found.status, integration, is_sage, _instant(found.created))


def _account(found: wire.Account) -> ForeignAccount:
    routing, info = found.routing_info, found.account_info
    draft = AccountDraft(
        id=found.id,
        name=found.account_name,
        type=found.account_type,
        number=found.account_number,
        sort_code=found.sort_code,
        currency=found.currency,
        balance=found.balance,
        routing=Routing(routing.bank_code, routing.type or "bankcode") if routing else None,
        info=AccountInfo(info.description, info.nickname, None, info.available_balance) if info else None,
        opened_on=(info.account_open_date or None) if info else None,
    )
    return ForeignAccount(draft, found.status or "", _instant(found.modified_date))


def _instant(text: str | None) -> datetime | None:
    """With or without an offset (then UTC), with up to seven digits of a second's fraction."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(_shortened(text))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _shortened(text: str) -> str:
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return head + dot + tail[: min(digits, FRACTION_DIGITS)] + tail[digits:] if dot else text
