# ruff: noqa: INP001 - a program of the documentation, in no package
"""The documentation as a site: the repository's pages in the order of docs/README.md, each link and anchor checked.

`python docs/build.py` writes it into site/. A page that docs/README.md does not lead to, or a link that leads nowhere,
ends it with an error.
"""

import logging
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mkdocs.commands.build
import mkdocs.config
from mkdocs.exceptions import MkDocsException

ROOT = Path(__file__).parents[1]
CONTENTS = "docs/README.md"
BESIDE = ("README.md", "README.fr.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
"""Pages above docs/, linked from its pages and from each other."""
FOLDERS = ("docs", "bench", "packages", "examples")
_SECTION = re.compile(r"^\*\*(.+)\*\*$")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


@dataclass(frozen=True, slots=True)
class Linked:
    title: str
    path: Path


class Unlisted(Exception):
    """Pages that nobody would find."""


def slug(text: str, separator: str) -> str:
    """Anchors as a forge makes them, so that a link works in both places."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", separator)


def contents(root: Path) -> dict[str, list[Linked]]:
    """The sections of docs/README.md; a link is a page of its section, the ones before the first are left out."""
    found: dict[str, list[Linked]] = {}
    pages: list[Linked] = []
    folder = (root / CONTENTS).parent
    for line in (root / CONTENTS).read_text(encoding="utf-8").splitlines():
        if section := _SECTION.match(line):
            pages = found.setdefault(section[1], [])
        elif found:
            pages += [Linked(title, (folder / target).resolve()) for title, target in _LINK.findall(line)]
    return found


def documents(root: Path) -> list[Path]:
    inside = (path for name in FOLDERS for path in (root / name).rglob("*.md"))
    ours = (path for path in inside if "." not in path.parts[-2] and "node_modules" not in path.parts)
    return [root / name for name in BESIDE] + sorted(ours)


def gather(root: Path, into: Path) -> None:
    """Copies each page, and each file that a page links to or shows, to where it is in the repository."""
    shutil.rmtree(into, ignore_errors=True)
    for page in documents(root):
        _copy(page, root, into)
        if page.suffix != ".md":
            continue
        for _, target in _LINK.findall(page.read_text(encoding="utf-8")):
            linked = (page.parent / target).resolve()
            if linked.is_file() and linked.is_relative_to(root):
                _copy(linked, root, into)


def _copy(path: Path, root: Path, into: Path) -> None:
    to = into / path.relative_to(root)
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def navigation(root: Path) -> list[Any]:
    """Unlisted if a page of docs/ is in no section of its contents."""
    sections = contents(root)
    listed = {page.path for pages in sections.values() for page in pages}
    hidden = [path for path in documents(root) if path.is_relative_to(root / "docs") and path not in listed]
    hidden = [path for path in hidden if path != root / CONTENTS]
    if hidden:
        names = ", ".join(str(path.relative_to(root)) for path in hidden)
        raise Unlisted(f"no section of {CONTENTS} leads to: {names}. Add a link there")
    return [{"Start": "README.md"}, {"Contents": CONTENTS}] + [
        {section: [{page.title: str(page.path.relative_to(root))} for page in pages]}
        for section, pages in sections.items()
    ]


def build(root: Path, pages: Path, site: Path) -> None:
    """MkDocsException for a link that leads nowhere, Unlisted for a page that none leads to."""
    logging.getLogger("mkdocs").setLevel(logging.WARNING)  # it counts what it warns of, and strict goes by that
    gather(root, pages)
    config = mkdocs.config.load_config(
        str(root / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(site), nav=navigation(root), strict=True
    )
    config.mdx_configs["toc"]["slugify"] = slug
    mkdocs.commands.build.build(config)


if __name__ == "__main__":
    try:
        build(ROOT, ROOT / "build" / "pages", ROOT / "site")
    except (Unlisted, MkDocsException) as error:
        sys.exit(f"docs: {error}")
    sys.stdout.write("site/index.html\n")
