# ruff: noqa: INP001 - a program of the release, in no package
"""The software bill of materials of a release: what `requirements.lock` pins, as CycloneDX 1.5, hashes and licences.

`python deploy/sbom.py > bankfeeds.cdx.json`, in the environment that `make install` made.
"""

import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(lock: str) -> dict[str, Any]:
    """One component for each pinned package, in the lock's order."""
    entries = re.split(r"\n(?=\S)", lock.strip())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "bankfeeds",
                "version": metadata.version("bankfeeds"),
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(*found.groups(), _HASH.findall(e)) for e in entries if (found := _PINNED.match(e))],
    }


def _component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
        "hashes": [{"alg": "SHA-256", "content": each} for each in hashes],
    }
    licence = _licence(name)
    return {**component, "licenses": [{"license": {"name": licence}}]} if licence else component


def _licence(name: str) -> str | None:
    """As the installed package declares it; None if it is not installed here (it is for another system)."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    classified = [each.rsplit(" :: ", 1)[-1] for each in told.get_all("Classifier") or [] if each.startswith("License")]
    return told.get("License-Expression") or (classified[0] if classified else None)


if __name__ == "__main__":
    json.dump(bill(LOCK.read_text(encoding="utf-8")), sys.stdout, indent=1)
    sys.stdout.write("\n")
