"""Colours that can be read, and logos that are nothing but pictures."""

import struct
import zlib

import pytest

from bankfeeds.domain.branding import CONTRAST_MIN, contrast, is_pale, text_on, tidy_colour
from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.logo import BYTES_MAX, SIDE_PX_MAX, read_logo

from .. import pictures


@pytest.mark.parametrize(
    ("typed", "colour"),
    [
        ("#0A5", "#00aa55"),
        (" #00713D ", "#00713d"),
        ("00713d", None),
        ("#00713d;}", None),
        ("red", None),
        ("", None),
    ],
)
def test_a_colour_is_six_digits_or_three_and_nothing_else(typed, colour):
    assert tidy_colour(typed) == colour


def test_on_any_colour_white_or_black_can_be_read():
    steps = (0, 51, 102, 118, 119, 153, 204, 255)
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red in steps for green in steps for blue in steps]

    assert all(contrast(colour, text_on(colour)) >= CONTRAST_MIN for colour in colours)
    assert contrast("#000000", "#ffffff") == 21
    assert [text_on(colour) for colour in ("#00713d", "#ffd200")] == ["#ffffff", "#000000"]
    assert [is_pale(colour) for colour in ("#00713d", "#ffd200")] == [False, True]


@pytest.mark.parametrize(
    ("content", "kind"), [(pictures.PNG, "image/png"), (pictures.JPEG, "image/jpeg"), (pictures.SVG, "image/svg+xml")]
)
def test_a_logo_is_told_by_its_content(content, kind):
    logo = read_logo(content)

    assert (logo.type, logo.content) == (kind, content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a...",
        b"<html></html>",
        pictures.PNG[:-4],
        pictures.PNG + b"<script>alert(1)</script>",
        pictures.PNG.replace(b"IHDR", b"IHDX"),
        pictures.png(SIDE_PX_MAX + 1, 1),
        pictures.png(0, 10),
        pictures.JPEG[:-2],
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\xff\xd8\xff" + b"\xff" * 50,
        pictures.SVG[:-7],
    ],
)
def test_what_is_no_whole_picture_of_a_sensible_size_is_refused(content):
    with pytest.raises(Invalid) as caught:
        read_logo(content)

    assert [flaw.field for flaw in caught.value.flaws] == ["logo"]


def test_a_logo_has_at_most_256_kib():
    padding = BYTES_MAX - len(pictures.PNG)
    text = b"tEXt" + b"x" * (padding - 12)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    largest = pictures.PNG[:-12] + chunk + pictures.PNG[-12:]

    assert len(read_logo(largest).content) == BYTES_MAX == 256 * 1024
    with pytest.raises(Invalid, match=str(BYTES_MAX)):
        read_logo(largest + b" ")


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<script>alert(1)</script>", "script"),
        ("<style>@import 'https://elsewhere.example/x.css'</style>", "style"),
        ("<image href='https://elsewhere.example/x.png'/>", "image"),
        ("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>", "foreignObject"),
        ("<a href='https://elsewhere.example'><path d=''/></a>", "element a"),
        ("<animate attributeName='href' to='javascript:alert(1)'/>", "animate"),
        ("<path onclick='alert(1)' d=''/>", "onclick"),
        ("<use href='https://elsewhere.example/x.svg#a'/>", "href"),
        ("<use xmlns:x='http://www.w3.org/1999/xlink' x:href='//elsewhere.example/x.svg#a'/>", "href"),
        ("<use href='data:image/svg+xml,x'/>", "href"),
        ("<path fill='url(https://elsewhere.example/x.svg#a)' d=''/>", "fill"),
        ("<path style='fill: URL( \"//elsewhere.example\")' d=''/>", "style"),
        ("<path style='fill: u\\72l(//elsewhere.example)' d=''/>", "style"),
        ("<path style='fill: url/**/(//elsewhere.example)' d=''/>", "style"),
        ("<g xml:base='https://elsewhere.example/'/>", "base"),
        ("<?xml-stylesheet href='https://elsewhere.example/x.css'?>", "processing instruction"),
        ("<path xmlns='https://elsewhere.example' d=''/>", "path"),
        ("<g>" * 5001 + "</g>" * 5001, "5000"),
    ],
)
def test_an_svg_that_runs_something_or_fetches_it_is_refused_with_what_and_the_remedy(inside, named):
    with pytest.raises(Invalid) as caught:
        read_logo(pictures.svg(inside))

    assert named in caught.value.message
    assert "plain SVG" in caught.value.message


def test_an_svg_with_entities_is_refused_before_any_is_made():
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + pictures.SVG
    with pytest.raises(Invalid, match="DOCTYPE"):
        read_logo(bomb)
    with pytest.raises(Invalid, match="encoding"):
        read_logo(b'<?xml version="1.0" encoding="no-such"?>' + pictures.SVG)


def test_an_svg_may_refer_to_its_own_parts():
    inside = (
        "<defs><linearGradient id='g'/></defs><path fill='url(#g)' style='stroke:url(\"#g\")' d=''/><use href='#g'/>"
    )

    assert read_logo(pictures.svg(inside)).type == "image/svg+xml"
