"""Every setting, in one table: the fields of `Settings`, each annotated with its unit, bounds and meaning.

The table parses and checks what comes in (environment, else the TOML file named by BANKFEEDS_CONFIG, else the default)
and renders docs/reference/settings.md. A wrong or unknown setting is a WrongSetting: one line, naming it.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints
from urllib.parse import urlsplit

from bankfeeds.domain.origins import is_pattern

PREFIX = "BANKFEEDS_"
CONFIG = "BANKFEEDS_CONFIG"
SECRET_KEY_LENGTH_MIN = 32
_SHOWN_MAX = 60
_ADDRESS = re.compile(r"([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")


class WrongSetting(Exception):
    """The start stops; the message is the one line that says which setting, what it was and what it must be."""


@dataclass(frozen=True, slots=True)
class About:
    """One row of the table. Bounds are for numbers; `unit` is shown behind the default."""

    meaning: str
    unit: str = ""
    low: int = 0
    high: int = 2**31 - 1
    is_secret: bool = False
    is_url: bool = False
    is_origins: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Made once, by `load`; nothing in it changes while the program runs."""

    database_url: Annotated[
        str, About("`sqlite:///path` or `postgresql://user:password@host/name`, several hosts allowed", is_secret=True)
    ] = "sqlite:///bankfeeds.db"
    environment: Annotated[
        Literal["development", "production"],
        About("`production` requires a secret key and migrates nothing by itself"),
    ] = "development"
    host: Annotated[str, About("the address to listen on")] = "127.0.0.1"
    port: Annotated[int, About("the port to listen on; 0 takes a free one", high=65535)] = 8080
    metrics_address: Annotated[
        str, About("`host:port` on which /metrics is answered, to everybody who reaches it; empty: nowhere")
    ] = ""
    public_url: Annotated[
        str, About("where Sage and browsers reach this server; empty: the address it listens on", is_url=True)
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...], About("addresses or networks whose X-Forwarded-For and -Proto are believed")
    ] = ()
    secret_key: Annotated[
        tuple[str, ...],
        About(
            f"seals secrets and keys the hashes of API keys; {SECRET_KEY_LENGTH_MIN} characters or more; the first one "
            "writes, all read; in development made once and kept beside the database",
            is_secret=True,
        ),
    ] = ()
    redirect_hosts: Annotated[
        tuple[str, ...],
        About(
            "origins a user may be sent back to, besides https at `*.sagebankdrive.com`, `*.sage.com`, "
            "`*.intacct.com` and `*.sageone.com`; each is `[scheme://]host[:port]`, the host exact or `*.suffix`; "
            "in development this machine too",
            is_origins=True,
        ),
    ] = ()
    frame_ancestors: Annotated[
        tuple[str, ...],
        About("origins that may frame the authorisation page, besides the same four", is_origins=True),
    ] = ()
    log_level: Annotated[Literal["debug", "info", "warning", "error"], About("the least that is logged")] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"], About("`auto` is JSON unless standard error is a terminal")
    ] = "auto"

    sage_provider_url: Annotated[str, About("first listing: Provider API, what comes before /v1", is_url=True)] = ""
    sage_token_url: Annotated[str, About("first listing: the token endpoint, whole", is_url=True)] = ""
    sage_jwks_url: Annotated[
        str, About("first listing: keys of Sage's tokens; empty: found beside the token endpoint", is_url=True)
    ] = ""
    sage_client_id: Annotated[str, About("first listing: client id")] = ""
    sage_client_secret: Annotated[str, About("first listing: client secret", is_secret=True)] = ""
    sage_audience: Annotated[str, About("first listing: audience of our tokens")] = ""
    sage_api_key: Annotated[str, About("first listing: x-api-key", is_secret=True)] = ""
    sage_bank_id: Annotated[str, About("first listing: Sage's bank id; empty before registration")] = ""
    sage_header_name: Annotated[str, About("first listing: name of the header on Sage's calls to us")] = ""
    sage_header_value: Annotated[str, About("first listing: its value", is_secret=True)] = ""
    sage_amount_unit: Annotated[Literal["minor", "major"], About("first listing: the unit of amounts")] = "minor"

    otlp_endpoint: Annotated[
        str,
        About(
            "traces go to this OpenTelemetry collector, by OTLP over HTTP; empty: nowhere. Needs `bankfeeds[otel]`",
            is_url=True,
        ),
    ] = ""

    oidc_issuer: Annotated[
        str, About("operators may sign in with this OpenID Connect provider; empty: with passwords only", is_url=True)
    ] = ""
    oidc_client_id: Annotated[str, About("the portal's client id at that provider")] = ""
    oidc_client_secret: Annotated[str, About("its client secret", is_secret=True)] = ""

    body_bytes_max: Annotated[int, About("a longer request body is refused", "bytes", 1024, 64 * 2**20)] = 4 * 2**20
    api_requests_per_minute_max: Annotated[
        int, About("API requests of one key, as each process counts; then 429", "a minute", 1)
    ] = 1_000_000
    api_requests_per_day_max: Annotated[
        int, About("API requests of one key from 00:00 UTC on, as each process counts; then 429", "a day", 1)
    ] = 100_000_000
    request_threads: Annotated[int, About("requests worked on at a time", "threads", 1, 256)] = 16
    keep_alive_s: Annotated[int, About("an idle connection is closed after", "seconds", 1, 3600)] = 65
    drain_s: Annotated[int, About("at the end, requests in progress are waited for", "seconds", 1, 600)] = 30
    id_length_max: Annotated[int, About("length of a transaction's id", "characters", 1, 1000)] = 255
    description_length_max: Annotated[
        int, About("a longer description is cut, with a warning", "characters", 1, 10_000)
    ] = 255
    counterparty_length_max: Annotated[
        int, About("a longer counterparty is cut, with a warning", "characters", 1, 10_000)
    ] = 255
    reference_length_max: Annotated[
        int, About("a longer reference is cut, with a warning", "characters", 1, 10_000)
    ] = 255
    otp_lifetime_s: Annotated[int, About("a one-time password is good for", "seconds", 60, 86_400)] = 3600
    otp_failures_max: Annotated[int, About("wrong ones that void a connection's password", "", 1, 100)] = 5
    login_failures_max: Annotated[
        int, About("failures from one address within the window, then 429", "", 1, 10_000)
    ] = 20
    login_window_s: Annotated[int, About("the window of those failures", "seconds", 60, 86_400)] = 900
    session_s: Annotated[int, About("an authorisation is good for", "seconds", 60, 3600)] = 1200

    lines_per_statement_max: Annotated[int, About("lines that one statement to Sage carries", "lines", 1, 1000)] = 1000
    requests_per_second: Annotated[int, About("calls to one listing's Provider API", "a second", 1, 1000)] = 10
    lease_s: Annotated[int, About("a worker that stopped loses its feed after", "seconds", 10, 600)] = 60
    report_check_s: Annotated[
        int, About("an account offered to Sage and not heard of is asked for after", "seconds", 60, 604_800)
    ] = 1200
    opening_balance_age_s: Annotated[
        int, About("an older balance is not told with the opening statement", "seconds", 0, 604_800)
    ] = 86_400
    report_sync_failures: Annotated[
        Literal["off", "on"], About("`on` tells Sage, once, of each feed that parks (`POST /sync`, hardly documented)")
    ] = "off"
    retention_days: Annotated[
        int, About("texts of lines in Sage are erased so long after their date; 0: never", "days", 0, 36_500)
    ] = 0
    single_refusals_max: Annotated[int, About("refusals of one line alone that park its feed", "", 1, 100)] = 2
    webhook_private_targets: Annotated[
        Literal["off", "on"],
        About(
            "`on` lets webhooks go to private networks and this machine, over plain http too; never to link-local ones"
        ),
    ] = "off"

    def __repr__(self) -> str:
        return f"Settings(environment={self.environment!r}, host={self.host!r}, port={self.port})"

    @property
    def has_first_listing(self) -> bool:
        return bool(self.sage_provider_url)


