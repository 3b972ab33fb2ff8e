"""The documentation as a site: built whole, nothing of it elsewhere, and wrong links and lost pages are found."""

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from mkdocs.exceptions import MkDocsException

ROOT = Path(__file__).parents[1]
_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\"|<link\b[^>]*\bhref=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    """docs/build.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(docs: ModuleType, tmp_path: Path) -> Path:
    """The documentation's sources elsewhere, to be spoiled."""
    root = tmp_path / "copy"
    docs.gather(ROOT, root)
    shutil.copy(ROOT / "mkdocs.yml", root)
    return root


def test_the_site_has_every_page_of_the_documentation_and_fetches_nothing_from_elsewhere(
    docs: ModuleType, tmp_path: Path
) -> None:
    docs.build(ROOT, tmp_path / "pages", tmp_path / "site")

    made = {path.relative_to(tmp_path / "site") for path in (tmp_path / "site").rglob("*.html")}
    wanted = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    wanted = {path.with_name("index.html") if path.stem == "README" else path for path in wanted}
    assert len(wanted) > 20
    assert wanted <= made
    fetched = [
        address
        for page in made
        for found in _FETCHED.findall((tmp_path / "site" / page).read_text(encoding="utf-8"))
        for address in found
        if re.match(r"(?:https?:)?//", address)
    ]
    assert fetched == []


@pytest.mark.parametrize("target", ["guides/nowhere.md", "tutorial.md#nowhere"])
def test_a_link_that_leads_nowhere_ends_it(docs: ModuleType, copy: Path, target: str) -> None:
    with (copy / "docs" / "tutorial.md").open("a", encoding="utf-8") as page:
        page.write(f"\n[There]({target}).\n")

    with pytest.raises(MkDocsException, match="strict mode"):
        docs.build(copy, copy / "pages", copy / "site")


def test_a_page_that_the_contents_do_not_lead_to_ends_it(docs: ModuleType, copy: Path) -> None:
    (copy / "docs" / "guides" / "lost.md").write_text("# Lost\n", encoding="utf-8")

    with pytest.raises(docs.Unlisted, match=r"docs/guides/lost\.md.*Add a link"):
        docs.build(copy, copy / "pages", copy / "site")
