"""One event on its way to one consumer: how it stands, when it is tried again, and when its consumer is given up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bankfeeds.domain.webhook import Event

RETRY_S = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""After each failure but the last (contract 6.1): eight attempts in about 28 hours."""
ATTEMPTS_MAX = len(RETRY_S) + 1
DISABLED_AFTER = timedelta(days=5)
"""A consumer that nothing got through to for so long is sent nothing more, until somebody enables it."""
GONE = 410
"""The receiver says that it is not there any more, and is asked no further."""
OK = range(200, 300)


class DeliveryStatus(StrEnum):
    """`missed`: the consumer was disabled when the event came; it is sent only if somebody has it replayed."""

    pending = "pending"
    success = "success"
    failure = "failure"
    missed = "missed"


TRANSITIONS: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.pending: frozenset({DeliveryStatus.success, DeliveryStatus.failure}),
    DeliveryStatus.success: frozenset({DeliveryStatus.pending}),
    DeliveryStatus.failure: frozenset({DeliveryStatus.pending}),
    DeliveryStatus.missed: frozenset({DeliveryStatus.pending}),
}
"""Back to pending only by somebody's hand: resend, recover, replay."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt about to be made. `secrets` sign it, the newest first; `headers` are the consumer's own."""

    url: str
    message_id: str
    body: bytes
    secrets: tuple[str, ...]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until `lease`. `attempts` were made before."""

    pk: int
    consumer_pk: int
    attempts: int
    sequence: int | None
    lease: datetime
    event: Event

    @property
    def message_id(self) -> str:
        """The same at every attempt: what a receiver knows a repetition by."""
        return message_id_of(self.event.id)


def message_id_of(event_id: str) -> str:
    return "msg_" + event_id.replace("-", "")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one attempt: a status, or the words for why there is none. `took_ms` is the whole attempt."""

    status_code: int | None
    error: str | None
    took_ms: int

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and self.status_code in OK

    @property
    def is_gone(self) -> bool:
        return self.status_code == GONE


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery after an attempt: due again, or finished."""

    status: DeliveryStatus
    due_at: datetime | None


def after(answered: Answered, attempts: int, now: datetime) -> Standing:
    """`attempts` are those made so far, this one included."""
    if answered.is_success:
        return Standing(DeliveryStatus.success, None)
    if attempts >= ATTEMPTS_MAX:
        return Standing(DeliveryStatus.failure, None)
    return Standing(DeliveryStatus.pending, now + timedelta(seconds=RETRY_S[attempts - 1]))


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Whether a consumer whose attempts all failed since then is to be disabled."""
    return failing_since is not None and now - failing_since >= DISABLED_AFTER


def state_shown(status: DeliveryStatus, attempts: int) -> str:
    """In Codat's words (contract 6.1), and one of ours."""
    if status is DeliveryStatus.pending:
        return "Attempting" if attempts else "Sending"
    return {"success": "Success", "failure": "Failure", "missed": "Missed"}[status.value]
