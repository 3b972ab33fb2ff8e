"""The tutorial's own commands, run as they stand, against a `bankfeeds dev` of the test's own."""

import json
import re
import subprocess
import sys
from pathlib import Path

import day_balances
import httpx2
import pytest
from guides import following
from judges import Judge
from processes import Child, clean_environment, wait_until

from bankfeeds.web.portal.words import LANGUAGES

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PAGES = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("tutorial.md", "tutorial.fr.md")]


@pytest.fixture
def home(tmp_path):
    """A directory as the repository's root is after `make dev`, on free ports."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    command = [sys.executable, "-m", "bankfeeds", "dev", "--port", "0", "--sandbox-port", "0"]
    child = Child([*command, "--data", str(tmp_path / ".bankfeeds-dev")], {}, tmp_path / "log")
    try:
        wait_until((tmp_path / ".bankfeeds-dev/details.json").exists, "the details file", 60)
        yield tmp_path
        check_balances(tmp_path / ".bankfeeds-dev")
    finally:
        child.stop()


def check_balances(data):
    """As after every journey: `bankfeeds dev` starts its own programs, of which the details tell."""
    details = json.loads((data / "details.json").read_text(encoding="utf-8"))
    with httpx2.Client() as http:
        judge = Judge(http, details["sandbox"]["adminUrl"])
        linked = judge.get("/bankaccounts")
        compared = day_balances.check(judge, {"BANKFEEDS_DATABASE_URL": f"sqlite:///{data / 'bankfeeds.db'}"})
    assert compared == len(linked) > 0


def shell(home, *blocks):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=home, env=clean_environment({}), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_of_the_tutorial_works_in_order(home):
    with following("docs/tutorial.md", "bash") as guide:
        *first, look, push, follow = guide.commands
        keep = 'declare -p API AUTH COMPANY CONNECTION FEED > "$PWD/variables"'
        told = shell(home, *first, keep)
        assert '"status":"pending"' in told
        assert "Sage linked bank account" in told
        again = 'source "$PWD/variables"'
        wait_until(lambda: '"status":"connected"' in shell(home, again, look), "the account is connected")
        assert json.loads(shell(home, again, push))["status"] == "Pending"
        wait_until(lambda: '"status":"Success"' in shell(home, again, follow), "the push is a success")
        assert '"warnings":[{' in shell(home, again, push)
        guide.ran(*first, look, push, follow)


def test_the_tutorial_in_french_has_the_same_commands_steps_and_pictures():
    commands, headings, pictures = (
        [re.findall(pattern, page, re.DOTALL | re.MULTILINE) for page in PAGES]
        for pattern in (r"```\w+\n.*?```", r"^(#+) ", r"\]\(images/first-run-(\w+)-\w\w\.png\)")
    )
    assert commands[0] == commands[1]
    assert headings[0] == headings[1]
    assert pictures[0] == pictures[1] == ["link", "done"]


@pytest.mark.parametrize(("page", "language"), list(zip(PAGES, ("en", "fr"), strict=True)), ids=["en", "fr"])
def test_what_the_tutorial_says_to_press_is_what_the_portal_shows(page, language):
    words = LANGUAGES[language]
    names = ["nav_first_run", "first_run_check", "first_run_password_submit"]
    names += [f"first_run_{step}" for step in ("listing", "account", "link", "push", "deliver")]
    told = " ".join(page.split())
    assert [name for name in names if words[name] not in told] == []
