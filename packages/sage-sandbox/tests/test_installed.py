"""The sandbox installs and runs alone: built as a wheel, in an environment that has never heard of the platform."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import httpx2
import pytest

pytestmark = pytest.mark.slow

PACKAGE = Path(__file__).parents[1]
ELSEWHERE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A new environment with the wheel in it; of this one it sees the libraries, whose .pth files do not count there."""
    home = tmp_path_factory.mktemp("alone")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", str(home), str(PACKAGE)], check=True, timeout=90)
    venv.create(home / "venv", with_pip=False)
    binaries = home / "venv" / "bin"
    found = subprocess.run(
        [binaries / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    (Path(found.stdout.strip()) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    wheel = next(home.glob("sage_sandbox-*.whl"))
    pip += ["--python", str(binaries / "python")]
    subprocess.run([*pip, "install", *offline, "--ignore-installed", str(wheel)], check=True, timeout=90)
    return binaries


def test_it_is_the_wheel_that_runs_and_the_platform_is_not_there(alone):
    code = "import sage_sandbox, importlib.util as u; print(sage_sandbox.__file__, u.find_spec('bankfeeds'))"
    told = subprocess.run(
        [alone / "python", "-c", code], capture_output=True, text=True, check=True, cwd="/", env=ELSEWHERE
    )
    path, platform = told.stdout.split()
    assert platform == "None"
    assert Path(path).is_relative_to(alone.parent)


def test_installed_alone_it_serves_every_part(alone, tmp_path):
    details = tmp_path / "details.json"
    command = [alone / "sage-sandbox", "serve", "--port", "0", "--details", details, "--data", tmp_path / "data.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=ELSEWHERE) as process:
        try:
            assert process.stdout.readline().startswith("sage-sandbox: ")
            at = json.loads(details.read_text())["sandbox"]
            pages = (
                at["uiUrl"],
                f"{at['adminUrl']}/playground",
                f"{at['adminUrl']}/playground/bank.css",
                at["jwksUrl"],
            )
            for url in (*pages, f"{at['adminUrl']}/admin/verdict", f"{at['adminUrl']}/static/style.css"):
                assert httpx2.get(url).status_code == 200, url
            listed = httpx2.get(f"{at['consumerUrl']}/banks", headers={"x-application": at["xApplication"]}).json()
            assert any(bank["name"].startswith("Playground Bank") for bank in listed)
            command = [alone / "sage-sandbox", "verdict", "--url", at["adminUrl"]]
            judged = subprocess.run(command, check=False, env=ELSEWHERE)
            assert judged.returncode == 0
        finally:
            process.terminate()
            assert process.wait(10) == 0
