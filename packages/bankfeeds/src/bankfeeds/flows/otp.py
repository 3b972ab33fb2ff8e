"""One-time passwords: issued for a connection, to be typed once into the authorisation page."""

from datetime import datetime, timedelta

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.otp import Otp
from bankfeeds.flows.connections import unknown
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, otps
from bankfeeds.store.engine import Write


def issue(world: World, actor: str, company_id: str, connection_id: str) -> tuple[str, datetime]:
    """The password, shown this once, and when it ends. Whichever the connection had before is void."""
    now = world.clock()
    password = world.ids.otp()
    expires_at = now + timedelta(seconds=world.limits.otp_lifetime_s)

    def run(tx: Write) -> None:
        connection = connections.lock(tx, connection_id)
        if connection is None or connection.company_id != company_id:
            raise unknown(connection_id)
        otps.replace(tx, Otp(connection_id, world.sealer.digest(password), now, expires_at))
        audit.record(tx, AuditEntry(now, actor, "otp.issue", f"connection:{connection_id}"))

    world.db.write(run)
    return password, expires_at
