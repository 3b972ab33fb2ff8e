"""`python -m bankfeeds` and the console script."""

import os
import sys

from bankfeeds.cli import run

PRIVATE = 0o077


def main() -> None:
    """Files made by any verb hold secrets or customers' data: they are their owner's alone."""
    os.umask(PRIVATE)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
