"""`bankfeeds support-bundle`: what to send to Sage's support about one account, redacted."""

from importlib.metadata import version
from pathlib import Path

import msgspec

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows import support


def support_bundle(file: Path, *, account: str) -> None:
    """Write what Sage's support needs to look into one account: ids, states, instants, what Sage said; JSON.

    No names, no amounts, no texts of lines, no reasons of operators; of the account's number the last four digits.

    Args:
        file: a new file.
        account: CONNECTION/ACCOUNT, or its external id.
    """
    with opening.world() as world:
        made = support.bundle(world, account, version("bankfeeds"))
    try:
        with file.open("xb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(made)) + b"\n")
    except FileExistsError:
        raise WrongUsage(f"{file}: there is such a file already; name another") from None
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    output.show_line(f"{file}: look through it, and send it with the ticket")
