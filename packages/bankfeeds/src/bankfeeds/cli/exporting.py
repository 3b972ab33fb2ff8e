"""`bankfeeds export`: everything that is the institution's own, to take away."""

from pathlib import Path
from typing import Any

import msgspec

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import export as exports

_encoder = msgspec.json.Encoder(decimal_format="number")


def export(file: Path, *, reason: str | None = None) -> None:
    """Write everything that is the institution's own into a file: companies, accounts, lines, what became of them; JSON
    lines, each `{"table": …, …}`. No keys, no passwords, no credentials of Sage's.

    Args:
        file: a new file. It holds customers' data: only its owner may read it.
        reason: why, for the audit trail.
    """
    try:
        with file.open("xb") as out, opening.world() as world:

            def put(row: dict[str, Any]) -> None:
                out.write(_encoder.encode(row) + b"\n")

            count = exports.write(world, opening.actor(), put, reason)
    except FileExistsError:
        raise WrongUsage(f"{file}: there is such a file already; name another") from None
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    output.show_line(f"{file}: {count} rows")
