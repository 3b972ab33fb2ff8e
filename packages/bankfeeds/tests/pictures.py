"""Small pictures, made byte by byte."""

import struct
import zlib


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 120, height: int = 40, colour: bytes = b"\x00\x3b\x71") -> bytes:
    rows = (b"\x00" + colour * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def svg(inside: str) -> bytes:
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 520 100" width="520" height="100">'
    return f"{head}{inside}</svg>".encode()


PNG = png()
SVG = svg(
    '<title>Harbour Bank</title><rect width="100" height="100" rx="22" fill="#0b3b71"/>'
    '<path d="M20 62q15-18 30 0t30 0M20 78q15-18 30 0t30 0" fill="none" stroke="#fff" stroke-width="7"/>'
    '<path d="M50 16v32M36 34h28" stroke="#fff" stroke-width="7"/>'
    '<text x="125" y="70" font-family="sans-serif" font-size="60" font-weight="700" fill="#0b3b71">Harbour Bank</text>'
)
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08\x00\x28\x00\x78\x01\x01\x11\x00"
    b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9"
)
"""Its frame's header is in order; what it shows does not matter."""
