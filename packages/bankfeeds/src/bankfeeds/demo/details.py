"""The details file: all that a test or a person needs to talk to both programs. Whole or absent, never half."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any


def write(path: Path, details: dict[str, Any]) -> None:
    """Atomically, readable by its owner alone: it holds secrets."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(details, file, indent=2)
        file.write("\n")
    draft.replace(path)


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def platform_part(api_url: str, api_key: str) -> dict[str, str]:
    return {
        "apiUrl": api_url,
        "apiKey": api_key,
        "authorization": authorization(api_key),
        "portalUrl": f"{api_url}/portal",
    }


def connector_part(api_url: str, listing: str, header_name: str, header_value: str) -> dict[str, str]:
    callbacks = f"{api_url}/sage/{listing}"
    return {
        "notification": f"{callbacks}/notification",
        "auth": f"{callbacks}/auth",
        "reAuth": f"{callbacks}/authrefresh",
        "availableAccounts": f"{callbacks}/availableaccounts",
        "headerName": header_name,
        "headerValue": header_value,
    }


def authorization(api_key: str) -> str:
    """The header's value: the key alone is encoded."""
    return "Basic " + base64.b64encode(api_key.encode()).decode()
