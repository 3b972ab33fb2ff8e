"""The command `certify`: reads the provider file, finds or starts a sandbox, tries the plan, writes the reports."""

import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx2
from cyclopts import Parameter

from sage_sandbox.certify import hooks, reports, sandbox
from sage_sandbox.certify.items import whole_plan
from sage_sandbox.certify.outcome import Failed, Report, Result, report_of
from sage_sandbox.certify.plan import Item, try_all
from sage_sandbox.certify.provider_file import ProviderFile, read_provider_file
from sage_sandbox.certify.run import Run
from sage_sandbox.certify.sandbox import NoSandbox, Sandbox
from sage_sandbox.terminal import DONE, REFUSED, stop

_TIMEOUT_S = 60


def certify(
    *,
    provider: Path | None = None,
    sandbox_file: Annotated[Path | None, Parameter(name="--sandbox")] = None,
    port: int = 9080,
    only: str = "",
    plan: Annotated[bool, Parameter(negative="")] = False,
    json: Path | None = None,
    junit: Path | None = None,
    html: Path | None = None,
) -> int:
    """Run the test plan against a provider: exit code 0 if nothing failed, 1 if something did.

    Parameters
    ----------
    provider
        JSON file that names the provider's callback URLs, its header, and the commands that make it act; not for
        --plan.
    sandbox_file
        Details file of a running sandbox, which is emptied; without it one is started, and ended.
    port
        Port of the sandbox that is started; 0 takes a free one.
    only
        Items to try, by id, separated by commas; what they need is tried too.
    plan
        Show the items and try none.
    json
        File to write the report to as JSON.
    junit
        File to write the report to as JUnit's XML.
    html
        File to write the report to as one HTML page.
    """
    named = {"--json": json, "--junit": junit, "--html": html}
    wanted = {option: path for option, path in named.items() if path is not None}
    items = _items(only)
    if plan:
        sys.stdout.writelines(f"{item.id:<4}  {item.title}  ({item.section})\n" for item in items)
        return DONE
    if provider is None:
        stop("--provider: name the file that describes your provider")
    file = _read(provider, wanted)
    if not 0 <= port <= 65535:  # noqa: PLR2004 - what a port can be
        stop(f"--port must be from 0 to 65535, not {port}")
    try:
        report = _certify(file, provider.absolute().parent, sandbox_file, port, items)
    except (NoSandbox, hooks.HookFailed) as error:
        stop(str(error))
    except Failed as error:
        stop(f"nothing could be tried: {error.seen}")
    reports.write(report, wanted)
    sys.stdout.write(f"{reports.summary(report)}\n")
    return DONE if report.certified else REFUSED


def _read(provider: Path, wanted: dict[str, Path]) -> ProviderFile:
    """What was asked for, or one line about what is wrong with it."""
    try:
        file = read_provider_file(provider)
    except ValueError as error:
        stop(f"--provider {provider}: {error}")
    for option, path in wanted.items():
        if path.is_dir() or not os.access(path.absolute().parent, os.W_OK):
            stop(f"{option} {path}: cannot write there")
    return file


def _items(only: str) -> list[Item]:
    try:
        return whole_plan().wanted([id_.strip() for id_ in only.split(",") if id_.strip()])
    except ValueError as error:
        stop(f"--only: {error}")


def _certify(file: ProviderFile, folder: Path, sandbox_file: Path | None, port: int, items: list[Item]) -> Report:
    began_at, began = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    with ExitStack() as stack:
        if sandbox_file is None:
            own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="certify-")))
            sandbox_file = stack.enter_context(sandbox.started(own, port, file.wiring()))
        try:
            details = sandbox.read_details(sandbox_file)
        except ValueError as error:
            stop(f"--sandbox {sandbox_file}: {error}")
        judge = Sandbox(stack.enter_context(httpx2.Client(timeout=_TIMEOUT_S, trust_env=False)), details)
        judge.begin(file.amount_unit)
        bank = {name: value for name, value in file.wiring()["bank"].items() if name != "bankId"}
        judge.admin("PUT", f"/banks/{details['bankId']}", bank)
        stack.enter_context(hooks.started(file, folder, sandbox_file.absolute()))
        run = Run(judge, file, folder, sandbox_file.absolute(), f"c{secrets.token_hex(3)}")
        run.prepare()
        results = list(_told(try_all(run, items)))
        return report_of(
            file.name, began_at, time.monotonic() - began, results, whole=len(items) == len(whole_plan().items)
        )


def _told(results: Iterator[Result]) -> Iterator[Result]:
    for result in results:
        sys.stdout.write(f"{reports.row(result)}\n")
        sys.stdout.flush()
        yield result
