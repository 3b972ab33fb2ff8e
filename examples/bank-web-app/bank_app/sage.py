"""What Sage asks of a page in its frame: who may show it, and how the customer goes back."""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

_PORTS = {"https": 443, "http": 80}


def headers(hosts: Sequence[str], *, in_frame: bool) -> dict[str, str]:
    """Nothing from elsewhere. No X-Frame-Options: it cannot name Sage's hosts. A form may lead back to Sage."""
    sage = " ".join(host if "://" in host else f"https://{host}" for host in hosts)
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        f"form-action 'self' {sage}" if in_frame else "form-action 'self'",
        f"frame-ancestors 'self' {sage}" if in_frame else "frame-ancestors 'none'",
    )
    return {
        "content-security-policy": "; ".join(policy),
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def may_return(url: str, hosts: Sequence[str]) -> bool:
    """Only to Sage: else anybody could send customers anywhere in the bank's name."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return False
    if parts.scheme not in _PORTS or "@" in parts.netloc or not url.startswith(f"{parts.scheme}://{parts.netloc}"):
        return False
    return any(_matches(pattern, parts.scheme, host, port) for pattern in hosts)


def return_address(redirect_uri: str, state: str) -> str:
    """Exactly as it was given, and `state` behind it."""
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}state={quote(state, safe='')}"


def _matches(pattern: str, scheme: str, host: str, port: int | None) -> bool:
    wanted_scheme, _, place = pattern.rpartition("://")
    name, _, wanted_port = place.partition(":")
    wanted_scheme = wanted_scheme or "https"
    if scheme != wanted_scheme or port != int(wanted_port or _PORTS[wanted_scheme]):
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name
