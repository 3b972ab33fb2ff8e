"""`bankfeeds files`: the statement files that were taken, and what became of each."""

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import taken_files
from bankfeeds.flows.taken_files import FILES_AT_ONCE, Taken


def files(file: str | None = None, *, account: str | None = None, page: int = 1, json: bool = False) -> None:
    """List the statement files that were taken, newest first, 100 to a page; or tell one of them whole.

    Args:
        file: its id, as `bankfeeds import` and `bankfeeds trace` print it.
        account: only those that name this account: CONNECTION/ACCOUNT, or its external id.
        page: which page of the list.
        json: for programs.
    """
    if page < 1:
        raise WrongUsage(f"--page {page}: pages are counted from 1")
    with opening.world() as world:
        if file is not None:
            _tell_one(taken_files.get(world, file), json=json)
            return
        found, total = taken_files.page(world, (page - 1) * FILES_AT_ONCE, FILES_AT_ONCE, account)
    if json:
        output.show_json({"files": [_fields(each) for each in found], "total": total})
        return
    rows = [
        (
            output.instant(each.file.taken_at),
            each.file.id,
            each.file.original.format,
            str(each.lines),
            str(each.new),
            _state(each),
            each.file.original.name,
        )
        for each in found
    ]
    output.show_table(("taken", "file", "format", "lines", "new", "state", "name"), rows)


def _state(taken: Taken) -> str:
    return "whole" if taken.is_whole else "broken off"


def _tell_one(taken: Taken, *, json: bool) -> None:
    if json:
        output.show_json(_fields(taken))
        return
    file = taken.file
    output.show_line(f"{file.original.name}: {file.original.format}, {file.original.size_bytes} bytes")
    output.show_line(f"taken {output.instant(file.taken_at)} by {file.taken_by}; SHA-256 {file.original.sha256}")
    for part in taken.parts:
        said, account = part.said, part.account
        output.show_line(
            f"{account.connection_id}/{account.id}: opens {_amount(said.opening)}, {said.lines} lines, closes "
            f"{_amount(said.closing)}, {said.proof.value}; {said.new} new, {said.known} there already, "
            f"{said.late} too late, {said.pending} not booked yet"
        )
        for key in said.push_keys:
            became = "never came to be; import the file again" if key in part.missing_keys else "accepted"
            output.show_line(f"push {key} {became}")


def _amount(value: object) -> str:
    return "unknown" if value is None else str(value)


def _fields(taken: Taken) -> dict[str, object]:
    file = taken.file
    return {
        "id": file.id,
        **output.fields_of(file.original),
        "takenAt": file.taken_at,
        "takenBy": file.taken_by,
        "accounts": [
            {
                "connectionId": part.account.connection_id,
                "accountId": part.account.id,
                "proof": part.said.proof.value,
                "lines": part.said.lines,
                "new": part.said.new,
                "known": part.said.known,
                "late": part.said.late,
                "pending": part.said.pending,
                "openingBalance": part.said.opening,
                "closingBalance": part.said.closing,
                "pushOperationKeys": [key for key in part.said.push_keys if key not in part.missing_keys],
                "missing": list(part.missing_keys),
            }
            for part in taken.parts
        ],
    }
