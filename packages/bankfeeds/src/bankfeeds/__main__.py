"""`python -m bankfeeds` and the console script."""

import gc
import os
import sys

from bankfeeds.cli import run

PRIVATE = 0o077


def main() -> None:
    """Files made by any verb hold secrets or customers' data: they are their owner's alone."""
    os.umask(PRIVATE)
    code = run(sys.argv[1:])
    gc.freeze()  # what is left is given back whole; looking through it for garbage would take 0.2 s
    sys.exit(code)


if __name__ == "__main__":
    main()
