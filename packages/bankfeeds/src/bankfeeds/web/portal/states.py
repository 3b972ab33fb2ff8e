"""How states are coloured: good, bad, busy or quiet. The words beside the colour say the same."""

from collections.abc import Mapping

_GOOD = ("Linked", "connected", "Success", "open", "done", "delivered", "inSage", "feed.open")
_BAD = ("Failed", "TimedOut", "parked", "refused", "skipped", "feed.park", "feed.skip")
_BUSY = ("Pending", "PendingAuth", "pending", "paused", "reauthorise", "waiting", "inFlight", "taken", "offered")
_BUSY_ACTS = ("delivery.pause", "account.reauthorise")
_TONES: Mapping[str, str] = {
    **dict.fromkeys(_GOOD, "good"),
    **dict.fromkeys(_BAD, "bad"),
    **dict.fromkeys((*_BUSY, *_BUSY_ACTS), "busy"),
}


def tone(state: str) -> str:
    """Of a status, a line's state or an act in the audit trail."""
    return _TONES.get(state, "quiet")
