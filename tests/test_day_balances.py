"""The check that ends every journey sees what it is there for, and no journey goes without it."""

import ast
from decimal import Decimal
from pathlib import Path

from day_balances import compare

HERE = Path(__file__).parent

DAYS = [
    {"on": "2026-02-01", "lastSeq": 2, "opening": "100", "total": "-30.25", "closing": "69.75"},
    {"on": "2026-02-02", "lastSeq": 3, "opening": "69.75", "total": "10", "closing": "79.75"},
    {"on": "2026-02-03", "lastSeq": 5, "opening": "79.75", "total": "1", "closing": "80.75"},
]
ACCOUNT = {"externalId": "acc", "verdict": "proved", "days": DAYS, "gaps": []}
FEED = {"bankAccountId": "ba", "settledSeq": 4, "startOn": "2026-01-01", "skipped": []}


def sage(*amounts: str) -> dict[str, Decimal]:
    return {day["on"]: Decimal(amount) for day, amount in zip(DAYS, amounts, strict=False)}


def test_days_that_agree_are_fine_and_one_that_is_not_settled_is_not_looked_at() -> None:
    assert compare(ACCOUNT, FEED, sage("-30.25", "10", "1234")) == []


def test_a_day_in_which_a_line_is_missing_in_sage_is_told_and_so_is_every_day_after_it() -> None:
    told = compare(ACCOUNT, FEED, sage("-30.00", "10"))
    assert [each.split(":")[0] for each in told] == ["acc as ba on 2026-02-01", "acc as ba on 2026-02-02"]
    assert "69.75 at the institution, 70.00 in Sage, 0 named" in told[0]


def test_a_line_that_was_skipped_names_the_gap_and_only_its_own() -> None:
    skipped = {**FEED, "skipped": [{"on": "2026-02-02", "amount": "10"}]}
    assert compare(ACCOUNT, skipped, sage("-30.25")) == []
    assert len(compare(ACCOUNT, skipped, sage("-30.25", "10"))) == 1


def test_a_line_that_came_late_names_the_days_between_its_own_and_the_one_it_stands_on() -> None:
    """Of 4.00 out on the first day Sage heard on the third, of which not all is settled."""
    days = [{**DAYS[0], "closing": "65.75"}, {**DAYS[1], "opening": "65.75", "closing": "75.75"}]
    gaps = [{"on": "2026-02-01", "missing": "-4", "late": ["late-1"]}]
    account = {**ACCOUNT, "days": days, "gaps": gaps}
    assert compare(account, FEED, sage("-30.25", "10")) == []
    assert len(compare({**account, "gaps": [{**gaps[0], "late": []}]}, FEED, sage("-30.25", "10"))) == 2


def test_what_was_before_the_start_date_is_not_sages() -> None:
    later = {**FEED, "startOn": "2026-02-02"}
    assert compare(ACCOUNT, later, {"2026-02-02": Decimal(10)}) == []
    assert len(compare(ACCOUNT, later, sage("-30.25", "10"))) == 1


def test_without_balances_the_lines_own_sums_are_compared() -> None:
    unproved = {**ACCOUNT, "verdict": "unproved", "days": [{**day, "closing": "0"} for day in DAYS]}
    assert compare(unproved, FEED, sage("-30.25", "10")) == []
    assert len(compare(unproved, FEED, sage("-30.25", "11"))) == 1


def test_systems_are_made_where_the_check_ends_them_and_whoever_empties_a_shared_one_checks_it() -> None:
    sources = {path.relative_to(HERE).as_posix(): ast.parse(path.read_text("utf-8")) for path in HERE.rglob("*.py")}
    makers = {path for path, tree in sources.items() if {"System", "Fleet"} & calls_in(tree)}
    assert makers == {"support/systems.py", "support/fleets.py"}
    assert all("check_balances" in calls_in(sources[path]) for path in makers)
    fixtures = [
        (path, node)
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "system" and "fresh" in calls_in(node)
    ]
    assert len(fixtures) > 3
    assert [path for path, node in fixtures if not {"check_balances", "running"} & calls_in(node)] == []


def calls_in(tree: ast.AST) -> set[str]:
    """The names of what is called, without what they are called on."""
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        name.id if isinstance(name, ast.Name) else name.attr
        for name in called
        if isinstance(name, ast.Name | ast.Attribute)
    }
