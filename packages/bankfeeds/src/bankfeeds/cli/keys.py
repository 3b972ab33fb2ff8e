"""`bankfeeds keys`: API keys of the institution's programs."""

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.flows import keys

app = App(name="keys", help="API keys: made, listed, revoked.")


@app.command
def create(name: str = "default", *, reason: str | None = None) -> None:
    """Make a key and print it, alone; it is shown this once.

    Args:
        name: what it is for; at most 50 characters.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        _, secret = keys.create(world, opening.actor(), name, reason=reason)
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
            f"{key.created_at:%Y-%m-%d %H:%M}",
            "live" if key.is_live(now) else "revoked",
        )
        for key in found
    ]
    output.show_table(("id", "name", "key", "made", "state"), rows)


@app.command
def revoke(key_id: str, *, reason: str | None = None) -> None:
    """Revoke a key by its id; it stops working at once.

    Args:
        key_id: as `keys list` shows it.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        keys.revoke(world, opening.actor(), key_id, reason=reason)
