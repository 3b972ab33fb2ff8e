"""What every request with a key passes before and after its operation: who calls, how often, in which media type, from
which origin, and whether it was carried out before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from bankfeeds.domain.errors import Refusal, one_flaw
from bankfeeds.flows import quotas
from bankfeeds.flows.context import World
from bankfeeds.flows.once import Repeatable, Reply, Running, once
from bankfeeds.flows.quotas import Quota
from bankfeeds.web.codat import origins
from bankfeeds.web.codat.auth import authenticate, check_scope, recognise
from bankfeeds.web.codat.errors import ErrorAnswers, UnsupportedMediaType, status_of
from bankfeeds.web.codat.exchange import Api, BeginOperation, Operation
from bankfeeds.web.codat.rates import Rates, Standing, TooManyRequests
from bankfeeds.web.endpoint import Answer, Begun, Call

IDEMPOTENCY_KEY = "idempotency-key"
_REPEATABLE = frozenset({"POST", "PATCH"})
_OURS = 500
_FILES = "/statementFiles"
"""The one operation whose body is a file, of whatever type its sender calls it."""


@dataclass(frozen=True, slots=True)
class Door:
    """One for all routes."""

    api: Api
    rates: Rates
    running: Running

    def pass_through(
        self,
        call: Call,
        find: Callable[[Call], Operation],
        on_error: ErrorAnswers,
        *,
        needs_key: bool,
        is_administration: bool,
    ) -> Answer:
        standing: Standing | None = None
        try:
            caller = authenticate(self.api.world, call, needs_key=needs_key)
            standing = self._taken(caller.id)
            operation = find(call)
            check_scope(caller, call.method, is_administration=is_administration)
            check_media_type(call)
            if call.method in _REPEATABLE and IDEMPOTENCY_KEY in call.headers:
                answer = self._once(call, caller.id, caller.actor, operation, on_error)
            else:
                answer = operation(self.api, call, caller.actor)
        except Refusal as refusal:
            answer = on_error(refusal, call)
        return origins.shown(self.api.world, call, told(answer, standing) if standing else answer)

    def begin(self, call: Call, operation: BeginOperation) -> Begun | None:
        """None for whatever needs more than a look: `pass_through` will do it."""
        headers = call.headers
        if call.method != "POST" or IDEMPOTENCY_KEY in headers or "origin" in headers:
            return None
        caller = recognise(self.api.world, call)
        if caller is None:
            return None
        check_scope(caller, call.method, is_administration=False)
        check_media_type(call)
        now = self.api.world.clock()
        standing = self.rates.take(caller.id, now)
        if standing.news is not None:  # `pass_through` tells them
            self.rates.give_back(caller.id, now)
            return None

        def give_back() -> None:
            self.rates.give_back(caller.id, now)

        try:
            begun = operation(self.api, call, caller.actor)
        except Refusal:
            give_back()
            raise
        if begun is None:
            give_back()
            return None

        def end(result: Any) -> Answer | None:
            answer = begun.end(result)
            if answer is None:
                give_back()
                return None
            return told(answer, standing)

        return Begun(begun.future, end)

    def _taken(self, caller: str) -> Standing:
        try:
            standing = self.rates.take(caller, self.api.world.clock())
        except TooManyRequests as refusal:
            self._tell(caller, refusal.standing)
            raise
        self._tell(caller, standing)
        return standing

    def _tell(self, caller: str, standing: Standing) -> None:
        if standing.news is not None:
            self.rates.told(caller)
            quota = Quota(standing.limit, standing.remaining, standing.resets_at)
            quotas.announce(self.api.world, standing.news, quota)

    def _once(self, call: Call, caller: str, actor: str, operation: Operation, on_error: ErrorAnswers) -> Answer:
        key = _key(call)
        query = repr(call.query).encode("utf-8", "surrogatepass")
        which = Repeatable((caller, call.method, call.url_path, key), (query, call.body))

        def work(world: World) -> Reply:
            try:
                answer = operation(replace(self.api, world=world), call, actor)
            except Refusal as refusal:
                if status_of(refusal) >= _OURS:
                    raise
                answer = on_error(refusal, call)
            return Reply(answer.status, answer.body)

        reply = once(self.api.world, self.running, which, work)
        return Answer(reply.status, reply.body, headers={"idempotency-replayed": "true"} if reply.is_repeated else {})


def told(answer: Answer, standing: Standing) -> Answer:
    return replace(answer, headers={**standing.headers, **answer.headers})


def check_media_type(call: Call) -> None:
    """A body is JSON; one that does not say what it is, is taken for it, and so is none at all (contract 1.2)."""
    if call.url_path.endswith(_FILES):
        return
    media_type = call.headers.get("content-type")
    if media_type is None or media_type == "application/json" or not call.body.strip():
        return
    essence = media_type.partition(";")[0].strip().lower()
    if essence not in {"application/json", "text/json"} and not essence.endswith("+json"):
        raise UnsupportedMediaType("media_type", f"{media_type[:60]!r} is not read here; send application/json")


def _key(call: Call) -> str:
    try:
        return str(UUID(call.headers[IDEMPOTENCY_KEY].strip()))
    except ValueError:
        raise one_flaw("Idempotency-Key", "must be a UUID, a new one for each request") from None
