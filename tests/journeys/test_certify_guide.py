"""The guide's own commands, run as they stand; the small bank on a free port."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from guides import following
from processes import clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/certify-a-provider.md").read_text(encoding="utf-8")
BANK = "packages/sage-sandbox/tests/small_provider"


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, str]:
    """A directory as the repository's root is, and the port of the bank in it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    shutil.copytree(ROOT / BANK, tmp_path / BANK)
    file = tmp_path / BANK / "provider.json"
    file.write_text(file.read_text(encoding="utf-8").replace("8090", port), encoding="utf-8")
    return tmp_path, port


def test_every_command_of_the_guide_does_what_it_says(home: tuple[Path, str]) -> None:
    folder, port = home
    with following("docs/guides/certify-a-provider.md", "bash") as guide:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(guide.steps())],
            cwd=folder,
            env=clean_environment({"SMALL_BANK_PORT": port}),
            capture_output=True,
            text=True,
            check=False,
            timeout=250,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = done.stdout.split("Small Bank: ")[1:]
    assert first.startswith("certified; ")
    assert second.startswith("NOT CERTIFIED; ")
    assert done.stdout.endswith("exit code 1\n")
    assert "expected: amounts 100, -100, in the unit agreed on with Sage\n               seen: 1, -1\n" in done.stdout
    assert "Certified" in (folder / BANK / "report.html").read_text(encoding="utf-8")


def test_the_guide_names_every_part_and_hook_of_the_file() -> None:
    for name in re.findall(r'^    "(\w+)": \{"command"', (ROOT / BANK / "provider.json").read_text(), re.MULTILINE):
        assert f"| `{name}` |" in GUIDE, name
