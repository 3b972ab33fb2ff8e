"""`bankfeeds integration`: set by an operator without the portal, read back as a person or a program does."""

import json
import os
import shlex
from pathlib import Path

import pytest
from guides import following

from bankfeeds.cli import opening, run
from bankfeeds.flows import branding, listings

from .. import consent, pictures


@pytest.fixture(autouse=True)
def _database(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("BANKFEEDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BANKFEEDS_DATABASE_URL", f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv("BANKFEEDS_LOG_LEVEL", "error")
    with opening.world() as world:
        listings.add(world, "operator:ann", consent.listing(), consent.SECRETS)


def test_an_operator_sets_it_and_reads_it_back(tmp_path, capsys):
    picture = tmp_path / "logo.png"
    picture.write_bytes(pictures.PNG)

    assert run(["integration", "change", "uk", "enabled=off", "--reason", "maintenance"]) == 0
    assert run(["integration", "institution", "name=Harbour & Sons", "colour=#0b3b71", "--logo", str(picture)]) == 0
    assert run(["integration", "institution", "redirect_hosts=*.bank.example", "data_types=accounts"]) == 0
    capsys.readouterr()

    assert run(["integration", "show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["redirectHosts"] == ["*.bank.example"]
    assert (told["branding"]["colour"], told["branding"]["logoType"]) == ("#0b3b71", "image/png")
    assert told["listings"] == [{"listingId": "uk", "enabled": False}]
    assert run(["integration", "show"]) == 0
    assert "Harbour & Sons" in capsys.readouterr().out
    assert run(["integration", "institution", "--no-logo"]) == 0
    with opening.world() as world:
        assert branding.get(world).logo_type is None


def test_the_commands_of_the_page_about_it_do_what_they_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("logo.svg").write_bytes(pictures.SVG)

    with following("docs/explanation/authorisation.md", "console") as guide:
        for command in guide.steps():
            assert run(shlex.split(command)[1:]) == 0, command

    capsys.readouterr()
    assert run(["integration", "show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    looks = {"name": "Harbour Bank", "colour": "#0b3b71", "logoType": "image/svg+xml"}
    assert looks.items() <= told["branding"].items()
    (listing,) = told["listings"]
    assert listing == {
        "listingId": "uk",
        "enabled": False,
        "callToActionText": "Get your codes",
        "callToActionUrl": "https://bank.example/sage",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["change", "uk", "enabled=perhaps"], 1, "enabled: must be on or off"),
        (["change", "us", "enabled=off"], 1, "there is no listing us"),
        (["change", "uk"], 2, "nothing to change"),
        (["institution", "colour"], 2, "colour"),
        (["institution", "--logo", "/nonexistent/logo.png"], 2, "cannot be read"),
        (["institution", "--logo", __file__], 1, "logo: is no PNG, JPEG or SVG picture"),
        (["institution", "--logo", "x.png", "--no-logo"], 2, "--no-logo"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(arguments, code, words, capsys):
    assert run(["integration", *arguments]) == code
    told = capsys.readouterr()
    assert words in told.err
    assert len(told.err.splitlines()) == 1
