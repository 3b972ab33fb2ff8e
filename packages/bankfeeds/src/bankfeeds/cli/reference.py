"""Pages of the reference, rendered from the program.

`python -m bankfeeds.cli.reference`, in the repository's root, writes them.
"""

import sys
from pathlib import Path

from bankfeeds import settings
from bankfeeds.cli import app, reference_errors, reference_events

_CLI_HEAD = """# Commands

Every verb that reads takes `--json`; every verb that changes something takes `--reason` and is audited. Exit codes:
0 done, 1 refused or unhealthy, 2 wrong usage or a wrong setting. What is refused is told in one line on standard error.

"""
_SETTINGS_HEAD = """# Settings

Each is an environment variable. The same names in lower case, with or without the prefix, may stand in a TOML file
named by `BANKFEEDS_CONFIG`; the environment wins. A wrong or unknown setting stops the start with one line that names
it.

"""


def render_cli() -> str:
    """Without the table of contents and the list of verbs, which the headings repeat."""
    whole = app.generate_docs(output_format="markdown")
    return _CLI_HEAD + whole[whole.index("## bankfeeds serve") :].rstrip() + "\n"


def render_settings() -> str:
    return _SETTINGS_HEAD + settings.render_reference()


PAGES = {
    "docs/reference/cli.md": render_cli,
    "docs/reference/errors.md": reference_errors.render,
    "docs/reference/events.md": reference_events.render,
    "docs/reference/settings.md": render_settings,
}

if __name__ == "__main__":
    sys.argv = ["bankfeeds"]  # usage lines are rendered from it
    for name, render in PAGES.items():
        Path(name).write_text(render(), encoding="utf-8")
