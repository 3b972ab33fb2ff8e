"""Every command that the documentation shows is run by a test, and every verb, option and setting that it names exists."""

import re
from functools import cache

import guides
import pytest
from guides import ROOT, following

from bankfeeds.settings import TABLE

RENDERED = {"docs/reference/cli.md"}
"""Usage as the program prints it; packages/bankfeeds/tests/docs/test_generated_reference.py compares it."""
SAME_AS = {
    "README.md": "docs/tutorial.md",
    "README.fr.md": "docs/tutorial.md",
    "docs/tutorial.fr.md": "docs/tutorial.md",
}
"""Pages whose commands are all on another page too, where they are run."""
NO_SETTINGS = ("BANKFEEDS_CONFIG", "BANKFEEDS_TEST_")
"""Where settings may be read from, and what our own tests go by."""
PROSE = sorted({*guides.pages(), "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"})
_FOLLOWED = re.compile(r"""following\(\s*["']([^"']+)["'],\s*["'](\w+)["']\s*\)""")
_SPAN = re.compile(r"`(?:\.venv/bin/)?(bankfeeds [^`]+)`")
_SETTING = re.compile(r"\bBANKFEEDS_[A-Z_]*[A-Z]")


def shown() -> list[tuple[str, str]]:
    """Page and kind of everything that is shown to be typed."""
    return [
        (page, kind)
        for page in guides.pages()
        if page not in RENDERED
        for kind in guides.KINDS
        if guides.commands(page, kind)
    ]


@cache
def followed() -> set[tuple[str, str]]:
    """What the tests say that they follow."""
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "packages").rglob("test_*.py")]
    return {found for path in tests for found in _FOLLOWED.findall(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(("page", "kind"), shown())
def test_a_page_with_commands_is_followed_by_a_test(page: str, kind: str) -> None:
    if page in SAME_AS:
        assert set(guides.commands(page, kind)) <= set(guides.commands(SAME_AS[page], kind))
        page = SAME_AS[page]
    assert (page, kind) in followed(), f"no test has `with following({page!r}, {kind!r})` (tests/support/guides.py)"


def test_only_commands_that_are_there_are_excused() -> None:
    for page, begin in guides.NOT_RUN:
        assert [each for kind in guides.KINDS for each in guides.commands(page, kind) if each.startswith(begin)]


def test_a_step_that_was_left_out_fails() -> None:
    page, kind = "docs/tutorial.md", "bash"
    with pytest.raises(AssertionError, match="nothing ran"), following(page, kind) as guide:
        guide.ran(guide.commands[0])


@cache
def usage() -> dict[str, str]:
    """Each verb with what the reference says of it."""
    page = guides.text("docs/reference/cli.md")
    parts = re.split(r"^##+ (bankfeeds .*)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def verb_of(command: str) -> str:
    """The longest verb that it begins with."""
    words = command.split()
    begins = (" ".join(words[:count]) for count in range(len(words), 1, -1))
    return next((begin for begin in begins if begin in usage()), "")


@pytest.mark.parametrize("page", PROSE)
def test_the_verbs_and_options_that_a_page_names_exist(page: str) -> None:
    for command in _SPAN.findall(" ".join(guides.text(page).split())):
        verb = verb_of(command)
        assert verb, command
        rest = command.removeprefix(verb).split()
        is_group = any(other.startswith(f"{verb} ") for other in usage())
        assert not is_group or not rest or rest[0].startswith("-"), f"{command}: there is no such verb"
        for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(rest)):
            assert f"`{option}" in usage()[verb] or f" {option}" in usage()[verb], f"{command}: there is no {option}"


@pytest.mark.parametrize("page", PROSE)
def test_the_settings_that_a_page_names_exist(page: str) -> None:
    names = [row.name for row in TABLE]
    for setting in set(_SETTING.findall(guides.text(page))):
        assert any(name.startswith(setting) for name in names) or setting.startswith(NO_SETTINGS), setting
