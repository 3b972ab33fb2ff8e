"""The page of errors: statuses from the program's tables, messages from its source, where each refusal is made."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bankfeeds
from bankfeeds.cli import DONE, REFUSED, WRONG
from bankfeeds.web.codat.errors import BUG, STATUSES, STATUSES_BY_CODE
from bankfeeds.web.sage.routes import STATUSES as SAGE_STATUSES

FOLDERS = ("domain", "flows", "store", "web/codat", "web/endpoint.py")
"""Where refusals are made that the API may answer."""
_HEAD = """# Errors

Rendered from the program. A refusal changes nothing: a request is carried out whole or not at all.

## What the API answers

In Codat's body: `error` says what is wrong, which one, and what to do; `validation.errors` names each field;
`correlationId` is to be quoted. Rules of single operations: [the API](api.md).

| status | when |
|---|---|
"""
_SAGE = """
## What Sage is answered

The four addresses that Sage calls answer `{"error": code, "message": …, "correlationId": …}`.

| status | when |
|---|---|
"""
_CLI = f"""
## What commands exit with

| code | when |
|---|---|
| {DONE} | done |
| {REFUSED} | refused, unhealthy, or the program cannot start; one line on standard error says why |
| {WRONG} | wrong usage or a wrong setting; one line names it |

## Every refusal

By code. The code is in the body that Sage gets; the API's body has the words. `…` stands for what it names.

| code | status | words |
|---|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """One place where something is refused."""

    code: str
    status: int
    words: str


def render() -> str:
    kinds = "".join(f"| {status} | {_why(kind)} |\n" for kind, status in STATUSES.items())
    sage = "".join(f"| {status} | {_why(kind)} |\n" for kind, status in SAGE_STATUSES.items())
    refusals = "".join(f"| `{each.code}` | {each.status} | {each.words} |\n" for each in sorted(set(every())))
    return f"{_HEAD}{kinds}| 500 | {BUG} |\n{_SAGE}{sage}| 500 | a bug, in the log under that id |\n{_CLI}{refusals}"


def _why(kind: type[Exception]) -> str:
    return " ".join((kind.__doc__ or "").split()).rstrip(".")


def every() -> Iterator[Told]:
    root = Path(bankfeeds.__file__).parent
    for folder in FOLDERS:
        where = root / folder
        for path in sorted(where.rglob("*.py")) if where.is_dir() else [where]:
            yield from of_module(ast.parse(path.read_text(encoding="utf-8")))


def of_module(module: ast.Module) -> Iterator[Told]:
    """Every place of a module where something is refused that the API may answer."""
    texts = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            told = _of_call(node.func.id, node, texts)
            if told is not None:
                yield told


def _of_call(name: str, call: ast.Call, texts: dict[str, ast.expr]) -> Told | None:
    statuses = {kind.__name__: status for kind, status in STATUSES.items()}
    if name == "one_flaw":
        code = call.args[2] if len(call.args) > 2 else None  # noqa: PLR2004 - field, message, code
        spelled = _text(code, texts) if code is not None else "invalid"
        return Told(spelled, statuses["Invalid"], f"{_text(call.args[0], texts)}: {_text(call.args[1], texts)}")
    if name not in statuses or len(call.args) < 2:  # noqa: PLR2004 - code and message
        return None
    code = _text(call.args[0], texts)
    return Told(code, STATUSES_BY_CODE.get(code, statuses[name]), _text(call.args[1], texts))


def _text(node: ast.expr, texts: dict[str, ast.expr], depth: int = 3) -> str:
    """As it is written; what is only known when it runs is an ellipsis."""
    match node:
        case ast.Constant(value=str() as text):
            return text.replace("|", "\\|").replace("\n", " ")
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, texts, depth) for part in parts)
        case ast.FormattedValue(value=value):
            return _text(value, texts, depth)
        case ast.Name(id=name) if depth and name in texts:
            return _text(texts[name], texts, depth - 1)
        case _:
            return "…"
