"""What the institution says of itself through the API, and the origins its pages may call the API from."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bankfeeds.domain.errors import Flaw, Invalid

NAME_LENGTH_MAX = 100
URL_LENGTH_MAX = 2048
URLS_MAX = 50


@dataclass(frozen=True, slots=True)
class Profile:
    """`redirect_url` may hold `{companyId}` and other names in braces."""

    name: str
    redirect_url: str
    logo_url: str | None = None
    icon_url: str | None = None
    white_list_urls: tuple[str, ...] = ()


def checked_profile(profile: Profile) -> Profile:
    flaws: list[Flaw] = []
    if not 1 <= len(profile.name.strip()) <= NAME_LENGTH_MAX or not profile.name.isprintable():
        flaws.append(Flaw("name", f"must have 1 to {NAME_LENGTH_MAX} printable characters"))
    if len(profile.white_list_urls) > URLS_MAX:
        flaws.append(Flaw("whiteListUrls", f"has {len(profile.white_list_urls)} entries; at most {URLS_MAX}"))
    urls = [("redirectUrl", profile.redirect_url), ("logoUrl", profile.logo_url), ("iconUrl", profile.icon_url)]
    urls += [(f"whiteListUrls[{position}]", url) for position, url in enumerate(profile.white_list_urls)]
    flaws += [
        Flaw(field, "must be an http or https address such as https://bank.example")
        for field, url in urls
        if url is not None and not is_web_address(url)
    ]
    if flaws:
        raise Invalid("profile", f"{flaws[0].field}: {flaws[0].message}", tuple(flaws))
    return profile


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    is_clean = text.isprintable() and " " not in text and len(text) <= URL_LENGTH_MAX
    return is_clean and parts.scheme in {"http", "https"} and bool(parts.hostname)


def checked_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Each `scheme://host[:port]` in the spelling browsers send, once. A wildcard is none: it would let in anybody."""
    if len(origins) > URLS_MAX:
        raise _wrong("allowedOrigins", f"has {len(origins)} entries; at most {URLS_MAX}")
    kept: dict[str, None] = {}
    for position, text in enumerate(origins):
        origin = _origin(text)
        if origin is None:
            raise _wrong(
                f"allowedOrigins[{position}]", "must be an origin such as https://bank.example, without a path"
            )
        kept[origin] = None
    return tuple(kept)


def _origin(text: str) -> str | None:
    if not is_web_address(text) or "*" in text:
        return None
    parts = urlsplit(text)
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    port = {("http", 80): None, ("https", 443): None}.get((parts.scheme, parts.port or 0), parts.port)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _wrong(field: str, message: str) -> Invalid:
    return Invalid("origins", f"{field}: {message}", (Flaw(field, message),))
