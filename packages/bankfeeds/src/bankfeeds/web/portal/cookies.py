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
_HOST_ONLY = "__Host-"
"""On https browsers keep a cookie of such a name only if this very host set it: no other of its domain plants one."""
_VALUE = re.compile(r"[A-Za-z0-9_-]{0,200}")


def read(headers: Mapping[str, str], *, is_https: bool) -> dict[str, str]:
    """Those with a value of ours; others' are left out, and so are those that another host may have set."""
    try:
        jar: SimpleCookie = SimpleCookie(headers.get("cookie", "")[:HEADER_LENGTH_MAX])
    except CookieError:
        return {}
    sent = _HOST_ONLY if is_https else ""
    return {
        name.removeprefix(sent): morsel.value
        for name, morsel in jar.items()
        if name.startswith(sent) and _VALUE.fullmatch(morsel.value)
    }


def write(name: str, value: str, path: str, *, is_https: bool, kept_s: int | None = None) -> str:
    """The header's value. Without `kept_s` it ends with the browser. On https `path` is the whole host."""
    age = "" if kept_s is None else f"; Max-Age={kept_s}"
    if is_https:
        return f"{_HOST_ONLY}{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}; Secure"
    return f"{name}={value}; Path={path}; HttpOnly; SameSite=Lax{age}"
