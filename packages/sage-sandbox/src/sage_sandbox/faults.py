"""Scripted faults: which call, which action, how often; matching and drawing only, the effects are elsewhere."""

import random
import re
from collections.abc import Iterable
from typing import cast, get_args

import msgspec

from sage_sandbox.records import Fault, FaultAction
from sage_sandbox.refusals import refuse
from sage_sandbox.world import PREFIXES, World

_ALL = frozenset({"N1", "N2", "N3", "N4"})
KINDS = {
    "notification": _ALL,
    "POST /notification": _ALL,
    "resourceCreated": frozenset({"N1", "N2", "N3"}),
    "resourceDeleted": frozenset({"N4"}),
    "AuthorisationCreated": frozenset({"N1"}),
    "BankAccountCreated": frozenset({"N2", "N3"}),
    "BankAccountDeleted": frozenset({"N4"}),
    **{name: frozenset({name}) for name in sorted(_ALL)},
}
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "*"})
_MOUNTS = (
    "/cloudid",
    *(prefix + mount for prefix in PREFIXES.values() for mount in ("/consumer/api/v1", "/consumer", "/papi")),
)
OF_STATEMENTS = frozenset({"stuck", "fail"})
OF_NOTIFICATIONS = frozenset({"duplicate", "drop", "reorder", "wrong_header", "wrong_token", "expired_token"})
OF_CALLS = frozenset({"status_after", "delay_after"})
_DELAYS = frozenset({"delay"})
SCRIPTED = "sandbox.strike"
"""Where a request's scope holds the step of a script that its statement is to suffer."""
_PASS = "pass"
_STEP = re.compile(r"(?P<action>[a-z_]+)(?::(?P<number>[0-9]{1,6}))?")
_ACTIONS = frozenset(cast("tuple[str, ...]", get_args(FaultAction)))
_STATUS_MIN, _STATUS_MAX = 200, 599


class Strike(msgspec.Struct, frozen=True):
    """What a fault does to one call or notification."""

    fault_id: str
    action: FaultAction
    status: int
    delay_ms: int


def check(fault: Fault) -> Fault:
    """Refuse a fault that could never have an effect."""
    if (fault.action is None) is not bool(fault.script):
        raise refuse(400, "SCHEMA_INVALID", "Expected either an action or a script", "action")
    subject = fault.on if fault.on in KINDS else None
    method, _, path = fault.on.partition(" ")
    if subject is None and (method not in METHODS or not path.startswith("/")):
        known = ", ".join(KINDS)
        raise refuse(400, "SCHEMA_INVALID", f"Expected `METHOD /path` or one of {known}", "on")
    if fault.action is not None:
        _check_action(fault.on, fault.action, "action")
    for at, text in enumerate(fault.script):
        step = _step(fault, text, f"script[{at}]")
        if step is not None:
            _check_action(fault.on, step.action, f"script[{at}]")
    return fault


def _check_action(on: str, action: str, path: str) -> None:
    if action in OF_STATEMENTS and on != "POST /v1/statements":
        raise refuse(400, "SCHEMA_INVALID", "stuck and fail are for POST /v1/statements", path)
    if action in OF_NOTIFICATIONS and on not in KINDS:
        raise refuse(400, "SCHEMA_INVALID", f"{action} is for notifications", path)
    if action in OF_CALLS and on in KINDS:
        raise refuse(400, "SCHEMA_INVALID", f"{action} is for calls to the sandbox", path)


def _step(fault: Fault, text: str, path: str = "script") -> Strike | None:
    """A step of a script: `pass`, an action, or one with its status or milliseconds, as `status:503`."""
    if text == _PASS:
        return None
    found = _STEP.fullmatch(text)
    if found is None or found["action"] not in _ACTIONS:
        raise refuse(400, "SCHEMA_INVALID", "Expected pass, an action, or action:number", path)
    action, number = cast("FaultAction", found["action"]), found["number"]
    status, delay_ms = fault.status, fault.delay_ms
    if number is not None and action.startswith("status"):
        status = int(number)
    elif number is not None:
        delay_ms = int(number)
    if not _STATUS_MIN <= status <= _STATUS_MAX:
        raise refuse(400, "SCHEMA_INVALID", f"Expected a status from {_STATUS_MIN} to {_STATUS_MAX}", path)
    return Strike(fault.fault_id, action, status, delay_ms)


