"""What our code says in English: messages of refusals, flaws, outcomes and causes, read from the source.

`{0}`, `{1}` … stand for what is filled in. Only what can be reached from given functions counts.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bankfeeds

ROOT = Path(bankfeeds.__file__).parent
_LAYERS = ("flows", "domain", "store", "sage", "webhooks", "readers", "web/portal")
_SAYS = {
    **dict.fromkeys(("Refusal", "Invalid", "NotFound", "Conflict", "Forbidden", "Unavailable", "one_flaw", "Flaw"), 1),
    "AuditEntry": 4,
    "UnreadableFile": 3,
    **dict.fromkeys(("FieldError", "ProfileError"), 0),
    "Answered": 1,
    **dict.fromkeys(("Deferred", "Rejected", "Unknown", "NoReply", "TargetRefused"), 0),
}
"""Who says something to people, and which argument it is."""
_SAID_BY_NAME = frozenset({"reason", "cause", "disabled_cause", "warnings"})
_LISTS = frozenset({"warnings", "reasons"})
"""Whatever is appended to one of these is a message."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    constants: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    imports: dict[str, str] = field(default_factory=dict[str, str])


def modules() -> dict[str, Module]:
    found: dict[str, Module] = {}
    for path in sorted(path for layer in _LAYERS for path in (ROOT / layer).rglob("*.py")):
        name = ".".join(("bankfeeds", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        found[name] = _module(ast.parse(path.read_text(encoding="utf-8")))
    return found


def _module(tree: ast.Module) -> Module:
    made = Module(tree)
    for node in ast.walk(tree):
        if isinstance(node, Function):
            made.functions[node.name] = node
        elif isinstance(node, ast.ImportFrom) and node.module:
            made.imports |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made.constants[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            made.constants[node.target.id] = node.value
    return made


class Texts:
    """Every message, as templates, that functions reachable from the roots can say."""

    def __init__(self, roots: Iterable[tuple[str, str]], returned: frozenset[str] = frozenset()) -> None:
        """`returned`: names of functions whose answers are such texts."""
        self._returned = returned
        self._modules = modules()
        self._says: dict[str, int] = dict(_SAYS)
        self._by_param: dict[tuple[str, str], int] = {}
        self.reached = self._reach(set(roots))

    def found(self) -> dict[str, str]:
        """Template, and where it stands; again until no function that hands a message on is new."""
        while True:
            known = len(self._by_param)
            found = {
                text: f"{name}.{function}"
                for name, function in sorted(self.reached)
                for text in self._said_in(name, function)
            }
            if len(self._by_param) == known:
                return found

    def _reach(self, waiting: set[tuple[str, str]]) -> set[tuple[str, str]]:
        reached: set[tuple[str, str]] = set()
        while waiting:
            at = waiting.pop()
            reached.add(at)
            waiting |= set(self._named_in(*at)) - reached
        return reached

    def _named_in(self, name: str, function: str) -> Iterator[tuple[str, str]]:
        module = self._modules[name]
        for node in ast.walk(module.functions[function]):
            if isinstance(node, ast.Name):
                yield from self._functions_of(module, name, node.id)
            elif isinstance(node, ast.Attribute):
                yield from self._attribute(module, name, node)

    def _attribute(self, module: Module, name: str, node: ast.Attribute) -> Iterator[tuple[str, str]]:
        if isinstance(node.value, ast.Name):
            other = self._modules.get(module.imports.get(node.value.id, ""))
            if other is not None and node.attr in other.functions:
                yield module.imports[node.value.id], node.attr
            elif node.value.id == "self" and node.attr in module.functions:
                yield name, node.attr

    def _functions_of(self, module: Module, name: str, word: str) -> Iterator[tuple[str, str]]:
        """The function of that name, here or where it was imported from; of a class, all its methods."""
        if word in module.functions:
            yield name, word
        home, _, original = module.imports.get(word, f"{name}.{word}").rpartition(".")
        there = self._modules.get(home)
        if there is None:
            return
        if original in there.functions:
            yield home, original
        for node in there.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == original:
                yield from ((home, each.name) for each in node.body if isinstance(each, Function))

    def _said_in(self, name: str, function: str) -> Iterator[str]:
        body = self._modules[name].functions[function]
        for node in ast.walk(body):
            if isinstance(node, ast.Call):
                for each in self._arguments(node, name):
                    yield from self._texts(each, name, body)
            elif isinstance(node, ast.Return) and function in self._returned and node.value is not None:
                yield from self._texts(node.value, name, body)

    def _arguments(self, call: ast.Call, name: str) -> Iterator[ast.expr]:
        """Those that are messages."""
        at = self._position(self._modules[name], name, call.func)
        if at is not None:
            yield from call.args[at : at + 1]
        yield from (each.value for each in call.keywords if each.arg in _SAID_BY_NAME)
        match call.func:
            case ast.Attribute(attr="append", value=ast.Name(id=word) | ast.Attribute(attr=word)) if word in _LISTS:
                yield call.args[0]
            case _:
                return

    def _position(self, module: Module, name: str, called: ast.expr) -> int | None:
        if isinstance(called, ast.Name):
            if called.id in self._says:
                return self._says[called.id]
            return next(
                (self._by_param[f] for f in self._functions_of(module, name, called.id) if f in self._by_param), None
            )
        if isinstance(called, ast.Attribute):
            return next((self._by_param[f] for f in self._attribute(module, name, called) if f in self._by_param), None)
        return None

    def _texts(self, node: ast.expr, name: str, body: Function) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr():
                yield self._joined(node, self._modules[name])
                yield from (text for part in self._filled_in(node, name) for text in self._texts(part, name, body))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                yield from (text for each in parts for text in self._texts(each, name, body))
            case (
                ast.Call(func=ast.Name(id="tuple"), args=[whole])
                | ast.Subscript(value=ast.JoinedStr() as whole)
                | ast.GeneratorExp(elt=whole)
                | ast.Starred(value=whole)
            ):
                yield from self._texts(whole, name, body)
            case ast.IfExp(body=one, orelse=other):
                yield from (*self._texts(one, name, body), *self._texts(other, name, body))
            case ast.BoolOp(values=values):
                yield from (text for each in values for text in self._texts(each, name, body))
            case _:
                yield from self._elsewhere(node, name, body)

    def _elsewhere(self, node: ast.expr, name: str, body: Function) -> Iterator[str]:
        """Of what stands for a text: a name, an entry of a table, a function's answer."""
        match node:
            case ast.Name(id=word):
                yield from self._of_name(word, name, body)
            case (
                ast.Call(func=ast.Attribute(attr="get", value=ast.Name(id=word)))
                | ast.Subscript(value=ast.Name(id=word))
            ):
                yield from self._of_table(word, name, body)
            case ast.Call(func=ast.Name(id=word)):
                for home, original in self._functions_of(self._modules[name], name, word):
                    there = self._modules[home].functions[original]
                    answers = [each.value for each in ast.walk(there) if isinstance(each, ast.Return) and each.value]
                    yield from (text for each in answers for text in self._texts(each, home, there))
            case _:
                return

    def _filled_in(self, node: ast.JoinedStr, name: str) -> list[ast.expr]:
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        return [part for part in parts if not self._constant(part, self._modules[name])]

    def _of_name(self, word: str, name: str, body: Function) -> Iterator[str]:
        names = [each.arg for each in (*body.args.posonlyargs, *body.args.args)]
        if word in names:
            self._by_param.setdefault((name, body.name), names.index(word) - (names[0] == "self"))
            return
        values = list(_assigned(word, body))
        yield from (text for each in values for text in self._texts(each, name, body))
        if not values and (constant := self._constant(ast.Name(word), self._modules[name])):
            yield constant

    def _of_table(self, word: str, name: str, body: Function) -> Iterator[str]:
        table = self._modules[name].constants.get(word)
        if isinstance(table, ast.Dict):
            for each in table.values:
                yield from self._texts(each, name, body)

    def _constant(self, node: ast.expr, module: Module) -> str:
        if not isinstance(node, ast.Name):
            return ""
        found = module.constants.get(node.id)
        if found is None and node.id in module.imports:
            home, _, original = module.imports[node.id].rpartition(".")
            other = self._modules.get(home)
            return self._constant(ast.Name(original), other) if other else ""
        if isinstance(found, ast.JoinedStr):
            return self._joined(found, module)
        return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else ""

    def _joined(self, node: ast.JoinedStr, module: Module) -> str:
        text, count = "", 0
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                constant = self._constant(part.value, module)
                text += constant or f"{{{count}}}"
                count += not constant
            elif isinstance(part, ast.Constant):
                text += str(part.value)
        return text


def _assigned(word: str, body: Function) -> Iterator[ast.expr]:
    """Whatever is given that name in the function."""
    for node in ast.walk(body):
        if isinstance(node, ast.NamedExpr) and node.target.id == word:
            yield node.value
        elif isinstance(node, ast.Assign):
            for target, value in _pairs(node.targets[0], node.value):
                if isinstance(target, ast.Name) and target.id == word:
                    yield value


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]
