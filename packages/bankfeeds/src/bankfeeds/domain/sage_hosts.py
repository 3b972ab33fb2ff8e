"""Which of Sage's environments an address belongs to, as far as its name says so: mixing them up costs days."""

from enum import StrEnum
from urllib.parse import urlsplit


class Environment(StrEnum):
    sandbox = "sandbox"
    production = "production"
    local = "this machine"


_SANDBOX_HOSTS = ("sagebanking-sandbox.cloud", "id-shadow.sage.com")
_SANDBOX_WORDS = ("sandbox", "shadow", "snd0", "dev-", "qa-", "pp-", "-uat", "uat-", "staging")
_SAGE = ("sage.com", "sagebankdrive.com")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_SANDBOX_AUDIENCE_END = "-Pre"


def environment_of(url: str) -> Environment | None:
    """None for a host that is no known one of Sage's: a proxy, a stand-in."""
    host = (urlsplit(url).hostname or "").lower()
    if host in _LOCAL:
        return Environment.local
    if _is_below(host, _SANDBOX_HOSTS):
        return Environment.sandbox
    if not _is_below(host, _SAGE):
        return None
    return Environment.sandbox if any(word in host for word in _SANDBOX_WORDS) else Environment.production


def environment_of_audience(audience: str) -> Environment | None:
    return Environment.sandbox if audience.endswith(_SANDBOX_AUDIENCE_END) else None


def _is_below(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith("." + name) for name in names)
