"""The secret keys in force: from the settings, or in development made once and kept beside the database.

The database knows by their marks which keys sealed what is in it, so that a program with another one is told at its
start, instead of refusing every API key and leaving secrets behind that the others cannot open.
"""

import contextlib
import os
import secrets
from datetime import datetime
from pathlib import Path

from bankfeeds.app.refusals import NotStarted
from bankfeeds.flows.resealing import missing_cause
from bankfeeds.settings import Settings, WrongSetting
from bankfeeds.store import secret_keys as stored
from bankfeeds.store.engine import Database
from bankfeeds.store.seal import Sealer

_SQLITE = "sqlite:///"


def sqlite_path(settings: Settings) -> Path | None:
    """The database's file, with its directory made; None on PostgreSQL."""
    if not settings.database_url.startswith(_SQLITE):
        return None
    return Path(settings.database_url.removeprefix(_SQLITE).split("?", 1)[0])


def secret_keys(settings: Settings) -> tuple[str, ...]:
    if settings.secret_key:
        return settings.secret_key
    database = sqlite_path(settings)
    path = database.with_name(database.name + ".key") if database else Path("bankfeeds.key")
    try:
        return (_kept(path),)
    except OSError as error:
        raise WrongSetting(f"BANKFEEDS_SECRET_KEY: is not set, and {path} cannot be used: {error.strerror}") from error


def _kept(path: Path) -> str:
    """Made by whoever comes first; linking a finished file into place means nobody reads half a key."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    key = path.read_text(encoding="ascii").strip()
    if not key:
        raise WrongSetting(f"BANKFEEDS_SECRET_KEY: {path} is empty; restore it, or remove it with its database")
    return key


class WrongSecretKey(NotStarted):
    """Something in the database may be sealed with a key that is not in force here."""


def sealer_of(database: Database, keys: tuple[str, ...], now: datetime, *, any_key: bool = False) -> Sealer:
    """Of a database that is migrated. The first key is taken up; WrongSecretKey if one in use there is not in force.

    With `any_key` nothing is checked and nothing taken up: for looking at what is wrong.
    """
    known = database.read(stored.every)
    made = Sealer(keys, [each.sealed_digest_key for each in known if each.sealed_digest_key is not None])
    if any_key:
        return made
    cause = missing_cause(database, made)
    if cause is not None:
        raise WrongSecretKey(cause)
    if not any(each.mark == made.marks[0] and each.retired_at is None for each in known):
        database.write(lambda tx: stored.take_up(tx, made.marks[0], now))
    return made
