"""What a file is that is not XML, told from its first bytes: so that a refusal can say it."""

_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"{1:", "a SWIFT message such as MT940"),
    (b":20:", "a SWIFT message such as MT940"),
    (b"OFXHEADER", "an OFX file"),
    (b"01,", "a BAI2 file"),
    (b"{", "JSON"),
)
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")


def why_not_xml(head: bytes) -> str | None:
    """None if the file may be XML, judging by its first bytes."""
    if not head:
        return "the file is empty"
    start = head.lstrip()
    if start.startswith(_XML_STARTS):
        return None
    for sign, name in _SIGNS:
        if start.startswith(sign):
            return f"this is {name}, not XML"
    return "this is not XML"
