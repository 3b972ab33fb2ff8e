"""Sage's request signature for the Consumer API: HMAC-SHA1 over method, address, parameters and nonce."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit


def sign(method: str, url: str, body: bytes | None, nonce: str, key: str) -> str:
    """The value of X-Signature."""
    parts = urlsplit(url)
    pairs = [(_encoded(name), _encoded(value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    if body is not None:
        pairs.append(("body", _encoded(base64.b64encode(body).decode())))
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")).lower()
    parameters = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    base = "&".join([method.upper(), _encoded(address), _encoded(parameters), _encoded(nonce)])
    digest = hmac.new(f"{key}&null".encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
