"""What a test sets and moves: settings, clock, reset, faults."""

from typing import Annotated, Any, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import faults, statements, wire
from sage_sandbox.exchange import answer, read, world_of
from sage_sandbox.records import Fault, FaultAction
from sage_sandbox.refusals import Refusal, refuse, schema_problem
from sage_sandbox.settings import Settings
from sage_sandbox.world import World


async def get_settings(request: Request) -> Response:
    return answer(world_of(request).settings)


_object_body = wire.decoder(dict[str, Any])


async def put_settings(request: Request) -> Response:
    """Change the settings named; the others stay."""
    world = world_of(request)
    changes = await read(request, _object_body)
    known = {f.encode_name for f in msgspec.structs.fields(Settings)}
    unknown = [name for name in changes if name not in known]
    if unknown:
        raise refuse(400, "SCHEMA_INVALID", f"No setting is called `{unknown[0]}`", unknown[0])
    merged = cast("dict[str, Any]", msgspec.to_builtins(world.settings)) | changes
    try:
        world.use_settings(msgspec.convert(merged, Settings))
    except msgspec.ValidationError as error:
        raise Refusal(400, schema_problem(error)) from None
    return answer(world.settings)


class _Advance(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    advance_seconds: Annotated[float, msgspec.Meta(ge=0, le=315_360_000)]


_advance = wire.decoder(_Advance)


async def get_clock(request: Request) -> Response:
    clock = world_of(request).clock
    return answer({"now": clock.now(), "advancedSeconds": clock.advanced.total_seconds()})


async def post_clock(request: Request) -> Response:
    world = world_of(request)
    world.clock.advance((await read(request, _advance)).advance_seconds)
    world.keep_switches()
    world.timers.fire_due()
    return await get_clock(request)


async def post_reset(request: Request) -> Response:
    await world_of(request).reset()
    return answer({})


# --- faults


class _FaultBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    on: str
    action: FaultAction | None = None
    script: Annotated[list[str], msgspec.Meta(max_length=10_000)] = []
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] = 500
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 0
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    seed: int | None = None
    bank_account_id: str | None = None


_fault_body = wire.decoder(_FaultBody)


async def post_fault(request: Request) -> Response:
    world = world_of(request)
    body = await read(request, _fault_body)
    fault = Fault(
        fault_id=world.new_id(),
        on=body.on,
        action=body.action,
        script=body.script,
        status=body.status,
        delay_ms=body.delay_ms,
        times=body.times,
        probability=1.0 if body.probability is None else body.probability,
        seed=body.seed or 0,
        bank_account_id=body.bank_account_id,
    )
    world.keep(faults.check(fault))
    return answer({"faultId": fault.fault_id}, 201)


async def get_faults(request: Request) -> Response:
    return answer(list(world_of(request).book.faults.values()))


def _lift(world: World, fault: Fault) -> None:
    world.forget(fault)
    statements.release(world, fault.fault_id)


async def delete_faults(request: Request) -> Response:
    world = world_of(request)
    for fault in list(world.book.faults.values()):
        _lift(world, fault)
    return answer({})


async def delete_fault(request: Request) -> Response:
    world = world_of(request)
    fault = world.book.faults.get(request.path_params["fault_id"])
    if fault is None:
        raise refuse(404, "FAULT_NOT_FOUND", "No such fault", "faultId")
    _lift(world, fault)
    return answer({})
