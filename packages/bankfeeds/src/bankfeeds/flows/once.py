"""A request with an Idempotency-Key is carried out once: repeated, it is answered with the first reply.

What the request changes and the reply kept of it are one transaction: whoever dies between them leaves neither, and a
repetition after that is a first time.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from bankfeeds.domain.errors import Conflict, Refusal
from bankfeeds.flows.context import World
from bankfeeds.store import replies
from bankfeeds.store.engine import Write
from bankfeeds.store.nested import Nested
from bankfeeds.store.replies import KeptReply

KEPT = timedelta(minutes=90)


class KeyReused(Refusal):
    """The key was used for another request before."""


class Running:
    """What this process is carrying out just now."""

    def __init__(self) -> None:
        self._scopes: dict[str, object] = {}

    @contextmanager
    def alone(self, scope: str) -> Generator[None]:
        """Conflict if somebody else is at it. Putting into a dict is one step, so that one of two comes first."""
        mine = object()
        if self._scopes.setdefault(scope, mine) is not mine:
            raise _running()
        try:
            yield
        finally:
            del self._scopes[scope]


@dataclass(frozen=True, slots=True)
class Repeatable:
    """`scope` is who asks for which operation under which key; `request` all that must be the same in a repetition."""

    scope: tuple[str, ...]
    request: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    is_repeated: bool = False


def once(world: World, running: Running, which: Repeatable, work: Callable[[World], Reply]) -> Reply:
    """The reply kept, or else what `work` replies, kept from now on. What `work` raises is kept by nobody.

    `work` gets a world in which all of its transactions are part of this one.
    """
    scope = _digest(part.encode("utf-8", "surrogatepass") for part in which.scope)
    request = _digest(which.request)
    now = world.clock()

    def run(tx: Write) -> Reply:
        if not replies.reserve(tx, scope):
            raise _running()
        replies.purge(tx, scope, now)
        kept = replies.find(tx, scope)
        if kept is not None:
            return _repeated(world, kept, request)
        reply = work(replace(world, db=Nested(world.db, tx)))
        sealed = world.sealer.seal(reply.body.decode())
        replies.insert(tx, scope, KeptReply(request, reply.status, sealed), now + KEPT)
        return reply

    with running.alone(scope):
        return world.db.write(run)


def _repeated(world: World, kept: KeptReply, request: str) -> Reply:
    if kept.request != request:
        raise KeyReused("idempotency_key_reused", "this Idempotency-Key was used for another request; take a new one")
    return Reply(kept.status, world.sealer.unseal(kept.sealed_body).encode(), is_repeated=True)


def _running() -> Conflict:
    return Conflict("request_running", "the request with this Idempotency-Key is being carried out; ask again later")


def _digest(parts: Iterable[bytes]) -> str:
    """No two lists of parts run together."""
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()
