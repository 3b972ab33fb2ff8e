"""A judge that shares code with the accused shares its mistakes."""

import ast
import sys
from pathlib import Path

import sage_sandbox

ALLOWED = {
    "sage_sandbox",
    "msgspec",
    "starlette",
    "uvicorn",
    "httpx2",
    "jwt",
    "cryptography",
    "jinja2",
    "markupsafe",
    "cyclopts",
}
SOURCES = sorted(Path(sage_sandbox.__file__).parent.rglob("*.py"))


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield (node.module or "").split(".")[0]


def test_nothing_is_imported_but_the_named_libraries():
    found = {name for path in SOURCES for name in imports_of(path)}
    assert found - sys.stdlib_module_names <= ALLOWED


def test_every_module_says_what_it_is_for_and_stays_short():
    for path in SOURCES:
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), path
        assert text.count("\n") <= 500, path
