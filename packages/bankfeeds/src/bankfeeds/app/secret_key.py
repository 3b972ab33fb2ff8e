"""The secret keys in force: from the settings, or in development made once and kept beside the database."""

import contextlib
import os
import secrets
from pathlib import Path

from bankfeeds.settings import Settings, WrongSetting

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
