"""XML, streamed and safe: bytes in, the elements a reader asked for out, one at a time, each with its place.

Only expat and the standard library. No DTD, so no entities and nothing external, ever; every quantity that
a file could inflate has a limit (`limits.py`). An error names the line and the path of the element, as in
`Document/BkToCstmrStmt/Stmt[1]/Ntry[3]/Amt`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol
from xml.parsers import expat  # guarded below: no DTD, no entities, limits

from bankfeeds.domain.statement_file import UnreadableFile
from bankfeeds.readers.limits import Limits

ENCODINGS = frozenset(
    {
        "utf-8",
        "utf8",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "us-ascii",
        "iso-8859-1",
        "iso-8859-15",
        "windows-1252",
    }
)
_TEXT_BUFFER_BYTES = 64 * 1024
_INVALID_TOKEN, _TAG_MISMATCH = 4, 7
_ENDS_EARLY = frozenset({3, 5, 6, 20})  # no element found, unclosed token, partial character, unclosed CDATA


class Element(Protocol):
    """A finished element as readers ask it; `line` and `path` are its place."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def text(self) -> str: ...
    def find(self, *names: str) -> "Element | None": ...
    def find_text(self, *names: str) -> str: ...
    def find_all(self, name: str) -> "Sequence[Element]": ...


class _Parsed:
    """`children` leaves out what the plan skips or cuts."""

    __slots__ = ("attributes", "children", "counts", "held_before", "line", "name", "path", "text")

    def __init__(self, name: str, path: str, line: int, attributes: Mapping[str, str], held: int) -> None:
        self.name = name
        self.path = path
        self.line = line
        self.attributes = attributes
        self.text = ""
        self.children: list[_Parsed] = []
        self.counts: dict[str, int] | None = None
        self.held_before = held

    def find(self, *names: str) -> "_Parsed | None":
        """The first child of the first name, its first child of the second, and so on; None if one is not there."""
        element = self
        for name in names:
            for child in element.children:
                if child.name == name:
                    element = child
                    break
            else:
                return None
        return element

    def find_text(self, *names: str) -> str:
        """That element's text on one line, "" if there is none."""
        element = self.find(*names)
        return element.text if element is not None else ""

    def next_number(self, name: str) -> int:
        """The place of a new child among its siblings of that name."""
        if self.counts is None:
            self.counts = {}
        number = self.counts[name] = self.counts.get(name, 0) + 1
        return number

    def find_all(self, name: str) -> "list[_Parsed]":
        return [child for child in self.children if child.name == name]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reader wants of a kind of document.

    `check_root(namespace, name)` answers why the document is not it, or None. `cut` maps the names of
    elements handed out as they end to the depth where they stand; they leave their parent. `skipped`
    subtrees are not kept. `numbered` names carry their number among their siblings in paths.
    """

    check_root: Callable[[str, str], str | None]
    cut: Mapping[str, int]
    skipped: frozenset[str]
    numbered: frozenset[str]


def read_elements(chunks: Iterable[bytes], file: str, limits: Limits, plan: Plan) -> Iterator[Element]:
    """The plan's elements in the order in which they end; those before an error come before it, too."""
    parsing = _Parsing(file, limits, plan)
    try:
        for chunk in chunks:
            parsing.feed(chunk)
            yield from parsing.take()
        parsing.end()
    except UnreadableFile:
        yield from parsing.take()
        raise
    yield from parsing.take()


