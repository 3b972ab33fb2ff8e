"""`bankfeeds assumptions`: what we assume of Sage where nothing public says so."""

from dataclasses import asdict
from pathlib import Path

from bankfeeds.cli import output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.sage.assumptions import ASSUMPTIONS, render

PAGE = Path("docs/explanation/what-we-assume-of-sage.md")


def assumptions(*, json: bool = False, write: bool = False) -> None:
    """List what we assume of Sage: where it is decided, the default, the risk, the evidence.

    Args:
        json: for programs.
        write: write the page of the documentation instead, in a checkout of the repository.
    """
    if write:
        if not PAGE.parent.is_dir():
            raise WrongUsage(f"--write: there is no directory {PAGE.parent} here; run it in the repository's root")
        PAGE.write_text(render(), encoding="utf-8")
        output.show_line(str(PAGE))
    elif json:
        output.show_json([asdict(each) for each in ASSUMPTIONS])
    else:
        rows = [(each.question, each.where, each.default, each.risk, each.evidence) for each in ASSUMPTIONS]
        output.show_table(("question", "decided in", "what we assume", "if it is wrong", "evidence"), rows)
