"""Branding: saved, previewed, refused; a picture that is none is none; the preview is the page itself."""

import re

import pytest

from bankfeeds.flows import branding
from bankfeeds.flows.context import World

from ... import pictures, worlds
from .portal_site import PortalSite, said_in


def upload(site: PortalSite, content: bytes, **fields: str):
    data = {"do": "save", **fields}
    return site.post("branding/logo", data, files={"logo": ("logo.png", content, "image/png")})


def test_name_and_colour_are_saved_and_shown_in_the_preview(site: PortalSite, world: World):
    answer = site.post("branding", {"name": "Harbour Bank", "colour": "#0B3B71", "do": "save"})
    assert answer.headers["location"] == "/portal/branding"
    assert (branding.get(world).name, branding.get(world).colour) == ("Harbour Bank", "#0b3b71")

    text = site.get("branding").text
    assert 'src="/portal/branding/preview?name=Harbour+Bank&amp;colour=%230b3b71"' in text
    assert 'sandbox="allow-same-origin allow-scripts"' in text, "no form in it can be sent"
    assert re.search(r"text is white, with a contrast of 1\d\.\d to 1", text)
    assert re.search(r"un contraste de 1\d,\d pour 1", site.get("branding", "fr").text)
    preview = site.get("branding/preview?name=Harbour+Bank&colour=%230b3b71")
    assert "Harbour Bank" in said_in(preview)
    assert "frame-ancestors 'self'" in preview.headers["content-security-policy"]
    assert "default-src 'none'" in preview.headers["content-security-policy"]


def test_a_preview_saves_nothing_and_takes_its_colour_from_the_address(site: PortalSite, world: World):
    before = branding.get(world)
    answer = site.post("branding", {"name": "Other Bank", "colour": "#abc", "do": "preview"})
    assert answer.status_code == 200
    assert "name=Other+Bank&amp;colour=%23aabbcc" in answer.text
    assert 'value="Other Bank"' in answer.text
    assert branding.get(world) == before

    preview = site.get("branding/preview?colour=%23aabbcc").text
    sheets = re.findall(r'<link rel="stylesheet" href="([^"]+)"', preview)
    assert [sheet.partition("?")[0] for sheet in sheets] == [
        "/portal/branding/authorise/assets/page.css",
        "/portal/branding/authorise/assets/colours.css",
    ]
    for sheet in sheets:
        assert site.client.get(site.url + sheet).headers["content-type"].startswith("text/css")
    assert "--go: #aabbcc" in site.client.get(site.url + sheets[1]).text


@pytest.mark.parametrize(("language", "said"), [("en", "a colour such as"), ("fr", "Il faut une couleur")])
def test_what_is_no_colour_is_refused_beside_its_field(site: PortalSite, world: World, language, said):
    before = branding.get(world)
    answer = site.post("branding", {"name": "", "colour": "red", "do": "save"}, language)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert branding.get(world) == before


@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_a_logo_is_told_by_its_content_shown_and_removed(site: PortalSite, world: World):
    assert upload(site, pictures.png(120, 40)).status_code == 303
    url = re.search(r'<img src="([^"]+)"', site.get("branding").text)[1]
    picture = site.client.get(site.url + url)
    assert picture.headers["content-type"] == "image/png"
    assert "sandbox" in picture.headers["content-security-policy"]
    assert url.partition("?")[0] in site.get("branding/preview").text

    assert site.post("branding/logo", {"do": "remove"}).status_code == 303
    assert branding.get(world).logo_digest is None


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg><script>alert(1)</script>", b"x" * 300_000])
def test_what_is_no_picture_is_refused_and_the_page_says_what_is(site: PortalSite, world: World, content):
    answer = upload(site, content)
    assert answer.status_code in {413, 422}
    assert branding.get(world).logo_digest is None
    if answer.status_code == 422:
        assert 'id="logo-problem"' in answer.text
