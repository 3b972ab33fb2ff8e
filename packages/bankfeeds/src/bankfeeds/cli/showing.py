"""`bankfeeds demo` and `bankfeeds dev`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from bankfeeds.demo import dev as dev_pair
from bankfeeds.demo import journey
from bankfeeds.demo.bank_file import Asked

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]


def demo(
    *,
    statement: Path | None = None,
    profile: Path | None = None,
    encoding: str | None = None,
    currency: str | None = None,
    yes: bool = False,
    once: bool = False,
) -> int:
    """Send a bank statement through the platform into the Sage sandbox, while you watch.

    Args:
        statement: a file of your bank's: camt, MT940, MT942, OFX, BAI2 or CSV, packed or not; a sample otherwise.
        profile: how a CSV file is to be read; without it, it is suggested, and you are asked.
        encoding: of a file that does not say it itself, such as windows-1252; UTF-8 otherwise.
        currency: of a CSV file that does not say it, such as GBP.
        yes: read a CSV file as suggested, without being asked.
        once: end when it is done, also on a terminal.
    """
    return journey.run(Asked(statement or journey.SAMPLE, profile, encoding, currency, is_sure=yes), is_once=once)


def dev(
    *,
    port: Port = 8080,
    sandbox_port: Port = 9080,
    data: Path = Path(".bankfeeds-dev"),
    details: Path | None = None,
) -> int:
    """Run the platform and the Sage sandbox, wired together, until Ctrl-C.

    Args:
        port: the platform's; 0 takes a free one.
        sandbox_port: the sandbox's; 0 takes a free one.
        data: directory where both keep their data.
        details: file to write once everything answers; `details.json` in the data directory otherwise.
    """
    return dev_pair.run(port, sandbox_port, data, details)
