"""The commands of the guide to an own web app, and of the example's README, as they stand, against a `bankfeeds dev`."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from guides import following
from processes import Child, clean_environment, wait_until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/bank-web-app"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory as the repository's root is after `make dev`, on free ports."""
    made = tmp_path_factory.mktemp("home")
    (made / ".venv").symlink_to(Path(sys.prefix))
    shutil.copytree(ROOT / EXAMPLE, made / EXAMPLE, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "bankfeeds", "dev", "--port", "0", "--sandbox-port", "0"]
    child = Child([*command, "--data", str(made / ".bankfeeds-dev")], {}, made / "log")
    try:
        wait_until((made / ".bankfeeds-dev/details.json").exists, "the details file", 60)
        yield made
    finally:
        child.stop()


def redirect_url(home: Path) -> str | None:
    """Where customers are sent, as the database has it."""
    with sqlite3.connect(home / ".bankfeeds-dev/bankfeeds.db") as connection:
        ((url,),) = connection.execute("SELECT authorization_redirect_url FROM listings").fetchall()
    connection.close()
    return url


def test_every_command_of_the_guide_does_what_it_says(home: Path) -> None:
    with following("docs/guides/own-web-app.md", "bash") as guide:
        *steps, back = guide.commands
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(steps)],
            cwd=home, env=clean_environment({}), capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r'"otp":"[0-9A-Z]{6}","expiry":"[^"]+Z"', done.stdout)
        assert '"statusCode":404' in done.stdout
        assert redirect_url(home) == "http://127.0.0.1:8070/link?from=sage"
        settings = json.loads((home / "sandbox-settings.json").read_text(encoding="utf-8"))
        assert (settings["redirectHost"], settings["redirectQuery"]) == ("money.localhost", "e2e=1")
        whole = ["bash", "-euo", "pipefail", "-c", steps[0] + back]
        subprocess.run(whole, cwd=home, env=clean_environment({}), check=True)
        guide.ran(*steps, back)
    assert redirect_url(home) is None


def test_the_example_starts_by_the_commands_of_its_readme_and_takes_back_what_it_set(home: Path) -> None:
    with following("examples/bank-web-app/README.md", "bash") as guide:
        for command in guide.steps():
            child = Child(["bash", "-c", f"cd {home}; exec {command}"], {"BANK_APP_PORT": "0"}, home / "app.log")
            try:
                address = child.first_line().rsplit(" ", 1)[-1]
                assert httpx2.get(address, trust_env=False).status_code == 200
                assert redirect_url(home) == (f"{address}/link" if "--link-here" in command else None)
            finally:
                ended = child.stop()
            assert ended == 0, child.last_words()
            assert redirect_url(home) is None
