"""Which addresses a webhook may be sent to: none that reaches into our own network by accident or by design."""

import ipaddress
from urllib.parse import urlsplit

URL_LENGTH_MAX = 2048
_EMBEDDING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
"""IPv6 that carries an IPv4 address somewhere inside: where it ends up is not ours to know."""
_CLOUDS_OWN = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))
"""Where a cloud answers its machines, with their credentials among it; the rest of those are link-local or shared."""


def url_flaw(url: str, *, allows_private: bool) -> str | None:
    """What is wrong with a consumer's address as it is written; None if nothing is."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be ASCII without spaces, of at most {URL_LENGTH_MAX} characters"
    if not host or parts.scheme not in ({"http", "https"} if allows_private else {"https"}):
        return "must begin with https:// and name a host"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "must hold no user, password or fragment; send a custom header instead"
    literal = _literal(host)
    if literal is not None and not may_reach(literal, allows_private=allows_private):
        return "is an address inside a private network"
    return None


def may_reach(address: str, *, allows_private: bool) -> bool:
    """Whether this IP address may be called. Private ones and this machine only where the setting allows it; those that
    hosts and clouds keep for themselves (link-local, multicast, reserved) never.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return may_reach(str(ip.ipv4_mapped), allows_private=allows_private)
        if ip != ipaddress.IPv6Address("::1") and any(ip in network for network in _EMBEDDING):
            return False
        if ip.is_site_local:
            return False
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _CLOUDS_OWN:
        return False
    if ip.is_loopback or (ip.is_private and not ip.is_reserved):
        return allows_private
    return ip.is_global and not ip.is_reserved


def _literal(host: str) -> str | None:
    """The host, if it is written as an address: also in the spellings that a resolver takes for one."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
