"""What the commands share: exit codes, the one line of wrong usage, and asking a running sandbox."""

import sys
from typing import NoReturn

import httpx2
import msgspec

DONE, REFUSED, WRONG_USAGE = 0, 1, 2
URL = "http://127.0.0.1:9080"
_TIMEOUT_S = 60


def stop(message: str) -> NoReturn:
    """Wrong usage, or nobody there: one line, exit code 2."""
    sys.stderr.write(f"sage-sandbox: {message}\n")
    sys.exit(WRONG_USAGE)


def ask(url: str, method: str, path: str, body: object = None) -> httpx2.Response:
    """Call the admin API of a running sandbox; `url` is what comes before /admin."""
    address = f"{url.rstrip('/')}/admin{path}"
    try:
        return httpx2.request(method, address, json=body, timeout=_TIMEOUT_S, trust_env=False)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        stop(f"no answer from {url}: {error}")


def accepted(response: httpx2.Response) -> object:
    """The answer's body; a refusal is told and ends the command with exit code 1."""
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        stop(f"no sandbox answers there: status {response.status_code}")
    if response.is_success:
        return body
    for error in body.get("errors", [body]):
        sys.stderr.write(f"sage-sandbox: {error.get('path', '')}: {error.get('message', '')}\n")
    sys.exit(REFUSED)
