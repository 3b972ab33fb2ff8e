"""The world, built from the settings: the database and the few facts, with the real adapters plugged in."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from bankfeeds.app import facts
from bankfeeds.app.measuring import MeasuredDestinations, Note
from bankfeeds.app.refusals import NotStarted
from bankfeeds.app.secret_key import sealer_of, secret_keys, sqlite_path
from bankfeeds.app.transcript import RecordingClient, Transcript
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.delivery import Delivery
from bankfeeds.domain.listing import ListingSecrets
from bankfeeds.domain.origins import Origins
from bankfeeds.domain.ports import Clock, Registrar, TokenVerifier
from bankfeeds.domain.transaction import TextLimits
from bankfeeds.flows import listings, pushes
from bankfeeds.flows.context import Limits, World
from bankfeeds.sage.destination import SageDestinations
from bankfeeds.sage.jwks import FETCH_TIMEOUT_S, JwksVerifier
from bankfeeds.settings import Settings, WrongSetting
from bankfeeds.store import audit, revisions
from bankfeeds.store.clock import DatabaseClock
from bankfeeds.store.engine import Database
from bankfeeds.store.seal import Sealer

CONNECTIONS_TO_SAGE_MAX = 32
THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


class NotMigrated(NotStarted):
    """The database has another schema than this program; the message says what to do."""


def limits_of(settings: Settings) -> Limits:
    return Limits(
        text=TextLimits(
            settings.id_length_max,
            settings.description_length_max,
            settings.counterparty_length_max,
            settings.reference_length_max,
        ),
        otp_lifetime_s=settings.otp_lifetime_s,
        otp_failures_max=settings.otp_failures_max,
        login_failures_max=settings.login_failures_max,
        login_window_s=settings.login_window_s,
        session_s=settings.session_s,
        report_check_s=settings.report_check_s,
        redirects=Origins(settings.redirect_hosts, settings.environment == "development"),
        frames=Origins(settings.frame_ancestors, settings.environment == "development"),
        lines_per_statement_max=settings.lines_per_statement_max,
        requests_per_second=settings.requests_per_second,
        lease_s=settings.lease_s,
        opening_balance_age_s=settings.opening_balance_age_s,
        single_refusals_max=settings.single_refusals_max,
        webhook_private_targets=settings.webhook_private_targets == "on",
        retention_days=settings.retention_days,
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """The world, and what only operators need beside it."""

    world: World
    registrar: Registrar
    verify: TokenVerifier


@contextmanager
def opened(
    settings: Settings,
    transcript: Transcript | None = None,
    note: Note | None = None,
    *,
    any_key: bool = False,
) -> Generator[Opened]:
    """Everything that flows need; NotMigrated where the schema is not this program's, WrongSecretKey (unless `any_key`)
    where the secret key is not the database's. Closed at the end.

    A `transcript` keeps the calls to Sage, `note` is told of each.
    """
    keys = secret_keys(_with_directory(settings))
    database = Database(settings.database_url)
    try:
        _check_schema(settings, database)
        sealer = sealer_of(database, keys, facts.now(), any_key=any_key)
        with http_client(transcript) as http, http_client(transcript) as jwks_http, _clock(database) as clock:
            yield _build(settings, database, sealer, clock, http, JwksVerifier(jwks_http), note)
    finally:
        database.close()


@contextmanager
def _clock(database: Database) -> Generator[Clock]:
    """SQLite serves one host, whose clock will do; on PostgreSQL every host goes by the database's."""
    if not database.is_postgresql:
        yield facts.now
        return
    clock = DatabaseClock(database)
    try:
        yield clock
    finally:
        clock.close()


def http_client(transcript: Transcript | None = None) -> httpx2.Client:
    """Through the proxy that the environment names, if any; never for this machine."""
    direct: dict[str, httpx2.BaseTransport | None] = dict.fromkeys(THIS_MACHINE)
    options: dict[str, Any] = {
        "timeout": FETCH_TIMEOUT_S,
        "follow_redirects": False,
        "limits": httpx2.Limits(max_connections=CONNECTIONS_TO_SAGE_MAX),
        "mounts": direct,
    }
    return httpx2.Client(**options) if transcript is None else RecordingClient(transcript, **options)


def _build(
    settings: Settings,
    database: Database,
    sealer: Sealer,
    clock: Clock,
    http: httpx2.Client,
    verify: TokenVerifier,
    note: Note | None,
) -> Opened:
    def secrets_of(listing_id: str) -> ListingSecrets:
        return listings.secrets(world, listing_id)

    def secrets_anew(listing_id: str) -> ListingSecrets:
        return listings.secrets_anew(world, listing_id)

    destinations = SageDestinations(secrets_of, http, clock, secrets_anew=secrets_anew)

    def carried(delivery: Delivery) -> list[str]:
        return pushes.keys_carried(world, delivery)

    world = World(
        db=database,
        clock=clock,
        ids=facts.RandomIds(),
        sealer=sealer,
        destinations=destinations if note is None else MeasuredDestinations(destinations, note, carried),
        limits=limits_of(settings),
        is_production=settings.environment == "production",
        reports_sync_failures=settings.report_sync_failures == "on",
    )
    return Opened(world, destinations, verify)


def bring_to_schema(settings: Settings, actor: str, reason: str | None) -> bool:
    """All migrations that are missing; False if none was. The audit trail tells of it."""
    database = Database(_with_directory(settings).database_url)
    try:
        if revisions.is_current(database):
            return False
        _migrate(database)
        entry = AuditEntry(facts.now(), actor, "database.migrate", "database:schema", reason)
        database.write(lambda tx: audit.record(tx, entry))
    finally:
        database.close()
    return True


def _check_schema(settings: Settings, database: Database) -> None:
    """SQLite in development is brought to the schema without being asked."""
    if revisions.is_current(database):
        return
    if settings.environment == "development" and not database.is_postgresql:
        _migrate(database)
        return
    raise NotMigrated("the database has not the schema of this program; run `bankfeeds migrate`")


def _migrate(database: Database) -> None:
    """Here alone Alembic is needed: no other start is to pay for it."""
    from bankfeeds.store import schema  # noqa: PLC0415

    schema.migrate(database)


def _with_directory(settings: Settings) -> Settings:
    path = sqlite_path(settings)
    if path is not None and not path.parent.is_dir():
        raise WrongSetting(f"BANKFEEDS_DATABASE_URL: there is no directory {path.parent}")
    return settings
