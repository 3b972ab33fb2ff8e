"""The commands that the documentation shows, and which test runs them.

A test runs those of a page within `following(page, kind)`: leaving it fails unless every one was a step. Which pages
nobody follows, `tests/test_commands_in_documents.py` tells; `NOT_RUN` names the few commands that no test can run.
"""

import os
import re
import shlex
import textwrap
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bankfeeds import (
    cli,
    logs,  # noqa: F401 - it binds standard error when it is imported: within a test that is closed afterwards
)

ROOT = Path(__file__).parents[2]
KINDS = ("console", "bash")
"""Languages of blocks with commands: one a line, or one a block that goes by what earlier ones set."""
NOT_RUN = {
    ("docs/guides/go-live.md", "make pictures"): "`make test` runs those files of tests itself",
}
"""By page and how the command begins: why no test runs it."""
_COMMENT = re.compile(r"(^|\s)#( .*)?$")
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def pages() -> list[str]:
    """Every page of the documentation that a reader may type from, by its path in the repository."""
    found = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("README*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return [textwrap.dedent(body) for _, named, body in _BLOCK.findall(text(page)) if named == kind]


def commands(page: str, kind: str) -> list[str]:
    """Of `console` each line, continued ones in one; of `bash` each block."""
    if kind == "bash":
        return blocks(page, kind)
    lines = "".join(blocks(page, kind)).replace("\\\n", "").splitlines()
    return [said for line in lines if (said := _COMMENT.sub("", line).strip())]


class Guide:
    def __init__(self, page: str, kind: str) -> None:
        self.commands = [
            each
            for each in commands(page, kind)
            if not any(each.startswith(begin) for at, begin in NOT_RUN if at == page)
        ]
        self.left = list(self.commands)

    def steps(self) -> Iterator[str]:
        """Each command in order; it counts as run once the next one is asked for."""
        for command in self.commands:
            yield command
            self.ran(command)

    def ran(self, *commands: str) -> None:
        for command in commands:
            self.left.remove(command)


@contextmanager
def following(page: str, kind: str) -> Generator[Guide]:
    """AssertionError at the end if a command of the page was not run, or if there is none."""
    guide = Guide(page, kind)
    assert guide.commands, f"{page} shows no command as {kind}"
    yield guide
    assert not guide.left, f"{page}: nothing ran {guide.left}"


class Terminal:
    """Runs `bankfeeds` as it stands on a page, in this process: `words` stand for the page's own, `<` and `>` are files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> None:
        self._monkeypatch, self._capsys, self.home = monkeypatch, capsys, home
        self.words: dict[str, str] = {}
        for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(home)
        self.set({"BANKFEEDS_DATABASE_URL": f"sqlite:///{home}/own.db", "BANKFEEDS_LOG_LEVEL": "error"})

    def set(self, settings: Mapping[str, str]) -> None:
        for name, value in settings.items():
            self._monkeypatch.setenv(name, value)

    def type(self, command: str, *, code: int = 0, run: Callable[[list[str]], int] = cli.run) -> str:
        """What it printed, once it ended with that exit code."""
        program, *arguments = [self._said(word) for word in shlex.split(command, comments=True)]
        assert program.rsplit("/", 1)[-1] == "bankfeeds", command
        into = self._redirected(arguments, ">")
        given = self._redirected(arguments, "<")
        self._capsys.readouterr()
        with (given or Path(os.devnull)).open(encoding="utf-8") as stdin:
            self._monkeypatch.setattr("sys.stdin", stdin)
            ended = run(arguments)
        told = self._capsys.readouterr()
        assert ended == code, f"{command}: {told.out}{told.err}"
        if into:
            into.write_text(told.out, encoding="utf-8")
        return told.out

    def _said(self, word: str) -> str:
        for shown, meant in self.words.items():
            word = re.sub(rf"(?<![\w-]){re.escape(shown)}(?![\w-])", lambda _, meant=meant: meant, word)
        return word

    def _redirected(self, arguments: list[str], sign: str) -> Path | None:
        if sign not in arguments:
            return None
        at = arguments.index(sign)
        _, name = arguments[at : at + 2]
        del arguments[at : at + 2]
        return self.home / name
