"""The portal's cookies: of the session, of the form to sign in with, of a sign-in elsewhere, and the language."""

import re
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

SESSION = "bankfeeds_session"
FORM = "bankfeeds_form"
LANGUAGE = "bankfeeds_language"
SIGN_ON = "bankfeeds_sign_on"
HEADER_LENGTH_MAX = 8192
LANGUAGE_KEPT_S = 365 * 86_400
_VALUE = re.compile(r"[A-Za-z0-9_-]{0,200}")


def read(headers: Mapping[str, str]) -> dict[str, str]:
    """Those with a value of ours; others' are left out."""
    try:
        jar: SimpleCookie = SimpleCookie(headers.get("cookie", "")[:HEADER_LENGTH_MAX])
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items() if _VALUE.fullmatch(morsel.value)}


def write(name: str, value: str, path: str, *, is_https: bool, kept_s: int | None = None) -> str:
    """The header's value. Without `kept_s` it ends with the browser."""
    age = "" if kept_s is None else f"; Max-Age={kept_s}"
    return f"{name}={value}; Path={path}; HttpOnly; SameSite=Lax{age}{'; Secure' if is_https else ''}"
