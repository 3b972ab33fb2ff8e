"""What the institution sets for itself through the API: its profile, and the origins its pages may call from."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.profile import Profile, checked_origins, checked_profile
from bankfeeds.flows.context import World
from bankfeeds.store import api_settings, audit
from bankfeeds.store.engine import Write

_PROFILE, _ORIGINS = "profile", "cors_origins"


def profile(world: World, default: Profile) -> Profile:
    """The default until one was set."""
    kept: Any = world.db.read(lambda tx: api_settings.get(tx, _PROFILE))
    if kept is None:
        return default
    urls = tuple(kept["white_list_urls"])
    return Profile(kept["name"], kept["redirect_url"], kept["logo_url"], kept["icon_url"], urls)


def set_profile(world: World, actor: str, wanted: Profile) -> Profile:
    """All of it is replaced."""
    checked = checked_profile(wanted)
    _set(world, actor, _PROFILE, asdict(checked))
    return checked


def allowed_origins(world: World) -> tuple[str, ...]:
    return tuple(world.db.read(lambda tx: api_settings.get(tx, _ORIGINS)) or ())


def set_allowed_origins(world: World, actor: str, origins: Sequence[str]) -> tuple[str, ...]:
    """All of them are replaced; none means that no page of another origin may call."""
    checked = checked_origins(origins)
    _set(world, actor, _ORIGINS, list(checked))
    return checked


def _set(world: World, actor: str, name: str, value: object) -> None:
    now = world.clock()

    def run(tx: Write) -> None:
        api_settings.put(tx, name, value, now)
        audit.record(tx, AuditEntry(now, actor, f"{name}.update", f"institution:{name}"))

    world.db.write(run)
