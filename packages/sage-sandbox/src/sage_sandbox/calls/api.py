"""Searching and exporting the log: `GET /admin/calls`, its export as lines of JSON or as an HTTP archive."""

from typing import Annotated, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import wire
from sage_sandbox.calls.archive import archive_of
from sage_sandbox.calls.log import CALLS_MAX, Call
from sage_sandbox.exchange import answer, world_of
from sage_sandbox.refusals import Refusal, schema_problem


class Search(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a search may name; a call must fit all of it."""

    direction: Literal["in", "out"] | None = None
    method: str | None = None
    path: str | None = None
    status: Annotated[str, msgspec.Meta(pattern="^([1-5][0-9]{2}|[1-5]xx|none)$")] | None = None
    rule: str | None = None
    section: str | None = None
    refused: bool = False
    fault_id: str | None = None
    q: str | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=CALLS_MAX)] = CALLS_MAX

    def fits(self, call: Call) -> bool:
        rule = call.rule
        return (
            call.call_id > self.after
            and self.direction in {None, call.direction}
            and self.method in {None, call.method}
            and (self.path is None or self.path in call.url)
            and self.fault_id in {None, call.fault_id}
            and (not self.refused or rule is not None)
            and (self.rule is None or (rule is not None and rule.code == self.rule))
            and (self.section is None or (rule is not None and rule.section == self.section))
            and _has_status(call, self.status)
            and (self.q is None or self.q.casefold() in _text_of(call))
        )


def _has_status(call: Call, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if call.status is None:
        return wanted == "none"
    return str(call.status) == wanted or (wanted.endswith("xx") and str(call.status)[0] == wanted[0])


def _text_of(call: Call) -> str:
    return wire.encode(call).decode().casefold()


def _found(request: Request, *, leave_out: str = "") -> list[Call]:
    """The last calls that fit, in the order in which they ended."""
    asked = {name: value for name, value in request.query_params.items() if value and name != leave_out}
    try:
        search = msgspec.convert(asked, Search, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(400, schema_problem(error)) from None
    fitting = [call for call in world_of(request).log.calls if search.fits(call)]
    return fitting[-search.limit :]


async def get_calls(request: Request) -> Response:
    return answer(_found(request))


async def delete_calls(request: Request) -> Response:
    world_of(request).log.clear()
    return answer({})


async def export_calls(request: Request) -> Response:
    """`format` jsonl (the default) or har, with whatever a search may name."""
    calls, form = _found(request, leave_out="format"), request.query_params.get("format", "jsonl")
    if form == "har":
        return _file(
            wire.encode(archive_of(calls, world_of(request).addresses.origin)), "calls.har", "application/json"
        )
    if form == "jsonl":
        lines = b"".join(wire.encode(call) + b"\n" for call in calls)
        return _file(lines, "calls.jsonl", "application/x-ndjson")
    problem = msgspec.ValidationError(f"Invalid enum value '{form}' - at `$.format`")
    raise Refusal(400, schema_problem(problem))


def _file(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=media_type)
