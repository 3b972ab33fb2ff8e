"""The commands `faults add|list|clear`: script the faults of a running sandbox."""

import sys
from typing import Annotated, Any, cast

import msgspec
from cyclopts import App, Parameter

from sage_sandbox.terminal import DONE, URL, accepted, ask

app = App(name="faults", help="Script the faults of a running sandbox.")


@app.command
def add(
    on: str,
    action: str | None = None,
    *,
    script: str | None = None,
    status: int | None = None,
    delay_ms: int | None = None,
    times: int | None = None,
    probability: float | None = None,
    seed: int | None = None,
    bank_account: str | None = None,
    url: str = URL,
) -> int:
    """Add a fault; its id is the one line printed.

    Parameters
    ----------
    on
        What it strikes: "METHOD /path" (a prefix or a template), or a notification: notification, N1 to N4 and others.
    action
        What it does: status, status_after, delay, delay_after, cut_before, cut_after, stuck, fail, duplicate, drop,
        reorder, wrong_header, wrong_token, expired_token.
    script
        Instead of an action, what happens to the first call, the second and so on: "pass,status:503,cut_after".
    status
        Status for the action status; 500 without it.
    delay_ms
        Milliseconds for the action delay.
    times
        How often it strikes before it is used up.
    probability
        Chance from 0 to 1 that it strikes.
    seed
        Makes chance repeatable.
    bank_account
        The one bank account that it concerns.
    url
        Where the sandbox runs: what comes before /admin.
    """
    steps = None if script is None else [step.strip() for step in script.split(",")]
    asked = {
        "on": on,
        "action": action,
        "script": steps,
        "status": status,
        "delayMs": delay_ms,
        "times": times,
        "probability": probability,
        "seed": seed,
        "bankAccountId": bank_account,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    made = accepted(ask(url, "POST", "/faults", body))
    sys.stdout.write(f"{cast('dict[str, Any]', made)['faultId']}\n")
    return DONE


@app.command(name="list")
def show(*, url: str = URL, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Show the faults there are, and how often each has struck.

    Parameters
    ----------
    url
        Where the sandbox runs: what comes before /admin.
    as_json
        All of it as JSON.
    """
    response = ask(url, "GET", "/faults")
    faults = cast("list[dict[str, Any]]", accepted(response))
    if as_json:
        sys.stdout.write(msgspec.json.format(response.content, indent=2).decode() + "\n")
        return DONE
    for fault in faults:
        what = fault["action"] or ",".join(fault["script"])
        left = "" if fault["times"] is None else f" of {fault['times']}"
        about = f"  {fault['bankAccountId']}" if fault["bankAccountId"] else ""
        sys.stdout.write(f"{fault['faultId']}  {fault['on']}  {what}  struck {fault['hits']}{left}{about}\n")
    return DONE


@app.command
def clear(fault_id: str | None = None, *, url: str = URL) -> int:
    """Lift one fault, or all.

    Parameters
    ----------
    fault_id
        The fault to lift; all of them without it.
    url
        Where the sandbox runs: what comes before /admin.
    """
    accepted(ask(url, "DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}"))
    return DONE
