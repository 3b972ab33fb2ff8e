"""`python -m bench.baseline URL`: serves the baseline on a free port with the platform's own uvicorn settings."""

import socket
import sys

import uvicorn

from bench.baseline.service import make_app, make_engine


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets:
            print(f"baseline http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)


def main() -> None:
    config = uvicorn.Config(
        make_app(make_engine(sys.argv[1])), loop="uvloop", http="httptools", ws="none", lifespan="off",
        log_config=None, access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=65,
    )  # fmt: skip
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    _Server(config).run(sockets=[listener])


main()
