"""Posting to receivers: one attempt, no redirects, one time limit over all of it, and little read of the answer."""

import asyncio
import ssl
import time
from importlib.metadata import version

import httpcore2

from bankfeeds.domain.ports import Clock
from bankfeeds.domain.webhook_delivery import Answered, Parcel
from bankfeeds.webhooks import sign
from bankfeeds.webhooks.guard import GuardedBackend, Resolve, TargetRefused, resolve

TIMEOUT_S = 15.0
"""Contract 6.1: from resolving the name to the last byte of the answer's head."""
ANSWER_BYTES_MAX = 64 * 1024
"""A longer answer is not read to its end; its connection is closed."""
IDLE_CONNECTIONS_MAX = 64
IDLE_S = 30.0
_CALLER = f"Bankfeeds-Webhooks/{version('bankfeeds')}"


class HttpReceivers:
    """`ports.Receivers`. Belongs to one event loop; `close` at its end."""

    def __init__(
        self,
        clock: Clock,
        *,
        allows_private: bool,
        trust: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve = resolve,
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trust or ssl.create_default_context(),
            max_connections=None,  # as many as the sender makes tasks
            max_keepalive_connections=IDLE_CONNECTIONS_MAX,
            keepalive_expiry=IDLE_S,
            network_backend=GuardedBackend(allows_private=allows_private, resolve=resolve),
        )

    async def close(self) -> None:
        await self._pool.aclose()

    async def post(self, parcel: Parcel) -> Answered:
        began = time.monotonic()
        status, error = None, None
        try:
            async with asyncio.timeout(self._timeout_s):
                status = await self._post(parcel)
        except TimeoutError:
            error = f"no answer within {self._timeout_s:g} s"
        except TargetRefused as refusal:
            error = f"refused by us: {refusal}"
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as failure:
            error = _words(failure)
        if status is not None and status in range(300, 400):
            error = "a redirect; redirects are not followed"
        return Answered(status, error, round((time.monotonic() - began) * 1000))

    async def _post(self, parcel: Parcel) -> int:
        signed = sign.headers(parcel.message_id, self._clock(), parcel.body, parcel.secrets)
        headers = {**parcel.headers, **signed, "content-type": "application/json", "user-agent": _CALLER}
        headers["content-length"] = str(len(parcel.body))
        async with self._pool.stream(
            "POST", parcel.url, headers=_raw(headers, parcel.url), content=parcel.body
        ) as answer:
            read = 0
            async for chunk in answer.aiter_stream():
                read += len(chunk)
                if read > ANSWER_BYTES_MAX:
                    break
            return answer.status


def _raw(headers: dict[str, str], url: str) -> list[tuple[bytes, bytes]]:
    host = httpcore2.URL(url)
    name = host.host.decode() if host.port is None else f"{host.host.decode()}:{host.port}"
    return [(b"host", name.encode()), *((key.encode(), value.encode()) for key, value in headers.items())]


def _words(failure: Exception) -> str:
    """One line of what the network said, without our inside."""
    text = str(failure).strip() or type(failure).__name__
    return " ".join(text.split())[:200]
