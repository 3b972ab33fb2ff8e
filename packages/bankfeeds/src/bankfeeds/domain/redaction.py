"""What may be shown of calls with Sage: their shape, and nothing of anybody.

A text becomes another of the same shape: letters become letters, digits digits, and the rest stays. The same text
becomes the same everywhere in one transcript, so ids can still be followed; without its key nothing leads back. Kept as
they are: words of the protocol, dates, counts, the addresses of hosts.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

Json = None | bool | int | Decimal | str | list["Json"] | dict[str, "Json"]

KEPT = frozenset(
    [
        "status",
        "type",
        "code",
        "path",
        "resourcetype",
        "eventtype",
        "accounttype",
        "transactiontype",
        "transactionstatus",
        "countrycode",
        "primarycountry",
        "region",
        "granttype",
        "tokentype",
        "expiresin",
        "transactiondetailscount",
        "accountdetailscount",
        "httpstatus",
        "alg",
        "kty",
        "use",
    ]
)
"""Names, in lower case, without punctuation, whose values are words of the protocol or counts."""
TOLD = frozenset({"message", "detail", "title", "error", "errordescription"})
"""Names whose values are sentences: kept, but for what was found elsewhere and for digits."""
HEADERS_KEPT = frozenset({"content-type", "retry-after", "allow"})
WORD_LENGTH_MAX = 40
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\] -]*")
_NO_LETTER = re.compile(r"[^a-z]")
_HEX = re.compile(r"[0-9a-f-]{8,}")
_URL = re.compile(r"https?://")
_ONE = str.maketrans("023456789", "111111111")


class Redactor:
    """`key` is chosen at random for each transcript, and kept nowhere."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._seen: dict[str, str] = {}

    def json(self, value: Json, name: str = "") -> Json:
        """The same members and kinds of values, deep down; `name` is the member that holds it."""
        if isinstance(value, dict):
            return {key: self.json(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self.json(each, name) for each in value]
        if isinstance(value, str):
            return self._text(value, _plain(name))
        if value is None or isinstance(value, bool) or _plain(name) in KEPT:
            return value
        return number(value)

    def path(self, path: str, words: frozenset[str]) -> str:
        """Segments that are no word of the protocol are ids."""
        return "/".join(part if part in words or not part else self.same(part) for part in path.split("/"))

    def pairs(self, text: str) -> dict[str, Json]:
        """Of a query or a form: an address keeps its host, anything else is an id."""
        return {name: self._text(value, _plain(name)) for name, value in parse_qsl(text, keep_blank_values=True)}

    def headers(self, given: Mapping[str, str]) -> dict[str, Json]:
        """Kept are those without secrets; of the others, that they were there."""
        return {
            name.lower(): value if name.lower() in HEADERS_KEPT or name.lower().startswith("x-rate") else _shape(value)
            for name, value in given.items()
        }

    def same(self, text: str) -> str:
        """Another text of the same shape, the same one each time."""
        if text not in self._seen:
            self._seen[text] = self._another(text)
        return self._seen[text]

    def _text(self, text: str, name: str) -> str:
        if _DATE.fullmatch(text) or (name in KEPT and len(text) <= WORD_LENGTH_MAX and _WORD.fullmatch(text)):
            return text
        if name in TOLD:
            return self._sentence(text)
        if _URL.match(text):
            return self._address(text)
        return self.same(text)

    def _sentence(self, text: str) -> str:
        for original in sorted(self._seen, key=len, reverse=True):
            if len(original) >= _NAMED_LENGTH_MIN and original in text:
                text = text.replace(original, self._seen[original])
        return re.sub(r"\d", "1", text)

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        path = "/".join(self.same(part) if any(c.isdigit() for c in part) else part for part in parts.path.split("/"))
        query = "&".join(f"{name}={value}" for name, value in self.pairs(parts.query).items())
        return f"{parts.scheme}://{parts.hostname or ''}{path}{'?' + query if query else ''}"

    def _another(self, text: str) -> str:
        is_hex = bool(_HEX.fullmatch(text))
        stream = b""
        while len(stream) < len(text):
            block = f"{len(stream)}:{text}".encode("utf-8", "surrogatepass")
            stream += hmac.digest(self._key, block, hashlib.sha256)
        return "".join(_same_kind(c, at, is_hex=is_hex) for c, at in zip(text, stream, strict=False))


_NAMED_LENGTH_MIN = 4
"""Shorter texts are replaced in a sentence only as far as they are digits: they are parts of its words."""


def number(value: int | Decimal) -> int | Decimal:
    """As many digits, all ones: the sign and the decimals stay."""
    if isinstance(value, int):
        return int(str(value).translate(_ONE))
    return Decimal(str(value).translate(_ONE))


def _same_kind(c: str, at: int, *, is_hex: bool) -> str:
    if c.isdigit():
        return chr(ord("0") + at % 10)
    if not c.isalpha():
        return c
    letter = chr(ord("a") + at % (6 if is_hex else 26))
    return letter.upper() if c.isupper() else letter


def _shape(value: str) -> str:
    """Of a header: the scheme of a credential, never the credential."""
    scheme, _, rest = value.partition(" ")
    return f"{scheme} (hidden)" if rest and scheme in {"Bearer", "Basic"} else "(hidden)"


def _plain(name: str) -> str:
    return _NO_LETTER.sub("", name.lower())
