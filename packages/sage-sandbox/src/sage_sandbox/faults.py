"""Scripted faults: which call, which action, how often; matching and drawing only, the effects are elsewhere."""

import random
from collections.abc import Iterable

from sage_sandbox.records import Fault
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
_OF_STATEMENTS = frozenset({"stuck", "fail"})
_OF_NOTIFICATIONS = frozenset({"duplicate", "drop"})


def check(fault: Fault) -> Fault:
    """Refuse a fault that could never have an effect."""
    if fault.on in KINDS:
        if fault.action in _OF_STATEMENTS:
            raise refuse(400, "SCHEMA_INVALID", "stuck and fail are for POST /v1/statements", "action")
        return fault
    method, _, path = fault.on.partition(" ")
    if method not in METHODS or not path.startswith("/"):
        known = ", ".join(KINDS)
        raise refuse(400, "SCHEMA_INVALID", f"Expected `METHOD /path` or one of {known}", "on")
    if fault.action in _OF_NOTIFICATIONS:
        raise refuse(400, "SCHEMA_INVALID", "duplicate and drop are for notifications", "action")
    if fault.action in _OF_STATEMENTS and fault.on != "POST /v1/statements":
        raise refuse(400, "SCHEMA_INVALID", "stuck and fail are for POST /v1/statements", "action")
    return fault


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


def draw(world: World, subject: str, about: str | None, actions: Iterable[str]) -> Fault | None:
    """The first fault that strikes this statement or notification; its count goes down."""
    for fault in world.book.faults.values():
        if fault.action not in actions or (fault.bank_account_id not in {None, about}):
            continue
        if (fault.on == subject or subject in KINDS.get(fault.on, ())) and strikes(world, fault):
            return fault
    return None


def draw_for_call(world: World, method: str, path: str, text: bytes) -> list[Fault]:
    """The faults that strike an incoming call: all delays before the first other one, and that one."""
    struck: list[Fault] = []
    for fault in world.book.faults.values():
        if fault.on in KINDS or fault.action in _OF_STATEMENTS or not matches_call(fault.on, method, path):
            continue
        if not _concerns(world, fault, path, text) or not strikes(world, fault):
            continue
        struck.append(fault)
        if fault.action != "delay":
            break
    return struck


def _concerns(world: World, fault: Fault, path: str, text: bytes) -> bool:
    """Whether a call is about the fault's bank account: it names it, or asks for one of its statements."""
    if fault.bank_account_id is None:
        return True
    if fault.bank_account_id in path or fault.bank_account_id.encode() in text:
        return True
    statement = world.book.statements.get(path.rsplit("/", 1)[-1])
    return statement is not None and statement.bank_account_id == fault.bank_account_id


def strikes(world: World, fault: Fault) -> bool:
    """Draw once: by how many times are left, then by probability, the same for the same seed."""
    if fault.times is not None and fault.hits >= fault.times:
        return False
    fault.draws += 1
    chance = random.Random(f"{fault.seed}:{fault.draws}").random()  # noqa: S311 - repeatable on purpose, no secret
    hit = chance < fault.probability
    fault.hits += hit
    world.keep(fault)
    return hit
