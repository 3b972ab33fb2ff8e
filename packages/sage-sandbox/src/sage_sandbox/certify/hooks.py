"""Runs a provider's hooks: JSON on standard input, JSON or nothing on standard output, an exit code, a time limit."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from sage_sandbox.certify.provider_file import Hook, ProviderFile

REFUSED = 3
"""Exit code of a hook whose provider refused what was asked of it."""
_SHOWN = 600
_STOP_WITHIN_S = 10
_PAUSE_S = 0.1


class HookFailed(Exception):
    """The command did not do what it is for; the text says why."""


class HookRefused(HookFailed):
    """The provider refused, and the hook says so."""


def call(name: str, hook: Hook, folder: Path, details: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Run a hook to its end; what it printed."""
    environment = {**os.environ, "CERTIFY_HOOK": name, "CERTIFY_DETAILS": str(details)}
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            hook.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise HookFailed(f"hook {name}: cannot run {hook.command[0]}: {error.strerror}") from None
    try:
        out, err = process.communicate(msgspec.json.encode(said), timeout=hook.timeout_seconds)
    except subprocess.TimeoutExpired:
        _end(process, signal.SIGKILL)
        process.communicate()
        raise HookFailed(f"hook {name}: not done within {hook.timeout_seconds:g} s") from None
    words = err.decode("utf-8", "replace").strip()[-_SHOWN:]
    if process.returncode == REFUSED:
        raise HookRefused(f"hook {name}: refused: {words or 'no reason on standard error'}")
    if process.returncode != 0:
        raise HookFailed(f"hook {name}: exit code {process.returncode}: {words or 'nothing on standard error'}")
    return _printed(name, out)


def _printed(name: str, out: bytes) -> dict[str, Any]:
    if not out.strip():
        return {}
    try:
        return msgspec.json.decode(out, type=dict[str, Any])
    except msgspec.DecodeError as error:
        shown = out[:_SHOWN].decode("utf-8", "replace").strip()
        raise HookFailed(f"hook {name}: printed no JSON object ({error}): {shown}") from None


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """The command and whatever it started: it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextmanager
def started(provider: ProviderFile, folder: Path, details: Path) -> Generator[None]:
    """The provider's own program, if the file says how to start it, until the plan is through."""
    if provider.start is None:
        _wait_answering(provider, None, 5)
        yield
        return
    environment = {**os.environ, "CERTIFY_HOOK": "start", "CERTIFY_DETAILS": str(details)}
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            provider.start.command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise HookFailed(f"start: cannot run {provider.start.command[0]}: {error.strerror}") from None
    try:
        _wait_answering(provider, process, provider.start.timeout_seconds)
        yield
    finally:
        _end(process, signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            _end(process, signal.SIGKILL)
            process.wait()


def _wait_answering(provider: ProviderFile, process: subprocess.Popen[bytes] | None, within_s: float) -> None:
    """Until something answers at the notification URL, whatever it answers."""
    url = provider.callbacks.notification
    deadline = time.monotonic() + within_s
    while True:
        if process is not None and process.poll() is not None:
            raise HookFailed(f"start: ended with exit code {process.returncode}")
        try:
            httpx2.get(url, timeout=2, trust_env=False)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            if time.monotonic() > deadline:
                where = urlsplit(url).netloc or url
                raise HookFailed(f"no provider answers at {where} ({type(error).__name__})") from None
        else:
            return
        time.sleep(_PAUSE_S)
