"""Statement files that were taken: listed, and each with what it said of its accounts and the pushes it became."""

from collections.abc import Sequence
from dataclasses import dataclass

from bankfeeds.domain.errors import NotFound
from bankfeeds.domain.source_account import SourceAccount
from bankfeeds.domain.taken_file import TakenFile, TakenPart
from bankfeeds.domain.text import is_storable
from bankfeeds.flows import named
from bankfeeds.flows.context import World
from bankfeeds.store import source_accounts, statement_files
from bankfeeds.store.engine import Read

FILES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Part:
    """`missing_keys`: pushes that never came to be, because the program was stopped or the push refused."""

    account: SourceAccount
    said: TakenPart
    missing_keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Taken:
    file: TakenFile
    parts: Sequence[Part]

    @property
    def new(self) -> int:
        return sum(part.said.new for part in self.parts)

    @property
    def lines(self) -> int:
        return sum(part.said.lines for part in self.parts)

    @property
    def is_whole(self) -> bool:
        return not any(part.missing_keys for part in self.parts)


def page(world: World, offset: int, limit: int, account: str | None = None) -> tuple[list[Taken], int]:
    """Newest first, and how many there are; of all accounts, or of one that an operator names."""

    def read(tx: Read) -> tuple[list[Taken], int]:
        account_pk = named.account(tx, account).pk if account is not None else None
        return _page(tx, offset, limit, account_pk)

    return world.db.read(read)


def of_account(
    world: World, path: tuple[str, str, str], offset: int, limit: int
) -> tuple[list[tuple[TakenFile, Part]], int]:
    """Each file with what it said of the account of a request's path: company, connection and account."""

    def read(tx: Read) -> tuple[list[tuple[TakenFile, Part]], int]:
        account = source_accounts.find(tx, *path)
        if account is None:
            raise NotFound("source_account", f"Source account {path[2]} was not found")
        found, total = _page(tx, offset, limit, account.pk)
        return [(each.file, part) for each in found for part in each.parts if part.account.pk == account.pk], total

    return world.db.read(read)


def get(world: World, file_id: str) -> Taken:
    def read(tx: Read) -> Taken:
        file = statement_files.find(tx, file_id) if is_storable(file_id) else None
        if file is None:
            raise NotFound("statement_file", f"there is no statement file {file_id}")
        (taken,) = _all(tx, [file])
        return taken

    return world.db.read(read)


def of_push(world: World, push_key: str) -> TakenFile | None:
    """The file that a push was made of."""
    return world.db.read(lambda tx: statement_files.of_push(tx, push_key))


def _page(tx: Read, offset: int, limit: int, account_pk: int | None) -> tuple[list[Taken], int]:
    files, total = statement_files.page(tx, offset, limit, account_pk=account_pk)
    return _all(tx, files), total


def _all(tx: Read, files: Sequence[TakenFile]) -> list[Taken]:
    said = statement_files.parts(tx, [file.id for file in files])
    pks = {part.account_pk for parts in said.values() for part in parts}
    accounts = {pk: source_accounts.get(tx, pk) for pk in pks}
    there = statement_files.pushed(tx, [key for parts in said.values() for part in parts for key in part.push_keys])
    return [
        Taken(
            file,
            [
                Part(accounts[part.account_pk], part, [key for key in part.push_keys if key not in there])
                for part in said[file.id]
            ],
        )
        for file in files
    ]
