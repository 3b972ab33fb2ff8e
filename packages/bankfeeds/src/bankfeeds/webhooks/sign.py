"""Standard Webhooks v1: the exact bytes sent, with id and time, under each of the consumer's secrets."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from bankfeeds.domain.webhook import SECRET_PREFIX


def headers(message_id: str, at: datetime, body: bytes, secrets: Sequence[str]) -> Mapping[str, str]:
    """Under both names that receivers' libraries look for. Of several secrets each signs, the newest first."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = " ".join(_signature(secret, signed) for secret in secrets)
    values = {"id": message_id, "timestamp": timestamp, "signature": signature}
    return {f"{prefix}-{name}": value for prefix in ("webhook", "svix") for name, value in values.items()}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
