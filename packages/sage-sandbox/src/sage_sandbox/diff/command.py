"""The command `diff`: reads a transcript, asks a sandbox the same, says where the two differ."""

import json
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import httpx2
from cyclopts import Parameter

from sage_sandbox.certify import sandbox as sandboxes
from sage_sandbox.certify.outcome import Failed
from sage_sandbox.certify.sandbox import NoSandbox, Sandbox
from sage_sandbox.diff import asking, receiver, transcript
from sage_sandbox.diff.shapes import Side, differences, operation
from sage_sandbox.diff.transcript import Call
from sage_sandbox.terminal import DONE, REFUSED, stop

_TIMEOUT_S = 60
_SETTINGS = {"processingMs": 200, "requestsPerSecond": 0, "notificationDelayMs": 0}


def diff(
    transcript_file: Annotated[Path, Parameter(name="TRANSCRIPT")],
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Compare what Sage answered with what the sandbox answers: exit code 0 where they agree, 1 where not.

    Parameters
    ----------
    transcript_file
        What `bankfeeds record` kept, or any file of this form.
    as_json
        The differences as JSON.
    """
    try:
        calls = transcript.read(transcript_file)
    except transcript.Unreadable as error:
        stop(f"{transcript_file}: {error}")
    try:
        theirs, ours, left_out = _compared(calls)
    except NoSandbox as error:
        stop(str(error))
    except Failed as error:
        stop(f"the sandbox did not do its part: {error.expected}, but {error.seen}")
    found = differences(theirs, ours)
    if as_json:
        sys.stdout.write(json.dumps({"differences": found, "notCompared": left_out}, indent=2) + "\n")
    else:
        _tell(calls, found, left_out)
    return REFUSED if any(found.values()) else DONE


def _compared(calls: list[Call]) -> tuple[Side, Side, dict[str, int]]:
    theirs, ours = Side(), Side()
    left_out: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="diff-")))
        details = sandboxes.read_details(stack.enter_context(sandboxes.started(folder, 0, {})))
        heard = stack.enter_context(receiver.receiving())
        http = stack.enter_context(httpx2.Client(timeout=_TIMEOUT_S, trust_env=False))
        judge = Sandbox(http, details)
        judge.begin("major" if asking.has_decimals(calls) else "minor")
        judge.set(**_SETTINGS)
        judge.admin("PUT", f"/banks/{details['bankId']}", {"callbackURLs": heard.callback_urls()})
        provider = asking.Provider(judge)
        asking.go_through_every_call(provider)
        for call in heard.calls:
            ours.add(call)
        replay = asking.Replay(provider, calls)
        for call in calls:
            if call.by == "sage":
                theirs.add(call)
            elif (answer := replay.send(call)) is None:
                left_out[f"{operation(call)} {call.status or call.lost}"] += 1
            else:
                theirs.add(call)
                ours.add(answer)
    return theirs, ours, dict(left_out)


def _tell(calls: list[Call], found: dict[str, list[str]], left_out: dict[str, int]) -> None:
    counts = Counter(operation(call) for call in calls)
    width = max(len(name) for name in counts)
    for name, lines in found.items():
        sys.stdout.write(f"{name:<{width}}  {counts[name]:>6}  {'differs' if lines else 'same'}\n")
        sys.stdout.writelines(f"    {line}\n" for line in lines)
    for name, count in left_out.items():
        sys.stdout.write(f"{name:<{width}}  {count:>6}  not compared\n")
