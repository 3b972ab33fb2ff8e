"""`make check`'s audit: is a weakness known in what we run on? Without a way to the database of weaknesses it says so.

python tests/support/auditing.py requirements.lock
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 120
UNREACHED = "the database of weaknesses is out of reach: nothing was audited, do it again with a network"


def audit(lock: str, environment: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Whether to go on, and what to say."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return True, UNREACHED
    return verdict(run.stdout, run.stderr)


def verdict(report: str, complaint: str) -> tuple[bool, str]:
    """Of pip-audit's JSON. A package that it could not look up is not one without weaknesses, and is told."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        is_unreached = "Connection" in complaint or "Max retries" in complaint or "timed out" in complaint
        return is_unreached, UNREACHED if is_unreached else f"the audit failed: {complaint.strip()[-500:]}"
    weak = [f"{each['name']} {each['version']}: {found['id']}" for each in packages for found in each.get("vulns", ())]
    if weak:
        return False, "known weaknesses, take fixed versions:\n" + "\n".join(weak)
    missed = [each["name"] for each in packages if "skip_reason" in each]
    if missed and len(missed) == len(packages):
        return True, UNREACHED
    told = f"no known weakness in {len(packages) - len(missed)} packages"
    return True, told + (f"; not looked up: {', '.join(missed)}" if missed else "")


if __name__ == "__main__":
    may_go_on, message = audit(sys.argv[1])
    print(message)  # noqa: T201 - what `make check` shows
    sys.exit(not may_go_on)
