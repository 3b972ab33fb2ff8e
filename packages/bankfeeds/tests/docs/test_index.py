"""The index of the documentation leads to every page there is."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[4] / "docs"


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+\.md)\)", index)}
    pages = set(DOCS.rglob("*.md")) - {DOCS / "README.md"}
    assert {str(page.relative_to(DOCS)) for page in pages - linked} == set()


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:5] for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == [f"{number:04d}-" for number in range(1, len(numbers) + 1)]
