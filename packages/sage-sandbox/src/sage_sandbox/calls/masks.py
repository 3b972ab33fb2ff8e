"""Takes secrets out of what the log keeps: by their value where it is known, by their names and shapes where not."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote

MASK = "***"
_NAMES = "client_secret|access_token|token|jwt|signingKey|applicationSigningKey|headerValue|apiKey|clientSecret"
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)*', re.DOTALL)
_IN_FORM = re.compile(r"(client_secret=)[^&\s]*")
_IN_URL = re.compile(r"(signature=)[^&\s\"\\]*")
_TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
_LENGTH_MIN = 4
_PLAIN = frozenset({"content-type", "content-length", "date", "host", "accept", "accept-encoding", "connection"})
_HEADERS = frozenset({"x-api-key", "x-signature", "cookie", "set-cookie"})


@lru_cache(maxsize=4)
def known(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Secrets by their value, bare and as in a form; made once, since every call is looked through."""
    values = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    return tuple(sorted((value for value in values if len(value) >= _LENGTH_MIN), key=len, reverse=True))


def mask_text(text: str, secrets: tuple[str, ...]) -> str:
    """A URL or body without secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern in (_IN_JSON, _IN_FORM, _IN_URL):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return _TOKEN.sub(f"eyJ{MASK}", text)


def mask_headers(
    headers: Iterable[tuple[str, str]], secrets: tuple[str, ...], secret_names: Iterable[str] = ()
) -> Mapping[str, str]:
    """Headers by name in lower case; of credentials only the scheme is left."""
    named = _HEADERS | {name.lower() for name in secret_names}
    shown: dict[str, str] = {}
    for spelt, value in headers:
        name = spelt.lower()
        if name == "authorization":
            scheme, space, _ = value.partition(" ")
            shown[name] = f"{scheme} {MASK}" if space else MASK
        else:
            shown[name] = MASK if name in named else value if name in _PLAIN else mask_text(value, secrets)
    return shown
