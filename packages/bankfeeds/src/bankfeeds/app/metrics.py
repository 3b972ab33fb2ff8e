"""`/metrics`, answered on an address of its own while a process serves."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from bankfeeds.app.listening import address_of, listen
from bankfeeds.flows.context import World
from bankfeeds.settings import Settings
from bankfeeds.web.metrics import Meters, make_metrics_app

_NEEDS = "BANKFEEDS_METRICS_ADDRESS"


@contextmanager
def measuring(settings: Settings, world: World, meters: Meters) -> Generator[str | None]:
    """Where `/metrics` answers meanwhile; None if the settings name no address. CannotListen if it is taken."""
    if not settings.metrics_address:
        yield None
        return
    host, port = settings.metrics_address.rsplit(":", 1)
    host = host.strip("[]")
    with listen(host, int(port), _NEEDS) as listener:
        config = uvicorn.Config(
            make_metrics_app(world, meters), loop="asyncio", ws="none", lifespan="off", log_config=None,
            access_log=False, server_header=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="metrics", daemon=True)
        thread.start()
        try:
            yield address_of(host, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()
