"""The two databases under measurement, both durable: what is committed survives a power cut."""

import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from bench.results import POSTGRESQL
from bench.servers import children_cpu_s

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from clusters import Cluster, programs

__all__ = ["Cluster", "Kind", "opened", "programs"]

_OPTIONS = ("max_wal_size=4GB", "shared_buffers=512MB", "log_min_messages=warning")


@dataclass
class Kind:
    """One kind of database; `fresh` makes an empty one and answers its address."""

    name: str
    directory: Path
    cluster: Cluster | None
    _numbers: "count[int]"

    def fresh(self) -> str:
        if self.cluster is not None:
            return self.cluster.new_database()
        return f"sqlite:///{self.directory / f'db{next(self._numbers)}.db'}"

    def backend_cpu_s(self) -> float:
        if self.cluster is None or self.cluster._process is None:  # noqa: SLF001 - the only one who knows its id
            return 0.0
        return children_cpu_s(self.cluster._process.pid)  # noqa: SLF001


@contextmanager
def opened(name: str) -> Generator[Kind]:
    directory = Path(tempfile.mkdtemp(prefix="bankfeeds-bench-"))
    cluster = None
    try:
        if name == POSTGRESQL:
            cluster = Cluster(durable=True, options=_OPTIONS)
            cluster.init()
            cluster.start()
        yield Kind(name, directory, cluster, count(1))
    finally:
        if cluster is not None:
            cluster.remove()
        shutil.rmtree(directory, ignore_errors=True)
