"""`query`, `orderBy` and `tags` of lists: which properties each list may be asked about, by Codat's names."""

from collections.abc import Mapping
from urllib.parse import unquote

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.query import QUERY_LENGTH_MAX, Field, Fields, Kind, read_order, read_query, read_tags
from bankfeeds.domain.selection import AllOf, Condition, Selection
from bankfeeds.web.codat import wire
from bankfeeds.web.endpoint import Call

_CONSTANTS = {
    "integrationKey": wire.PLATFORM_KEY,
    "integrationId": wire.INTEGRATION_ID,
    "sourceId": wire.SOURCE_ID,
    "sourceType": wire.SOURCE_TYPE,
    "platformName": wire.PLATFORM_NAME,
}


def _constants(prefix: str, name: str, *, is_sortable: bool) -> Mapping[str, Field]:
    """What is the same in every connection; `name` is any of its columns."""
    return {prefix + key: Field(name, constant=value, is_sortable=is_sortable) for key, value in _CONSTANTS.items()}


COMPANIES: Fields = {
    "id": Field("id"),
    "name": Field("name"),
    "description": Field("description"),
    "created": Field("created_at", Kind.instant),
    "dataConnections.id": Field("connection.id", is_sortable=False),
    "dataConnections.status": Field("connection.status", is_sortable=False),
    "dataConnections.created": Field("connection.created_at", Kind.instant, is_sortable=False),
    **_constants("dataConnections.", "connection.id", is_sortable=False),
}
CONNECTIONS: Fields = {
    "id": Field("id"),
    "status": Field("status"),
    "created": Field("created_at", Kind.instant),
    **_constants("", "id", is_sortable=True),
}
OPERATIONS: Fields = {
    "pushOperationKey": Field("key"),
    "dataConnectionKey": Field("connection_id"),
    "dataType": Field("key", constant="bankTransactions"),
    "status": Field("status"),
    "requestedOnUtc": Field("requested_at", Kind.instant),
    "completedOnUtc": Field("completed_at", Kind.instant),
    "timeoutInMinutes": Field("timeout_minutes", Kind.number),
    "errorMessage": Field("error_message"),
}
INTEGRATIONS: Fields = {
    "name": Field("name"),
    "enabled": Field("enabled", Kind.flag),
    "key": Field("name", constant=wire.PLATFORM_KEY),
    **{name: Field("name", constant=_CONSTANTS[name]) for name in ("integrationId", "sourceId", "sourceType")},
}


def selection(call: Call, fields: Fields, *, has_tags: bool = False) -> Selection:
    """What the request asks for; Invalid names the parameter at fault. Empty parameters ask for nothing."""
    query, order = _given(call, "query"), _given(call, "orderBy")
    tags = _given(call, "tags") if has_tags else ""
    conditions: list[Condition] = []
    if query:
        conditions.append(read_query(_decoded(query), fields))
    if tags:
        conditions.append(read_tags(_decoded(tags)))
    wanted = AllOf(tuple(conditions)) if conditions else None
    return Selection(wanted, read_order(order, fields) if order else None)


def _given(call: Call, name: str) -> str:
    """Empty if there is nothing but spaces, of which there may be no more than of anything else."""
    text = call.first(name) or ""
    if len(text) > QUERY_LENGTH_MAX:
        raise one_flaw(name, f"is longer than {QUERY_LENGTH_MAX} characters")
    return text if text.strip() else ""


def _decoded(text: str) -> str:
    """One of Codat's samples encodes it twice: then it has escapes, and no operator."""
    return unquote(text) if "%" in text and not any(sign in text for sign in "=~<>") else text
