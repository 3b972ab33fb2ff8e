"""Which format a file is in, told from its first bytes; of others what they are, so that a refusal can say it."""

import re
from enum import StrEnum


class Kind(StrEnum):
    """The formats that are read."""

    camt = "camt"
    mt940 = "MT940"
    ofx = "OFX"
    bai2 = "BAI2"
    csv = "CSV"


_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b'{"', "JSON"),
)
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_SWIFT = re.compile(rb"(?:^|[\r\n])(?:\xef\xbb\xbf)?(?:\{1:|:(?:20|25|28C?|60[FM]|61|940|NS):)")
_OFX = re.compile(rb"^(?:\xef\xbb\xbf)?(?:OFXHEADER|<\?OFX|<OFX>|<\?xml[^>]*\?>\s*<(?:\?OFX|OFX>))")
_BAI2 = re.compile(rb"01,[^,\r\n]*,[^,\r\n]*,[0-9]{6},")
_TABLE = re.compile(rb"[^\r\n]*[,;|\t][^\r\n]*[\r\n]+[^\r\n]*[,;|\t]|^\xff\xfe[^<]|^\xfe\xff")
_HEAD_BYTES = 2048


def kind_of(head: bytes) -> Kind | None:
    """None if it is none of them."""
    start = head.lstrip()
    if _OFX.search(start[:_HEAD_BYTES]):
        return Kind.ofx
    if start.startswith(_XML_STARTS):
        return Kind.camt
    if _BAI2.match(start):
        return Kind.bai2
    if _SWIFT.search(start[:_HEAD_BYTES]):
        return Kind.mt940
    if not any(start.startswith(sign) for sign, _ in _SIGNS) and _TABLE.search(head[:_HEAD_BYTES]):
        return Kind.csv
    return None


def called(head: bytes) -> str:
    """What a file is that is not read, for a refusal."""
    if not head.strip():
        return "the file is empty"
    start = head.lstrip()
    name = next((name for sign, name in _SIGNS if start.startswith(sign)), None)
    return "this is no statement file" if name is None else f"this is {name}"
