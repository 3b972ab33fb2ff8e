"""When a refusal means that the statement had landed before."""

from bankfeeds.domain.outcome import Problem, Rejected

IDS = ["t-1", "t-2"]


def known(line_id: str | None) -> Problem:
    return Problem("DUPLICATE_TRANSACTION", "was sent before", line_id, duplicate=True)


def late(line_id: str | None) -> Problem:
    return Problem("DATES_OUT_OF_ORDER", "comes after a newer one", line_id)


def test_every_line_known_already_means_that_the_statement_had_landed() -> None:
    assert Rejected("", (known("t-1"), known("t-2"))).names_only_duplicates(IDS)


def test_a_landed_statement_offered_again_is_recognised_although_its_lines_are_now_older_than_the_newest() -> None:
    assert Rejected("", (late("t-1"), known("t-1"), known("t-2"))).names_only_duplicates(IDS)


def test_a_line_that_is_not_known_means_that_it_had_not() -> None:
    assert not Rejected("", (known("t-1"),)).names_only_duplicates(IDS)
    assert not Rejected("", (known("t-1"), late("t-2"))).names_only_duplicates(IDS)
    assert not Rejected("", (known("t-1"), known("t-2"), known("t-3"))).names_only_duplicates(IDS)


def test_a_complaint_of_no_line_in_particular_is_not_passed_over() -> None:
    assert not Rejected("", (known("t-1"), known("t-2"), late(None))).names_only_duplicates(IDS)
    assert not Rejected("SCHEMA_INVALID").names_only_duplicates(IDS)
