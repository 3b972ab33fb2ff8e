"""The signature of the Consumer API's bootstrap calls: HMAC-SHA1 over method, URL, body and nonce (3.3.1)."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl, quote


def encode(text: str) -> str:
    """RFC 3986 percent-encoding: all but letters, digits and - _ . ~"""
    return quote(text, safe="-_.~")


def base_string(method: str, url: str, body: bytes | None, nonce: str) -> str:
    bare, _, query = url.partition("?")
    pairs = [(encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
    if body is not None:
        pairs.append(("body", encode(base64.b64encode(body).decode())))
    pairs.sort(key=lambda pair: pair[0])
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join((method.upper(), encode(bare.lower()), encode(joined), encode(nonce)))


def sign(method: str, url: str, body: bytes | None, nonce: str, key: str) -> str:
    digest = hmac.new(f"{key}&null".encode(), base_string(method, url, body, nonce).encode(), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def is_signed(method: str, url: str, body: bytes, nonce: str, key: str, signature: str) -> bool:
    """Whether the signature fits any reading of the body that clients are known to sign."""
    return any(
        hmac.compare_digest(sign(method, url, reading, nonce, key).encode(), signature.encode())
        for reading in _readings(body)
    )


def _readings(body: bytes) -> list[bytes | None]:
    """The raw bytes, then minified; without a body: none, and the two empty ones that clients make up."""
    if not body:
        return [None, b"[]", b"{}"]
    readings: list[bytes | None] = [body]
    try:
        minified = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return readings
    return [*readings, minified]
