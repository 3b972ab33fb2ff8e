"""Where a caller sits, for counting failures."""

import ipaddress

_PREFIX_V6 = 64


def neighbourhood(address: str) -> str:
    """The address itself, or the network one subscriber has of IPv6: counting single ones of those counts nothing."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _PREFIX_V6), strict=False))
