"""`bankfeeds backup`, `restore`, `verify`: a copy of everything, and what follows when it is used."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from bankfeeds.app import backup as backups
from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import verify as verifying

verify = App(name="verify", help="Accounts that are verified after a restore: begin, list, end.")
_KEY = "The secret key is not in it: keep BANKFEEDS_SECRET_KEY, or the file that ends in .key, somewhere else."


def backup(file: Path, *, reason: str | None = None) -> None:
    """Copy the whole database into a file, while it is at work. PostgreSQL: by pg_dump, which must be installed.

    Args:
        file: a new file. It holds customers' data: only its owner may read it.
        reason: why, for the audit trail.
    """
    at = backups.take(opening.settings(), file, opening.actor(), reason)
    output.show_line(f"{file}: everything until {output.instant(at)}. {_KEY}")


def restore(file: Path, *, reason: str) -> None:
    """Make a new database of a backup, at the address that the settings name. Nothing may be serving it.

    Accounts then take only lines that follow on the last one they have, so that the institution has to push again what
    it pushed since the backup.

    Args:
        file: what `bankfeeds backup` made.
        reason: why, for the audit trail.
    """
    at, count = backups.restore(opening.settings(), file, opening.actor(), reason)
    output.show_line(f"restored as it was at {output.instant(at)}; {count} accounts are verified.")
    output.show_line("next step: have the institution push again everything since then; `bankfeeds verify list` tells.")
    output.show_line("API keys and operators that were removed since then are back: remove them again.")


@verify.command(name="list")
def list_(*, json: bool = False) -> None:
    """List accounts that wait for the institution to push again what it pushed since the backup.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = verifying.state(world)
    if json:
        shown = [
            {
                "account": f"{each.connection_id}/{each.id}",
                "externalId": each.external_id,
                "verifyingSince": each.verifying_since,
                "newestLineOn": each.newest_on,
            }
            for each in found.accounts
        ]
        output.show_json({"count": found.count, "accounts": shown})
        return
    rows = [
        (f"{each.connection_id}/{each.id}", str(each.newest_on or ""), output.instant(each.verifying_since))
        for each in found.accounts
        if each.verifying_since is not None
    ]
    output.show_table(("account", "newest line", "restored as it was at"), rows)
    if found.count > len(rows):
        output.show_line(f"and {found.count - len(rows)} more")


@verify.command
def begin(*, since: datetime, reason: str) -> None:
    """Have every account verified, after a database was restored by other means than `bankfeeds restore`.

    Args:
        since: the moment as of which it was restored: 2026-03-01T04:00:00, in UTC if nothing else is said.
        reason: why, for the audit trail.
    """
    at = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    with opening.world() as world:
        count = verifying.begin(world, opening.actor(), at, reason)
    output.show_line(f"{count} accounts are verified")


@verify.command
def end(*, account: str | None = None, every: Annotated[bool, Parameter(name="--all")] = False, reason: str) -> None:
    """Let lines in without proof that none is missing before them, because somebody has looked.

    Args:
        account: CONNECTION/ACCOUNT, or its external id.
        every: every account.
        reason: why, for the audit trail.
    """
    if (account is None) is not every:
        raise WrongUsage("--account, --all: name one of them")
    with opening.world() as world:
        count = verifying.end(world, opening.actor(), account, reason)
    output.show_line(f"{count} accounts are no longer verified")