def matches_call(on: str, method: str, path: str) -> bool:
    """Whether `METHOD /path-template-or-prefix` means this call; the mount before the path may be left out."""
    wanted, _, template = on.partition(" ")
    if wanted not in {method, "*"}:
        return False
    paths = [path, *(path.removeprefix(mount) for mount in _MOUNTS if path.startswith(mount))]
    return any(_is_prefix(template, candidate) for candidate in paths)


def _is_prefix(template: str, path: str) -> bool:
    wanted, found = template.strip("/").split("/"), path.strip("/").split("/")
    if wanted == [""]:
        return True
    return len(wanted) <= len(found) and all(
        want == have or (want.startswith("{") and want.endswith("}")) for want, have in zip(wanted, found, strict=False)
    )


def draw_for_statement(world: World, about: str) -> Strike | None:
    """What happens to a statement that was taken; scripts were drawn when the call came."""
    for fault in world.book.faults.values():
        if fault.action in OF_STATEMENTS and fault.bank_account_id in {None, about} and (strike := draw(world, fault)):
            return strike
    return None


def draw_for_notification(world: World, name: str, about: str | None) -> list[Strike]:
    """What strikes one attempt: all delays before the first other fault, and that one."""
    concerned = (
        fault
        for fault in world.book.faults.values()
        if name in KINDS.get(fault.on, ()) and fault.bank_account_id in {None, about}
    )
    return _draw_all(world, concerned)


def draw_for_call(world: World, method: str, path: str, text: bytes) -> list[Strike]:
    """The same for an incoming call."""
    concerned = (
        fault
        for fault in world.book.faults.values()
        if fault.on not in KINDS
        and fault.action not in OF_STATEMENTS
        and matches_call(fault.on, method, path)
        and _concerns(world, fault, path, text)
    )
    return _draw_all(world, concerned)


def _draw_all(world: World, concerned: Iterable[Fault]) -> list[Strike]:
    struck: list[Strike] = []
    for fault in concerned:
        strike = draw(world, fault)
        if strike is not None:
            struck.append(strike)
            if strike.action not in _DELAYS:
                break
    return struck


def _concerns(world: World, fault: Fault, path: str, text: bytes) -> bool:
    """Whether a call is about the fault's bank account: by its id, its externalId, its statement, its session."""
    about = fault.bank_account_id
    if about is None or about in path or about.encode() in text:
        return True
    last = path.rsplit("/", 1)[-1]
    account = world.book.bank_accounts.get(about)
    if account is not None and last == "accountqueries":
        return account.external_id.encode() in text
    statement, authorisation = world.book.statements.get(last), world.book.authorisations.get(last)
    of_statement = statement is not None and statement.bank_account_id == about
    return of_statement or (authorisation is not None and authorisation.bank_account_id == about)


def draw(world: World, fault: Fault) -> Strike | None:
    """Draw once: the script's next step; or by how many times are left, then by probability, the same for a seed."""
    if fault.times is not None and fault.hits >= fault.times:
        return None
    fault.draws += 1
    strike = _scripted(fault) if fault.action is None else _by_chance(fault, fault.action)
    fault.hits += strike is not None
    world.keep(fault)
    return strike


def _scripted(fault: Fault) -> Strike | None:
    return _step(fault, fault.script[fault.draws - 1]) if fault.draws <= len(fault.script) else None


def _by_chance(fault: Fault, action: FaultAction) -> Strike | None:
    chance = random.Random(f"{fault.seed}:{fault.draws}").random()  # noqa: S311 - repeatable on purpose, no secret
    if chance >= fault.probability:
        return None
    return Strike(fault.fault_id, action, fault.status, fault.delay_ms)
