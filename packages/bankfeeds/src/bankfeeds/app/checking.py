"""What `bankfeeds doctor` looks at beside the platform's own state: settings, disk, clocks."""

import shutil
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2

from bankfeeds.app import facts
from bankfeeds.app.secret_key import sqlite_path
from bankfeeds.domain.listing import Listing
from bankfeeds.flows.checkup import Finding
from bankfeeds.flows.context import World
from bankfeeds.settings import Settings

FREE_BYTES_MIN = 1024**3
CLOCKS_APART_MAX = timedelta(seconds=30)
"""Sage's tokens and their checks allow for a minute."""
_SYNCHRONISE = "synchronise this machine's clock (`timedatectl set-ntp true`)"


def settings_and_disk(settings: Settings) -> list[Finding]:
    return [*_settings(settings), *disk(settings)]


def _settings(settings: Settings) -> list[Finding]:
    if settings.environment != "production":
        return []
    found: list[Finding] = []
    if not settings.public_url.startswith("https://"):
        what = (
            "BANKFEEDS_PUBLIC_URL is no https address: Sage calls no other, and users' codes would travel in the clear"
        )
        found.append(
            Finding("settings", what, "set it to where your proxy answers, such as https://feeds.bank.example")
        )
    if settings.webhook_private_targets == "on":
        what = "BANKFEEDS_WEBHOOK_PRIVATE_TARGETS is on: whoever may add a webhook reaches your private network"
        found.append(Finding("settings", what, "set it to off"))
    return found


def disk(settings: Settings, free_bytes_min: int = FREE_BYTES_MIN) -> list[Finding]:
    database = sqlite_path(settings)
    if database is None:
        return []
    free = shutil.disk_usage(database.parent).free
    if free >= free_bytes_min:
        return []
    what = f"{free // 2**20} MiB are free where the database is"
    return [Finding("database", what, "make room: a full disk refuses every push")]


def database_clock(world: World) -> list[Finding]:
    """On PostgreSQL the platform goes by the database's clock; logs and certificates go by this machine's."""
    apart = abs(world.clock() - facts.now())
    if apart <= CLOCKS_APART_MAX:
        return []
    what = f"this machine's clock and the database's are {apart.total_seconds():.0f} s apart"
    return [Finding("clock", what, _SYNCHRONISE + ", and the database server's")]


def sage_clock(world: World, listing: Listing, http: httpx2.Client) -> list[Finding]:
    """By the date of the answer that has Sage's public keys, which must be there too."""
    try:
        answer = http.get(listing.jwks_url)
        answer.raise_for_status()
        count = len(answer.json()["keys"])
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
        what = f"listing {listing.id}: no keys of Sage's tokens at {listing.jwks_url}: {type(error).__name__}"
        return [Finding("Sage", what, "set its jwks_url; without keys every call of Sage's is refused")]
    if not count:
        what = f"listing {listing.id}: {listing.jwks_url} names no key"
        return [Finding("Sage", what, "set its jwks_url; without keys every call of Sage's is refused")]
    told = _date_of(answer)
    apart = abs(world.clock() - told) if told else timedelta()
    if apart <= CLOCKS_APART_MAX:
        return []
    what = f"our clock and Sage's are {apart.total_seconds():.0f} s apart (listing {listing.id})"
    return [Finding("clock", what, _SYNCHRONISE)]


def _date_of(answer: httpx2.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
