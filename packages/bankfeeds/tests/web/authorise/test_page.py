"""The authorisation page, as bytes: every state, its status, its headers, its words."""

import re
import tomllib
from collections.abc import Generator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bankfeeds.flows import branding, connections, integration, listings
from bankfeeds.flows.context import World
from bankfeeds.web.authorise import page, words

from ... import consent, pictures, worlds
from .. import served

ANN = "operator:ann"


def nobody(*_):
    raise AssertionError("no token is looked at here")


@pytest.fixture
def site(server: worlds.Server, world: World) -> Generator[served.Served]:
    with served.serving(server, consent.with_sage(world), nobody) as running:
        yield running


@pytest.fixture
def started(site):
    return consent.start(site.world)


class Read(HTMLParser):
    """The forms of a page: their attributes, inputs and buttons; and the links."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.inputs, self.buttons, self.links, self.labels, self.languages = [], [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        kinds = {
            "form": self.forms,
            "input": self.inputs,
            "button": self.buttons,
            "a": self.links,
            "label": self.labels,
        }
        if tag in kinds:
            found = dict(attrs)
            is_language = found.get("href", "").startswith("?lang=")
            (self.languages if is_language else kinds[tag]).append(found)


def path(started):
    return f"/authorise/{started.handle}"


def fields(started, **changes):
    return {"connectionId": started.made.connection_id, "otp": started.otp, **changes}


def test_the_form_has_two_inputs_with_labels_and_one_button(site, started):
    response = site.get(path(started))
    read = Read(response.text)

    assert response.status_code == 200
    assert [form.get("method") for form in read.forms] == ["post"]
    assert [field["name"] for field in read.inputs] == ["connectionId", "otp"]
    assert [label["for"] for label in read.labels] == [field["id"] for field in read.inputs]
    assert all(field["autocomplete"] == "off" and "autocapitalize" in field for field in read.inputs)
    assert len(read.buttons) == 1
    assert "Harbour Bank" in response.text
    assert "<script" not in response.text
    assert "set-cookie" not in response.headers


def test_success_sees_the_person_back_to_sage(site, started):
    response = site.post(path(started), data=fields(started))

    assert (response.status_code, response.headers["location"], response.content) == (303, consent.RETURN, b"")
    assert "All set" in site.get(path(started)).text


def test_the_page_may_be_framed_by_sage_and_send_its_form_back_there(site, started):
    headers = site.get(path(started)).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    hosts = "https://*.sagebankdrive.com https://*.sage.com https://*.intacct.com https://*.sageone.com"

    assert policy["frame-ancestors"].startswith(f"'self' {hosts}")
    assert policy["form-action"].startswith(f"'self' {hosts}")
    assert (policy["default-src"], policy["style-src"], policy["img-src"]) == ("'none'", "'self'", "'self'")
    assert "x-frame-options" not in headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_failure_is_the_form_again_and_never_shows_the_password(site, started):
    response = site.post(path(started), data=fields(started, otp="WRONG2"))
    read = Read(response.text)

    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert "<title>Error: Link your bank account to Sage</title>" in response.text
    assert [(field["name"], field.get("value")) for field in read.inputs] == [
        ("connectionId", started.made.connection_id),
        ("otp", None),
    ]
    assert "WRONG2" not in response.text


def test_whatever_was_wrong_the_answer_is_the_same(site, started):
    wrong_password = site.post(path(started), data=fields(started, otp="WRONG2"))
    wrong_connection = site.post(path(started), data=fields(started, connectionId="nobody's"))

    def without_value(text):
        return re.sub(r'value="[^"]*"', "", text)

    assert without_value(wrong_password.text) == without_value(wrong_connection.text)
    assert wrong_password.status_code == wrong_connection.status_code == 422


@pytest.mark.parametrize(
    "body", [b"", b"connectionId", b"&&&=;", b"\xff\xfe\x00", b"otp=%00&connectionId=%ED%A0%80", b"a=1&" * 40]
)
def test_an_odd_body_is_a_failure_like_any_other(site, started, body):
    response = site.post(path(started), content=body, headers={"content-type": "application/x-www-form-urlencoded"})

    assert response.status_code == 422


def test_a_body_over_the_limit_is_refused(site, started):
    response = site.post(path(started), data=fields(started, more="x" * 20_000))

    assert response.status_code == 413
    assert "html" in response.headers["content-type"]


@pytest.mark.parametrize("nasty", ['"><script>alert(1)</script>', "<b>", "{{ 7 * 7 }}", "' onfocus='x"])
def test_what_was_typed_never_becomes_markup(site, started, nasty):
    text = site.post(path(started), data=fields(started, connectionId=nasty)).text

    assert nasty not in text or "<" not in nasty
    assert "<script" not in text
    assert Read(text).inputs[0]["value"] == nasty


def test_after_twenty_failures_the_address_waits_and_is_told_how_long(site, started, clock):
    for _ in range(20):
        assert site.post(path(started), data=fields(started, connectionId="x")).status_code == 422

    response = site.post(path(started), data=fields(started))

    assert response.status_code == 429
    assert "Too many attempts" in response.text
    assert "in 15 min" in response.text
    assert response.headers["retry-after"] == "900"
    clock.forward(seconds=899)
    assert "in 1 min" in site.post(path(started), data=fields(started)).text
    clock.forward(seconds=1)
    assert site.post(path(started), data=fields(started)).status_code == 303


def test_an_unknown_or_expired_session_is_explained(site, started, clock):
    clock.forward(minutes=20)

    expired, unknown = site.get(path(started)), site.get("/authorise/guessed")

    assert expired.status_code == unknown.status_code == 410
    assert "no longer valid" in expired.text
    assert "no longer valid" in unknown.text
    assert [link["href"] for link in Read(expired.text).links] == [consent.RETURN]
    assert Read(unknown.text).links == []
    assert site.post(path(started), data=fields(started)).status_code == 410


def test_a_removed_listing_is_explained(site, started):
    listings.remove(site.world, "operator:ann", consent.LISTING)

    assert site.get(path(started)).status_code == 410
    assert "switched off" in site.post(path(started), data=fields(started)).text


def test_a_connection_without_accounts_is_explained_and_the_form_stays(site):
    made = worlds.make_account(site.world)
    bare = connections.create(site.world, "test", made.company_id)
    started = consent.start(site.world, worlds.Linked(made.company_id, bare.id, "", 0))

    response = site.post(path(started), data=fields(started))

    assert response.status_code == 422
    assert "no account to link yet" in response.text
    assert len(Read(response.text).forms) == 1


def test_a_sage_that_took_nothing_leaves_the_form(site, started):
    started.sage.answers = [consent.BUSY, consent.Done()]

    response = site.post(path(started), data=fields(started))

    assert response.status_code == 503
    assert "Sage could not be reached" in response.text
    assert site.post(path(started), data=fields(started)).status_code == 303


def test_a_sage_that_did_not_answer_is_asked_again_by_one_button(site, started, clock):
    started.sage.answers = [consent.SILENT, consent.USED]

    first = site.post(path(started), data=fields(started))
    read = Read(first.text)

    assert first.status_code == 503
    assert {field["type"] for field in read.inputs} == {"hidden"}
    clock.forward(seconds=5)
    again = site.post(path(started), data={field["name"]: field["value"] for field in read.inputs})
    assert (again.status_code, again.headers["location"]) == (303, consent.RETURN)


def test_cancelling_asks_first_and_then_sees_the_person_back(site, started):
    cancel = Read(site.get(path(started)).text).links[0]["href"]
    before = worlds.everything(site.world)

    asked = site.get(cancel)
    assert (asked.status_code, worlds.everything(site.world)) == (200, before)
    answered = site.post(cancel)

    assert (answered.status_code, answered.headers["location"]) == (303, consent.RETURN)
    assert [told.success for told in started.sage.reports] == [False]
    assert site.post(path(started), data=fields(started)).status_code == 410
    assert site.post(cancel).status_code == 410
    again = site.get(path(started))
    assert (again.status_code, [link["href"] for link in Read(again.text).links]) == (410, [consent.RETURN])
    assert "Linking was stopped" in again.text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.8,en;q=0.5", "fr"),
        ("de-DE,de;q=0.9", "en"),
        ("es-MX,es;q=0.9,en;q=0.5", "es"),
        ("en;q=0.2, fr;q=0.9", "fr"),
        ("fr;q=0", "en"),
        ("fr;q=nonsense,;;,en", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_language_is_the_one_the_browser_asks_for(site, started, accepted, language):
    response = site.get(path(started), headers={"accept-language": accepted})

    assert f'<html lang="{language}">' in response.text
    assert response.headers["content-language"] == language
    assert "accept-language" in response.headers["vary"]


def test_every_language_says_everything_with_the_same_gaps():
    folder = Path(words.__file__).with_name("words")
    catalogues = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.toml")}
    english = catalogues["en"]

    assert {"en", "fr", "es"} <= set(catalogues)
    for name, catalogue in catalogues.items():
        assert set(catalogue) == set(english), name
        for key, text in catalogue.items():
            assert text.strip() == text != "", (name, key)
            assert sorted(re.findall("{.*?}", text)) == sorted(re.findall("{.*?}", english[key])), (name, key)


def test_the_style_comes_from_us_and_may_be_kept(site, started):
    address = re.search(r'href="([^"]+page\.css[^"]*)"', site.get(path(started)).text)[1]

    response = site.get(address)

    assert (response.status_code, response.content) == (200, page.STYLESHEET)
    assert response.headers["content-type"].startswith("text/css")
    assert "url(" not in response.text


def test_another_language_is_chosen_by_a_link_that_keeps_nothing(site, started):
    english = Read(site.get(path(started)).text)
    assert [(link["href"], link["lang"]) for link in english.languages] == [("?lang=es", "es"), ("?lang=fr", "fr")]

    spanish = site.get(f"{path(started)}?lang=es", headers={"accept-language": "fr"})
    assert '<html lang="es">' in spanish.text
    assert "set-cookie" not in spanish.headers
    assert "action" not in Read(spanish.text).forms[0]
    assert Read(spanish.text).links[-1]["href"] == f"{path(started)}/cancel?lang=es"
    assert "No ha funcionado" in site.post(f"{path(started)}?lang=es", data={"connectionId": "x", "otp": "y"}).text
    assert '<html lang="fr">' in site.get(f"{path(started)}?lang=xx", headers={"accept-language": "fr"}).text


def test_the_institutions_look_is_on_the_page_and_comes_from_us(site, started):
    assert site.get("/authorise/assets/logo").status_code == 404
    assert site.get("/authorise/assets/colours.css").status_code == 404
    branding.change(site.world, ANN, {"name": "Harbour & Sons", "colour": "#ffd200"})
    branding.change_logo(site.world, ANN, pictures.SVG)

    text = site.get(path(started)).text
    (address,) = re.findall(r'<img src="([^"]+)" alt="Harbour &amp; Sons">', text)
    logo = site.get(address)
    colours = site.get(re.search(r'href="([^"]+colours[^"]+)"', text)[1])

    assert (logo.content, logo.headers["content-type"]) == (pictures.SVG, "image/svg+xml")
    assert "sandbox" in logo.headers["content-security-policy"]
    assert "default-src 'none'" in logo.headers["content-security-policy"]
    assert "--go: #ffd200; --go-ink: #000000; --go-edge: #16202c" in colours.text
    assert colours.headers["content-type"].startswith("text/css")
    assert "style=" not in text
    assert "<style" not in text


def test_the_call_to_action_and_what_sage_receives_stand_on_the_form(site, started):
    changes = {"call_to_action_text": "Where are <my> codes?", "call_to_action_url": "https://bank.example/?a=1&b=2"}
    integration.change(site.world, ANN, "uk", changes)
    integration.change_institution(site.world, ANN, {"data_types": "balances"})

    text = site.get(path(started)).text
    link = Read(text).links[0]

    assert link["href"] == "https://bank.example/?a=1&b=2"
    assert (link["target"], link["rel"]) == ("_blank", "noopener noreferrer")
    assert "Where are &lt;my&gt; codes?" in text
    assert text.index('id="otp"') < text.index("codes?") < text.index("<button")
    assert "the balances of" in text
    assert "the transactions of" not in text


def test_a_renewal_names_what_is_renewed(site):
    made = worlds.make_account(site.world, name="Trading <account>")
    started = consent.start(site.world, made, consent.external_id(site.world, made))

    text = site.get(path(started)).text

    assert "You are renewing</span> <strong>Trading &lt;account&gt;</strong>" in text
    assert "Sage will receive" not in text
    assert site.post(path(started), data=fields(started)).status_code == 303


def test_switched_off_the_page_says_so_and_leads_back_to_sage(site, started):
    integration.change(site.world, ANN, "uk", {"enabled": False})

    shown, sent = site.get(path(started)), site.post(path(started), data=fields(started))

    for response in (shown, sent, site.get(f"{path(started)}/cancel"), site.post(f"{path(started)}/cancel")):
        assert response.status_code == 410
        assert "switched off" in response.text
        assert [link["href"] for link in Read(response.text).links] == [consent.RETURN]


def test_the_institutions_own_hosts_may_receive_the_person_back(site, started):
    integration.change_institution(site.world, ANN, {"redirect_hosts": "*.bank.example"})

    policy = site.get(path(started)).headers["content-security-policy"]

    assert "https://*.bank.example" in policy
    assert "https://*.bank.example" not in policy.partition("frame-ancestors")[2]
