"""What every resource of this API is given, and the identifiers in its paths."""

from collections.abc import Callable
from dataclasses import dataclass

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.ids import is_uuid
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer, Begun, Call


@dataclass(frozen=True, slots=True)
class Api:
    world: World
    public_url: str


Operation = Callable[[Api, Call, str], Answer]
"""One documented operation; the text is the actor for the audit trail."""
BeginOperation = Callable[[Api, Call, str], Begun | None]
"""The same, begun without waiting; None, with nothing begun, where the Operation has to be asked."""


def company_id(call: Call) -> str:
    return _uuid(call, "company_id", "Company")


def connection_id(call: Call) -> str:
    return _uuid(call, "connection_id", "Data connection")


def push_key(call: Call) -> str:
    return _uuid(call, "push_key", "Push operation")


def api_key_id(call: Call) -> str:
    return _uuid(call, "api_key_id", "API key")


def webhook_id(call: Call) -> str:
    return _uuid(call, "webhook_id", "Webhook consumer")


def authorization_id(call: Call) -> str:
    """Sage's `state`, or its own id; what is none of ours the flow does not find."""
    return call.path["authorization_id"]


def account_id(call: Call) -> str:
    """The client's own text; what could never have been stored is not found."""
    text = call.path["account_id"]
    if not is_storable(text):
        raise NotFound("source_account", "the source account was not found")
    return text


def _uuid(call: Call, name: str, thing: str) -> str:
    text = call.path[name]
    if not is_uuid(text):
        raise NotFound(name, f"{thing} {text} was not found")
    return text
