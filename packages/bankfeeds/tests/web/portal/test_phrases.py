"""Whatever the code says in English and a page may show has a phrase in every other language: read from the code."""

import re

import pytest

from bankfeeds.web.portal import phrases
from bankfeeds.web.portal.words import LANGUAGES

from .said_by_code import Texts, modules

PLACE = re.compile(r"\{\d\}")
SHOWN = ("accept", "confirm", "deliver", "feeds", "notify", "operate", "report", "settle")
"""Flows beside those that pages call: what they keep is shown later."""


@pytest.fixture(scope="module")
def said():
    """Every message that the portal's pages can show, by where it is said."""
    everything = modules()
    kept = {f"bankfeeds.flows.{name}" for name in SHOWN}
    roots = {
        (name, function)
        for name, module in everything.items()
        for function in module.functions
        if name in kept
        or name.startswith(("bankfeeds.web.portal", "bankfeeds.sage", "bankfeeds.webhooks", "bankfeeds.readers"))
    } | {("bankfeeds.domain.feed_view", name) for name in ("next_step", "_out_of_park")}
    found = Texts(roots, frozenset({"next_step", "_out_of_park", "_prove", "_breaks", "_join"})).found()
    return {
        text: where
        for text, where in found.items()
        if re.search("[A-Za-z]{2}", PLACE.sub("", text)) and not _is_name(text, where)
    }


def test_the_code_is_read():
    texts = Texts([("bankfeeds.web.portal.pauses", "pause"), ("bankfeeds.domain.svg", "check_svg")]).found()
    assert "is platform:all, or listing:, company: or account: with an id" in texts, "one said in the function called"
    assert "{0} is paused already, {1}" in texts, "one said by a flow"
    assert "since {0} UTC by {1}: {2}" in texts, "one that fills in another"
    assert "the element {0}" in texts, "one handed on"


def _is_name(text: str, where: str) -> bool:
    """Of an encoding, say: the same in every language."""
    return where.startswith("bankfeeds.readers") and " " not in text


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_message_that_a_page_can_show_has_a_phrase_and_nothing_else_has(language, said):
    """What it names belongs into web/portal/phrases/, or out of it."""
    known = set(phrases.PHRASES[language])
    assert {text: said[text] for text in set(said) - known} == {}
    assert known - set(said) == set()


@pytest.mark.parametrize("language", sorted(phrases.PHRASES))
def test_phrases_have_the_places_of_their_messages(language):
    odd = [
        text
        for text, phrase in phrases.PHRASES[language].items()
        if sorted(PLACE.findall(text)) != sorted(PLACE.findall(phrase))
    ]
    assert odd == []


def test_what_is_filled_in_may_be_a_message_again_and_what_is_not_ours_stays():
    parked = (
        "Sage refuses transaction t-3 of 2026-02-01: SCHEMA_INVALID no such field. "
        "Nothing after it is sent until an operator decides"
    )
    assert phrases.told("fr", parked) == (
        "Sage refuse l\u2019opération t-3 du 2026-02-01 : SCHEMA_INVALID no such field. "
        "Rien de ce qui suit n\u2019est envoyé avant qu\u2019un opérateur décide"
    )
    assert phrases.told("en", parked) == parked
    unreachable = "no token: https://sage.example/token is out of reach: ConnectError"
    assert phrases.told("fr", unreachable) == "pas de jeton : https://sage.example/token est injoignable : ConnectError"
    for text in ("Ann said so on the telephone", "", "Forbidden", "x" * (phrases.TEXT_LENGTH_MAX + 1)):
        assert phrases.told("fr", text) == text
