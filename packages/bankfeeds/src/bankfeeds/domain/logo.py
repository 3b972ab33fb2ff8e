"""A logo's content, looked at before it is kept: a PNG, JPEG or SVG picture that runs nothing and calls nobody."""

import zlib

from bankfeeds.domain.branding import Logo
from bankfeeds.domain.errors import Invalid, one_flaw
from bankfeeds.domain.svg import check_svg

BYTES_MAX = 256 * 1024
SIDE_PX_MAX = 4000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG's markers of a frame, whose header has the picture's size."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN, _END = 0xDA, b"\xff\xd9"


def read_logo(content: bytes) -> Logo:
    """Invalid, naming `logo`, for what is none; the name and type that came with it are not believed."""
    if len(content) > BYTES_MAX:
        raise _refusal(f"is {len(content)} bytes long; at most {BYTES_MAX} are taken")
    if content.startswith(_PNG):
        _check_png(content)
        return Logo("image/png", content)
    if content.startswith(_JPEG):
        _check_jpeg(content)
        return Logo("image/jpeg", content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        check_svg(content)
        return Logo("image/svg+xml", content)
    raise _refusal("is no PNG, JPEG or SVG picture")


def _check_png(content: bytes) -> None:
    """Every chunk to the last one, by its own checksum."""
    at = len(_PNG)
    first = True
    while True:
        length = int.from_bytes(content[at : at + 4])
        kind, end = content[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(content) or zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            raise _refusal("is a damaged PNG picture")
        if first:
            if kind != b"IHDR":
                raise _refusal("is a damaged PNG picture")
            _check_size(int.from_bytes(content[at + 8 : at + 12]), int.from_bytes(content[at + 12 : at + 16]))
        first, at = False, end + 4
        if kind == b"IEND":
            break
    if at != len(content):
        raise _refusal("has something behind its picture")


def _check_jpeg(content: bytes) -> None:
    """Every segment up to the picture itself, which has to come to its end."""
    at, has_size = 2, False
    while True:
        if content[at : at + 1] != b"\xff" or at + 4 > len(content):
            raise _refusal("is a damaged JPEG picture")
        marker = content[at + 1]
        if marker == 0xFF or marker in _ALONE:  # noqa: PLR2004 - a filling byte
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004
            continue
        length = int.from_bytes(content[at + 2 : at + 4])
        if marker in _FRAMES:
            _check_size(int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7]))
            has_size = True
        if marker == _SCAN:
            break
        at += 2 + length
    if not has_size or not content.endswith(_END):
        raise _refusal("is a damaged JPEG picture")


def _check_size(width: int, height: int) -> None:
    if not (1 <= width <= SIDE_PX_MAX and 1 <= height <= SIDE_PX_MAX):
        raise _refusal(f"is {width} by {height} pixels; each side must have 1 to {SIDE_PX_MAX}")


def _refusal(why: str) -> Invalid:
    return one_flaw("logo", why)
