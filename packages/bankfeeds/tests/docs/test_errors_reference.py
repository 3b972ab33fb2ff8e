"""The page of errors finds every refusal: each kind, codes given by name or by a constant, words that are put together."""

import ast

from bankfeeds.cli import reference_errors
from bankfeeds.web.codat.errors import STATUSES, STATUSES_BY_CODE


def told(source: str) -> list[tuple[str, int, str]]:
    found = reference_errors.of_module(ast.parse(source))
    return [(each.code, each.status, each.words) for each in found]


def test_codes_and_words_are_read_as_they_are_written() -> None:
    assert told('raise Conflict("held", f"push {key} is held already")') == [("held", 409, "push … is held already")]
    assert told('raise one_flaw("id", _NO)\n_NO = "is no UUID"') == [("invalid", 400, "id: is no UUID")]
    assert told('raise one_flaw("id", "is gone", "gone")') == [("gone", 400, "id: is gone")]
    assert told('raise Unavailable("busy", made(), 5)') == [("busy", 503, "…")]
    assert told('raise Conflict("account_id_taken", "a | b")') == [("account_id_taken", 400, "a \\| b")]
    assert told('print("Conflict", "held")') == []


def test_refusals_of_every_layer_are_on_the_page() -> None:
    codes = {each.code: each.status for each in reference_errors.every()}
    for code in ("database", "connection_status", "held", "token_scope", "not_linked", "company"):
        assert codes[code] in STATUSES.values()
    assert STATUSES_BY_CODE.items() <= codes.items()
