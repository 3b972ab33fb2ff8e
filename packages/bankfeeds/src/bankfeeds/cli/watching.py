"""`bankfeeds watch`: a folder into which statement files are put, each taken as `bankfeeds import` takes it."""

import fcntl
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from bankfeeds.cli import importing, opening, output
from bankfeeds.cli.importing import Order, Result
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.flows.context import World

TAKEN, HELD, REFUSED = "taken", "held", "refused"
STATES = (TAKEN, HELD, REFUSED)
LOCK = ".bankfeeds-watch"
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
"""How programs end the names of files that they are still writing."""
EVERY_S_MIN, EVERY_S_MAX = 1, 3600
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.watch")


def watch(
    folder: Path,
    *,
    account: str | None = None,
    encoding: str | None = None,
    profile: Path | None = None,
    every: int = 5,
    once: bool = False,
) -> int:
    """Take every statement file that is put into a folder, until told to stop.

    A file is taken once it has stopped growing, then moved into `taken`, `held` or `refused` below the folder, with
    what was said of it beside it as NAME.txt. One that is held waits for `bankfeeds import --accept-unproved`.

    Args:
        folder: where the files are put. Names that begin with a dot or end in .part, .tmp and the like are left alone.
        account: whose they are: CONNECTION/ACCOUNT, or its external id. Without it, by the number in each file.
        encoding: of files that do not say it themselves, such as windows-1252; UTF-8 otherwise.
        profile: a mapping profile for CSV files; `bankfeeds csv-profile` makes one.
        every: look every so many seconds, 1 to 3600.
        once: take what is there and end; exit code 1 if anything was not taken.
    """
    if not EVERY_S_MIN <= every <= EVERY_S_MAX:
        raise WrongUsage(f"--every {every}: expected {EVERY_S_MIN} to {EVERY_S_MAX} seconds")
    hints = importing.hints_of(encoding, profile)
    with _alone(folder), opening.world() as world, _until_told() as stopping:
        for state in STATES:
            (folder / state).mkdir(exist_ok=True)
        order = Order(account=account, dry_run=False, partial=False, reason=None, hints=hints, tell=output.show_line)
        watched = Folder(folder)
        watched.ready()
        output.show_line(f"watching {folder}, every {every} s")
        is_all_taken = True
        while not stopping.wait(every):
            for path in watched.ready():
                is_all_taken &= _take(world, path, order)
                if stopping.is_set():
                    break
            if once:
                return importing.DONE if is_all_taken else importing.REFUSED
    return importing.DONE


class Folder:
    """Remembers how large and how old each file was at the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[Path, tuple[int, int]] = {}

    def ready(self) -> list[Path]:
        """Files that have not changed since the last look, the oldest first."""
        now: dict[Path, tuple[int, int]] = {}
        for path in self._path.iterdir():
            if path.name.startswith(".") or path.name.lower().endswith(UNFINISHED) or path.is_symlink():
                continue
            if path.is_file():
                stat = path.stat()
                now[path] = (stat.st_size, stat.st_mtime_ns)
        settled = [path for path, is_now in now.items() if self._seen.get(path) == is_now]
        self._seen = now
        return sorted(settled, key=lambda path: (now[path][1], path.name))


def _take(world: World, path: Path, order: Order) -> bool:
    """False if it was not taken. What fails for another reason than the file itself stays and is tried again."""
    told: list[str] = []

    def tell(words: str) -> None:
        told.append(words)
        order.tell(words)

    try:
        result = importing.import_one(world, path, replace(order, tell=tell))
        _move(path, result, told, world.clock())
    except Exception:
        log.exception("not taken now; tried again", file=path.name)
        return False
    return result.state == TAKEN and not result.problems


def _move(path: Path, result: Result, told: list[str], now: datetime) -> None:
    """The report first: killed in between, the file is taken again, which adds nothing twice."""
    target = _free(path.parent / result.state, path.name, now)
    if result.state == HELD:
        told.append(f"to take it all the same: bankfeeds import '{target}' --accept-unproved --reason '…'")
    target.with_name(f"{target.name}.txt").write_text("".join(f"{words}\n" for words in told), encoding="utf-8")
    path.rename(target)


def _free(folder: Path, name: str, now: datetime) -> Path:
    """A name that is not taken: the file's own, else with the time before it, else with a number too."""
    stamped = f"{now:%Y%m%dT%H%M%SZ}-{name}"
    for candidate in (name, stamped, *(f"{number}-{stamped}" for number in range(2, 1000))):
        if not (folder / candidate).exists():
            return folder / candidate
    raise FileExistsError(f"{folder} is full of files called {name}")


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Nobody else watches the folder meanwhile."""
    if not folder.is_dir():
        raise WrongUsage(f"{folder}: there is no such folder")
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WrongUsage(f"{folder}: it is being watched already") from error
        yield


@contextmanager
def _until_told() -> Generator[threading.Event]:
    """Set by SIGTERM or Ctrl-C; the file under way is finished first."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