OIDC_NEEDS = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
FIRST_LISTING_NEEDS = (
    "sage_provider_url",
    "sage_token_url",
    "sage_client_id",
    "sage_client_secret",
    "sage_audience",
    "sage_api_key",
    "sage_header_name",
    "sage_header_value",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A field of `Settings` with its annotation taken apart."""

    field: str
    kind: Any
    default: Any
    about: About

    @property
    def name(self) -> str:
        return PREFIX + self.field.upper()

    @property
    def choices(self) -> tuple[str, ...]:
        return get_args(self.kind) if self.kind not in {str, int} and not self.is_list else ()

    @property
    def is_list(self) -> bool:
        return self.kind == tuple[str, ...]


def _rows() -> Iterator[Row]:
    hints = get_type_hints(Settings, include_extras=True)
    for each in fields(Settings):
        kind, about = get_args(hints[each.name])
        default: Any = None if each.default is MISSING else each.default
        yield Row(each.name, kind, default, about)


TABLE: tuple[Row, ...] = tuple(_rows())
_BY_FIELD = {row.field: row for row in TABLE}


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in force, checked one by one and against each other; WrongSetting at the first that is wrong."""
    texts = _from_file(environ[CONFIG]) if environ.get(CONFIG) else {}
    for name, text in environ.items():
        if name.startswith(PREFIX) and name != CONFIG:
            texts[_field_of(name, name)] = text
    values: dict[str, Any] = {field: _parse(_BY_FIELD[field], text) for field, text in texts.items()}
    settings = Settings(**values)
    _check_together(settings)
    return settings


def _from_file(path: str) -> dict[str, str]:
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSetting(f"{CONFIG}: {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{CONFIG}: {path} is not TOML: {error}") from error
    return {_field_of(key, f"{key} in {path}"): _as_text(value, f"{key} in {path}") for key, value in table.items()}


def _as_text(value: object, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list):
        return ",".join(_as_text(item, where) for item in cast("list[object]", value))
    raise WrongSetting(f"{where}: must be a string, a whole number or a list of strings")


def _field_of(name: str, where: str) -> str:
    field = name.upper().removeprefix(PREFIX).lower()
    if field in _BY_FIELD:
        return field
    near = difflib.get_close_matches(field, _BY_FIELD, n=1)
    hint = f"; did you mean {_BY_FIELD[near[0]].name}?" if near else ""
    raise WrongSetting(f"{where}: there is no such setting{hint}")


def _parse(row: Row, text: str) -> object:
    text = text.strip()
    if row.kind is int:
        return _parse_number(row, text)
    if row.is_list:
        parts = tuple(part for part in (part.strip() for part in text.split(",")) if part)
        wrong = [part for part in parts if row.about.is_origins and not is_pattern(part)]
        if wrong:
            raise WrongSetting(f"{row.name}: {_shown(row, wrong[0])} is not [scheme://]host[:port], without a path")
        return parts
    if row.choices and text not in row.choices:
        raise WrongSetting(f"{row.name}: {_shown(row, text)} is not one of {', '.join(row.choices)}")
    if row.about.is_url and text:
        return _parse_url(row, text)
    return text


def _parse_number(row: Row, text: str) -> int:
    low, high = row.about.low, row.about.high
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(high)) and low <= int(text) <= high):
        raise WrongSetting(f"{row.name}: {_shown(row, text)} is not a whole number from {low} to {high}")
    return int(text)


