"""A receiver of webhooks as its own process: answers 200 at once, and tells by GET what it got and in which time."""

import asyncio
import json
import time
from typing import cast

import uvloop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok"


class Got:
    """What came so far: distinct ids, how many in all, and the first and last moment."""

    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.posts = 0
        self.first = self.last = 0.0

    def note(self, message_id: bytes) -> None:
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.posts += 1
        self.ids.add(message_id)

    def told(self) -> bytes:
        told = {"distinct": len(self.ids), "posts": self.posts, "seconds": self.last - self.first}
        body = json.dumps(told).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: application/json\r\n\r\n%b" % (len(body), body)


class Protocol(asyncio.Protocol):
    def __init__(self, got: Got) -> None:
        self.got = got
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].split(b"\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in head[1:])}
            length = int(fields.get(b"content-length", b"0"))
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            is_post = head[0].startswith(b"POST")
            if is_post:
                self.got.note(fields[b"webhook-id"])
            self.transport.write(OK if is_post else self.got.told())


async def serve() -> None:
    got = Got()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(got), "127.0.0.1", 0)
    print(f"receiving on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
