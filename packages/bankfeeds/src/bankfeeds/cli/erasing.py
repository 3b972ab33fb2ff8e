"""`bankfeeds erase`: what is known of people goes, the ledger of their lines stays."""

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import erase as flow
from bankfeeds.flows.erase import Kind


def erase(
    *,
    company: str | None = None,
    connection: str | None = None,
    account: str | None = None,
    reason: str,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Erase names, numbers, and texts of lines, for good. Ids, dates and amounts stay, so that balances are proved and
    a line that is sent again is known. What is not deleted loses only the texts of lines that are in Sage.

    Args:
        company: its id: all its connections and accounts.
        connection: its id: all its accounts.
        account: CONNECTION/ACCOUNT, or the external id that Sage knows.
        reason: why, for the audit trail, where it stays: name nobody in it.
        dry_run: only tell how much there is.
        json: for programs.
    """
    kind, name = _named(company, connection, account)
    with opening.world() as world:
        done = flow.erase(world, opening.actor(), kind, name, reason, is_rehearsal=dry_run)
    if json:
        output.show_json({**output.fields_of(done), "dryRun": dry_run})
        return
    verb = "would lose" if dry_run else "lost"
    output.show_line(f"{done.accounts} accounts; {done.lines} lines {verb} their texts, {done.lines_kept} keep them")
    output.show_table(("table", "rows"), [(table, str(count)) for table, count in sorted(done.rows.items())])
    for live in done.live:
        output.show_line(
            f"account {live} is not deleted: its name and number stay, and lines that are not in Sage; delete it with "
            "the API, then erase again"
        )


def _named(company: str | None, connection: str | None, account: str | None) -> tuple[Kind, str]:
    given: list[tuple[Kind, str]] = []
    if company:
        given.append(("company", company))
    if connection:
        given.append(("connection", connection))
    if account:
        given.append(("account", account))
    if len(given) != 1:
        raise WrongUsage("--company, --connection, --account: name one of them")
    return given[0]