def _parse_url(row: Row, text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise WrongSetting(f"{row.name}: {_shown(row, text)} is not an address such as https://bank.example")
    return text.rstrip("/")


def _shown(row: Row, text: str) -> str:
    """As it was written, in double quotes, on one line; nothing of a secret."""
    if row.about.is_secret:
        return "its value"
    cut = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"
    return '"' + "".join(c if c.isprintable() else "?" for c in cut) + '"'


def _check_together(settings: Settings) -> None:
    if not settings.database_url.removeprefix("sqlite:///").removeprefix("postgresql://") or not (
        settings.database_url.startswith(("sqlite:///", "postgresql://"))
    ):
        raise WrongSetting("BANKFEEDS_DATABASE_URL: must be sqlite:///path or postgresql://user:password@host/name")
    if settings.environment == "production" and not settings.secret_key:
        raise WrongSetting("BANKFEEDS_SECRET_KEY: is required in production; make one with `openssl rand -base64 48`")
    for key in settings.secret_key:
        if len(key) < SECRET_KEY_LENGTH_MIN:
            raise WrongSetting(f"BANKFEEDS_SECRET_KEY: a key must have {SECRET_KEY_LENGTH_MIN} characters or more")
    if settings.metrics_address and not _ADDRESS.fullmatch(settings.metrics_address):
        raise WrongSetting("BANKFEEDS_METRICS_ADDRESS: must be host:port, such as 127.0.0.1:9464")
    missing = [_BY_FIELD[field].name for field in FIRST_LISTING_NEEDS if not getattr(settings, field)]
    given = [row.name for row in TABLE if row.field.startswith("sage_") and getattr(settings, row.field) != row.default]
    if given and missing:
        raise WrongSetting(f"{missing[0]}: is missing; a first listing needs it beside {given[0]}")
    absent = [_BY_FIELD[field].name for field in OIDC_NEEDS if not getattr(settings, field)]
    if absent and len(absent) < len(OIDC_NEEDS):
        raise WrongSetting(f"{absent[0]}: is missing; OpenID Connect needs it")


def render_reference() -> str:
    """The table of docs/reference/settings.md."""
    head = "| setting | default | allowed | meaning |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{row.name}` | {_default_shown(row)} | {_allowed(row)} | {row.about.meaning} |\n" for row in TABLE
    )


def _default_shown(row: Row) -> str:
    if row.default in {"", ()}:
        return "-"
    return f"`{row.default}` {row.about.unit}".strip()


def _allowed(row: Row) -> str:
    if row.choices:
        return " or ".join(f"`{choice}`" for choice in row.choices)
    if row.kind is int:
        return f"{row.about.low} to {row.about.high}"
    if row.about.is_url:
        return "http or https address"
    return "list, comma-separated" if row.is_list else "text"