class _Parsing:
    """The state between two events of the parser: the open elements, and what the limits count."""

    def __init__(self, file: str, limits: Limits, plan: Plan) -> None:
        self._file, self._limits, self._plan = file, limits, plan
        self._parser = _new_parser(self)
        self._open: list[_Parsed] = []
        self._skipped_depth = 0
        self._ready: list[_Parsed] = []
        self._text = ""
        self._names: dict[str, str | None] = {}
        self._namespace = ""
        self._encoding = "UTF-8"
        self._elements = self._held = self._bytes = 0

    # --- bytes in, elements out

    def feed(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        if self._bytes > self._limits.file_bytes_max:
            self.refuse(f"the file is larger than {self._limits.file_bytes_max} bytes (file_bytes_max)")
        self._parse(chunk, is_final=False)
        unfinished = self._bytes - self._parser.CurrentByteIndex
        if self._parser.CurrentByteIndex >= 0 and unfinished > self._limits.token_bytes_max:
            self.refuse(f"a tag or comment longer than {self._limits.token_bytes_max} bytes (token_bytes_max)")

    def end(self) -> None:
        self._parse(b"", is_final=True)

    def take(self) -> list[_Parsed]:
        ready, self._ready = self._ready, []
        return ready

    def refuse(self, reason: str) -> NoReturn:
        """With the place where the parser stands."""
        path = self._open[-1].path if self._open else None
        raise UnreadableFile(self._file, self._parser.CurrentLineNumber, path, reason)

    def _parse(self, chunk: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(chunk, is_final)
        except expat.ExpatError as error:
            path = self._open[-1].path if self._open else None
            raise UnreadableFile(self._file, error.lineno, path, self._explain(error)) from None

    def _explain(self, error: expat.ExpatError) -> str:
        if error.code in _ENDS_EARLY:
            inside = f" before {self._open[-1].name} is closed" if self._open else ""
            return f"the file ends early{inside}: it is truncated or was not sent whole"
        if error.code == _TAG_MISMATCH and self._open:
            where = "inside" if self._skipped_depth else "where"
            return f"an end tag that does not match stands {where} </{self._open[-1].name}> is expected"
        words = expat.errors.messages.get(error.code, "unknown error")
        if error.code == _INVALID_TOKEN:
            words = f"a stray character, or bytes that are not {self._encoding}"
        return f"not well-formed XML at column {error.offset + 1}: {words}"

    # --- the parser's events

    def on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ENCODINGS:
            known = "UTF-8, UTF-16, ISO-8859-1, ISO-8859-15, windows-1252, US-ASCII"
            self.refuse(f"the encoding {encoding[:40]!r} is not read; expected one of {known}")
        self._encoding = encoding or self._encoding

    def on_doctype(self, *_: object) -> NoReturn:
        self.refuse("it has a document type declaration (DOCTYPE), which no bank statement needs; not read for safety")

    def on_entity(self, *_: object) -> NoReturn:
        self.refuse("it declares or uses an entity, which no bank statement needs; not read for safety")

    def on_external_entity(self, *_: object) -> int:
        self.on_entity()

    def on_prefix(self, prefix: str | None, _uri: str | None) -> None:
        self._learn(f"xmlns:{prefix or ''}")

    def on_start(self, raw: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > self._limits.elements_max:
            self.refuse(f"more than {self._limits.elements_max} elements (elements_max)")
        name = self._names[raw] if raw in self._names else self._learn(raw)
        if attributes:
            self._check_attributes(attributes)
        if len(self._open) + self._skipped_depth >= self._limits.nesting_max:
            self.refuse(f"elements nested deeper than {self._limits.nesting_max} (nesting_max)")
        self._text = ""
        if self._skipped_depth:
            self._skipped_depth += 1
        elif not self._open:
            self._open_root(raw, attributes)
        elif name is None or name in self._plan.skipped:
            self._skipped_depth = 1
        else:
            path = f"{self._open[-1].path}/{name}"
            if name in self._plan.numbered:
                path = f"{path}[{self._open[-1].next_number(name)}]"
            self._open.append(_Parsed(name, path, self._parser.CurrentLineNumber, attributes, self._held))
            self._held += 1
            if self._held > self._limits.held_elements_max:
                self.refuse(f"more than {self._limits.held_elements_max} elements in one entry (held_elements_max)")

    def on_text(self, text: str) -> None:
        """Mostly called once for a text; joined here because comments and long texts come in pieces."""
        if self._skipped_depth:
            return
        self._text += text
        if len(self._text) > self._limits.text_chars_max:
            self.refuse(f"text longer than {self._limits.text_chars_max} characters (text_chars_max)")

    def on_end(self, _raw: str) -> None:
        if self._skipped_depth:
            self._skipped_depth -= 1
            return
        element = self._open.pop()
        if self._text:
            if not element.children:
                element.text = " ".join(self._text.split())
            self._text = ""
        if self._plan.cut.get(element.name) == len(self._open) + 1:
            self._held = element.held_before
            self._ready.append(element)
        elif self._open:
            self._open[-1].children.append(element)

    # --- parts of the above

    def _open_root(self, raw: str, attributes: Mapping[str, str]) -> None:
        self._namespace, _, name = raw.rpartition(" ")
        if reason := self._plan.check_root(self._namespace, name):
            raise UnreadableFile(self._file, self._parser.CurrentLineNumber, name, reason)
        self._names = {raw: name}
        self._open.append(_Parsed(name, name, self._parser.CurrentLineNumber, attributes, 0))

    def _learn(self, raw: str) -> str | None:
        """The name without its namespace; None if that is not the document's own. Only so many names."""
        if len(self._names) >= self._limits.names_max:
            self.refuse(f"more than {self._limits.names_max} different names (names_max)")
        if len(raw) > self._limits.name_chars_max:
            self.refuse(f"a name longer than {self._limits.name_chars_max} characters (name_chars_max)")
        namespace, _, name = raw.rpartition(" ")
        self._names[raw] = name if namespace == self._namespace else None
        return self._names[raw]

    def _check_attributes(self, attributes: Mapping[str, str]) -> None:
        if len(attributes) > self._limits.attributes_max:
            self.refuse(f"more than {self._limits.attributes_max} attributes on one element (attributes_max)")
        for raw, value in attributes.items():
            if raw not in self._names:
                self._learn(raw)
            if len(value) > self._limits.text_chars_max:
                self.refuse(f"an attribute longer than {self._limits.text_chars_max} characters (text_chars_max)")


def _new_parser(parsing: _Parsing) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.buffer_size = _TEXT_BUFFER_BYTES
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = parsing.on_declaration
    parser.StartDoctypeDeclHandler = parsing.on_doctype
    parser.EntityDeclHandler = parsing.on_entity
    parser.ExternalEntityRefHandler = parsing.on_external_entity
    parser.SkippedEntityHandler = parsing.on_entity
    parser.StartNamespaceDeclHandler = parsing.on_prefix
    parser.StartElementHandler = parsing.on_start
    parser.CharacterDataHandler = parsing.on_text
    parser.EndElementHandler = parsing.on_end
    return parser
