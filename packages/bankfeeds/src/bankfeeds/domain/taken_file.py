"""A statement file that was taken: what came, what it said of each account, and which pushes it became."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bankfeeds.domain.statement_file import Proof

NAME_CHARS_MAX = 255


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """The file as it came; `format` as people call it, `sha256` in hexadecimal digits."""

    name: str
    format: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TakenFile:
    id: str
    original: OriginalFile
    taken_at: datetime
    taken_by: str


@dataclass(frozen=True, slots=True)
class TakenPart:
    """What a file said of one account: `known` lines were there already, `late` and `pending` ones left out.

    `push_keys`: what its new lines were to become, in order. Where the program died there is no push of the later keys.
    """

    account_pk: int
    proof: Proof
    lines: int
    new: int
    known: int
    late: int
    pending: int
    opening: Decimal | None
    closing: Decimal | None
    push_keys: tuple[str, ...]
