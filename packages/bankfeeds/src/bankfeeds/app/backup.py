"""`bankfeeds backup` and `restore`: a copy of the database while it is at work, and a platform made of one."""

import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bankfeeds.app import facts
from bankfeeds.app.lock import ServeLock
from bankfeeds.app.refusals import NotStarted
from bankfeeds.app.secret_key import sqlite_path
from bankfeeds.app.world import NotMigrated, bring_to_schema, opened
from bankfeeds.domain.audit import AuditEntry, check_reason
from bankfeeds.flows import verify
from bankfeeds.settings import Settings
from bankfeeds.store import audit, backup, revisions
from bankfeeds.store.engine import Database

SUBJECT = "database:whole"
LOWEST_PRIORITY = 19


class NotBackedUp(NotStarted):
    """The message says what stands in the way and what to do."""


def take(settings: Settings, path: Path, actor: str, reason: str | None) -> datetime:
    """The copy holds everything committed until the moment answered; NotBackedUp if there is none to be had."""
    if path.exists():
        raise NotBackedUp(f"{path}: there is such a file already; name another")
    source = sqlite_path(settings)
    if source is not None and not source.is_file():
        raise NotBackedUp(f"BANKFEEDS_DATABASE_URL: there is no database {source}")
    database = Database(settings.database_url)
    try:
        if not revisions.is_current(database):
            raise NotMigrated("the database has not the schema of this program; run `bankfeeds migrate`")
        entry = AuditEntry(facts.now(), actor, backup.ACTION, SUBJECT, reason)
        database.write(lambda tx: audit.record(tx, entry))
    finally:
        database.close()
    with _drafted(path) as draft:
        if source is None:
            giving_way(lambda: backup.dump_postgresql(settings.database_url, draft))
        else:
            giving_way(lambda: backup.copy_sqlite(source, draft))
    return entry.at


def giving_way(work: Callable[[], None]) -> None:
    """In a thread of the lowest priority, which programs that it starts have too: whoever serves comes first."""

    def begin() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)

    with ThreadPoolExecutor(1, "backup", begin) as pool:
        pool.submit(work).result()


def restore(settings: Settings, path: Path, actor: str, reason: str) -> tuple[datetime, int]:
    """A new database from a backup, every account to be verified: as it was when, and how many accounts.

    NotBackedUp, and no database, if the backup is none, or there is a database already.
    """
    reason = check_reason(reason)
    if not path.is_file():
        raise NotBackedUp(f"{path}: there is no such file")
    target = sqlite_path(settings)
    if target is None:
        _into_postgresql(settings, path)
        return _verified(settings, path, actor, reason)
    if not target.parent.is_dir():
        raise NotBackedUp(f"BANKFEEDS_DATABASE_URL: there is no directory {target.parent}")
    lock = ServeLock(target)
    try:
        _into_sqlite(target, path)
        return _verified(settings, path, actor, reason)
    finally:
        lock.release()


def _into_sqlite(target: Path, path: Path) -> None:
    beside = [target.with_name(target.name + ending) for ending in ("", "-wal", "-shm")]
    found = next((each for each in beside if each.exists()), None)
    if found is not None:
        raise NotBackedUp(f"{found}: there is a database already; move it away, with all that begins with its name")
    with _drafted(target) as draft:
        backup.check_sqlite(path)
        backup.copy_sqlite(path, draft)


def _into_postgresql(settings: Settings, path: Path) -> None:
    database = Database(settings.database_url)
    try:
        if database.read(backup.has_tables):
            raise NotBackedUp("BANKFEEDS_DATABASE_URL: the database has tables already; name an empty one")
    finally:
        database.close()
    try:
        backup.restore_postgresql(settings.database_url, path)
    except backup.BackupFailed as error:
        raise NotBackedUp(str(error)) from error


def _verified(settings: Settings, path: Path, actor: str, reason: str) -> tuple[datetime, int]:
    bring_to_schema(settings, actor, reason)
    with opened(settings) as everything:
        world = everything.world
        at = world.db.read(backup.taken_at)
        if at is None:
            raise NotBackedUp(f"{path} does not say when it was taken; say so with `bankfeeds verify begin --since`")
        return at, verify.begin(world, actor, at, reason)


@contextmanager
def _drafted(path: Path) -> Generator[Path]:
    """Under another name until it is whole; nothing of it stays if it fails."""
    draft = path.with_name(path.name + ".partial")
    try:
        draft.unlink(missing_ok=True)
        yield draft
        draft.rename(path)
    except (backup.BackupFailed, OSError) as error:
        raise NotBackedUp(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
