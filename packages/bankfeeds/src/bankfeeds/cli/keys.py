"""`bankfeeds keys`: API keys of the institution's programs."""

from datetime import timedelta

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.domain.api_key import Scope
from bankfeeds.domain.errors import one_flaw
from bankfeeds.flows import keys

DAYS_MAX = 3650
app = App(name="keys", help="API keys: made, listed, revoked.")


@app.command
def create(
    name: str = "default", *, scope: Scope = Scope.admin, days: int | None = None, reason: str | None = None
) -> None:
    """Make a key and print it, alone; it is shown this once.

    Args:
        name: what it is for; at most 50 characters.
        scope: read, write (companies and all below them), or admin (also keys, webhooks, profile, origins).
        days: for how long it works; for ever if not given.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        if days is not None and not 1 <= days <= DAYS_MAX:
            raise one_flaw("days", f"is 1 to {DAYS_MAX}")
        expires_at = None if days is None else world.clock() + timedelta(days=days)
        _, secret = keys.create(world, opening.actor(), name, expires_at, reason, scope)
    output.show_line(secret)


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List all keys, revoked ones too; never the keys themselves.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = keys.every(world)
        now = world.clock()
    if json:
        output.show_json([{**output.fields_of(key), "live": key.is_live(now)} for key in found])
        return
    rows = [
        (
            key.id,
            key.name,
            f"…{key.hint}",
            key.scope.value,
            f"{key.created_at:%Y-%m-%d %H:%M}",
            "live" if key.is_live(now) else "revoked",
        )
        for key in found
    ]
    output.show_table(("id", "name", "key", "scope", "made", "state"), rows)


@app.command
def revoke(key_id: str, *, reason: str | None = None) -> None:
    """Revoke a key by its id; it stops working at once.

    Args:
        key_id: as `keys list` shows it.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        keys.revoke(world, opening.actor(), key_id, reason=reason)
