"""`bankfeeds demo` and `bankfeeds dev`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from bankfeeds.demo import dev as dev_pair
from bankfeeds.demo import journey

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]


def demo(*, statement: Path | None = None, once: bool = False) -> int:
    """Send a bank statement through the platform into the Sage sandbox, while you watch.

    Args:
        statement: a camt.053 file; the shipped sample otherwise.
        once: end when it is done, also on a terminal.
    """
    return journey.run(statement, is_once=once)


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
