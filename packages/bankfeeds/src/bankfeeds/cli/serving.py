"""`bankfeeds serve` and `bankfeeds migrate`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from bankfeeds.app import server
from bankfeeds.app.world import bring_to_schema
from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage

Role = Literal["api", "sage", "portal", "worker"]


def serve(
    *,
    host: str | None = None,
    port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
    role: list[Role] | None = None,
) -> None:
    """Run the platform until it is told to stop (SIGTERM, SIGINT); requests in progress are finished first.

    Args:
        host: address to listen on; BANKFEEDS_HOST otherwise.
        port: 0 takes a free one; BANKFEEDS_PORT otherwise.
        role: what this process does; repeat it for several; all by default. Subsets need PostgreSQL.
    """
    _serve(host, port, role, None)


def record(
    transcript: Path,
    *,
    host: str | None = None,
    port: Annotated[int | None, Parameter(validator=Number(gte=0, lte=65535))] = None,
    role: list[Role] | None = None,
) -> None:
    """Run the platform as `serve` does, and keep a redacted transcript of its calls with Sage.

    `sage-sandbox diff` compares it with what the sandbox would have answered.

    Args:
        transcript: a new file, JSON lines; up to 256 MiB.
        host: address to listen on; BANKFEEDS_HOST otherwise.
        port: 0 takes a free one; BANKFEEDS_PORT otherwise.
        role: what this process does; repeat it for several; all by default. Subsets need PostgreSQL.
    """
    _serve(host, port, role, transcript)


def _serve(host: str | None, port: int | None, role: list[Role] | None, transcript: Path | None) -> None:
    settings = opening.settings()
    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
    )
    roles = frozenset(role or server.ROLES)
    if roles != server.ROLES and settings.database_url.startswith("sqlite"):
        raise WrongUsage("--role: SQLite serves one process that does everything; for several processes use PostgreSQL")
    server.serve(settings, roles, lambda address: output.show_line(f"Bankfeeds serves {address}"), transcript)


def migrate(*, reason: str | None = None) -> None:
    """Bring the database to the schema of this program; running it again changes nothing.

    Args:
        reason: why, for the audit trail.
    """
    changed = bring_to_schema(opening.settings(), opening.actor(), reason)
    output.show_line("migrated" if changed else "already up to date")
