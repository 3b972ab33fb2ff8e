"""Which origins may frame our page and receive the user back: one grammar for the check and for the page's headers.

A pattern is `[scheme://]host[:port]`, as in a Content-Security-Policy: the host exact or `*.suffix`, the scheme https
unless given, the port the scheme's own unless given, `*` for any.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

SAGE = ("*.sagebankdrive.com", "*.sage.com", "*.intacct.com", "*.sageone.com")
LOOPBACK = ("http://127.0.0.1:*", "http://localhost:*", "http://*.localhost:*")
"""This machine: names under `localhost` lead nowhere else (RFC 6761), and browsers take each for a site of its own."""
URL_LENGTH_MAX = 2048
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.ASCII)
"""Nothing that somebody else may decode, or take for the end of the host; an IPv6 address comes without brackets."""
_USUAL_PORTS = {"https": 443, "http": 80}
_PATTERN = re.compile(r"(https?://)?(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:(\d{1,5}|\*))?", re.IGNORECASE | re.ASCII)


def is_pattern(text: str) -> bool:
    return _PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Origins:
    """Sage's, and `extra`; in development also this machine, and `extra` over plain HTTP."""

    extra: tuple[str, ...] = ()
    is_development: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """Each with its scheme: what a Content-Security-Policy takes."""
        plain = [pattern for pattern in self.extra if "://" not in pattern]
        given = [f"https://{pattern}" for pattern in (*SAGE, *plain)]
        given += [pattern for pattern in self.extra if "://" in pattern]
        if self.is_development:
            given += [f"http://{pattern}" for pattern in plain]
            given += LOOPBACK
        return tuple(dict.fromkeys(given))

    def allow(self, url: str) -> bool:
        """False for whatever a browser might read otherwise than we do."""
        found = _taken_apart(url)
        return found is not None and any(_matches(pattern, *found) for pattern in self.patterns)


def is_link(url: str, *, https_only: bool) -> bool:
    """An address that a person can be sent to, and that every browser reads as we do."""
    found = _taken_apart(url)
    return found is not None and (found[0] == "https" or not https_only)


def _taken_apart(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for whatever a browser might read otherwise than we do."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _USUAL_PORTS or not host or "@" in parts.netloc or _HOST.fullmatch(host) is None:
        return None
    return (parts.scheme, host, port) if url.startswith(f"{parts.scheme}://{parts.netloc}") else None


def _matches(pattern: str, scheme: str, host: str, port: int | None) -> bool:
    pattern_scheme, _, rest = pattern.partition("://")
    name, _, pattern_port = rest.partition(":")
    if scheme != pattern_scheme:
        return False
    if pattern_port != "*" and (port or _USUAL_PORTS[scheme]) != int(pattern_port or _USUAL_PORTS[scheme]):
        return False
    name = name.lower()
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def with_parameters(url: str, **parameters: str) -> str:
    """The address exactly as it was given, with more parameters behind those it has."""
    address, mark, fragment = url.partition("#")
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{joint}{added}{mark}{fragment}"
