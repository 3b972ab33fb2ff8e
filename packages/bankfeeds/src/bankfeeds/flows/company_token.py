"""Access tokens of one company: they let a page that shows the company read it, for a day, without an API key.

A token is kept nowhere: it is the company and its end, sealed. It reads; it never changes anything.
"""

from datetime import datetime, timedelta

from bankfeeds.flows import companies
from bankfeeds.flows.context import World

LIFETIME_S = 86_400
_PURPOSE = "company-token"


def issue(world: World, company_id: str) -> str:
    """NotFound if there is no such company."""
    companies.get(world, company_id)
    ends_at = world.clock() + timedelta(seconds=LIFETIME_S)
    return world.sealer.seal(f"{_PURPOSE} {company_id} {ends_at.isoformat()}")


def company_of(world: World, token: str) -> str | None:
    """Whose token this is; None if it is none of ours or has expired."""
    text = world.sealer.opened(token)
    purpose, _, rest = (text or "").partition(" ")
    if purpose != _PURPOSE:
        return None
    company_id, _, ends_at = rest.partition(" ")
    return company_id if world.clock() < datetime.fromisoformat(ends_at) else None
