"""The plain camt that banks send, read at C speed: the same elements as `xml.read_elements`, without their places.

ElementTree builds the elements, and each entry is let go once it is read. It has neither the limits nor the places of
`xml.py`, so everything that could need one is a Doubt: a file that is not in UTF-8, anything that begins with `<!` (a
document type, and with it every entity; a comment; CDATA), a processing instruction, a foreign namespace, an unusual
attribute, whatever comes near a limit, and whatever is wrong. Whoever meets a Doubt reads the file again by `xml.py`,
which accepts it or refuses it with the place. What is read here is read there too, to the same elements.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from xml.etree import ElementTree as ET  # guarded below: nothing that begins with <! reaches it

from bankfeeds.readers.limits import Limits
from bankfeeds.readers.xml import Plan

_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml(?: [^<>?]*)?\?>)?\s*<(?:([A-Za-z0-9_]{1,32}):)?Document(?:\s[^<>]*)?>")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)")
_PLAIN_ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii"})
_STATEMENT_DEPTH = 3
_PREFIXES_MAX = 4
_HEAD_ATTRIBUTES_MAX = 8
_CURRENCY_ATTRIBUTE = ["Ccy"]
_ATTRIBUTE_CHARS_MAX = 16


class Doubt(Exception):
    """The file has to be read the other way."""


class QuickElement:
    """As `xml.Element`; asked for its line, it is in doubt, since only refusals and warnings ask."""

    __slots__ = ("_element", "_names", "_plan", "name", "path")

    def __init__(self, element: ET.Element, name: str, path: str, names: "_Names", plan: Plan) -> None:
        self._element, self._names, self._plan = element, names, plan
        self.name, self.path = name, path

    @property
    def line(self) -> int:
        raise Doubt

    @property
    def attributes(self) -> Mapping[str, str]:
        return self._element.attrib

    @property
    def text(self) -> str:
        return self._text_of(self._element)

    def find(self, *names: str) -> "QuickElement | None":
        """As `xml.Element.find`."""
        element = self._at(names)
        return None if element is None else self._made(element, names[-1])

    def find_text(self, *names: str) -> str:
        """As `xml.Element.find_text`."""
        element = self._at(names)
        return "" if element is None else self._text_of(element)

    def find_all(self, name: str) -> "list[QuickElement]":
        """As `xml.Element.find_all`."""
        return [self._made(element, name) for element in self._element.findall(self._names[name])]

    def _at(self, names: tuple[str, ...]) -> ET.Element | None:
        element: ET.Element | None = self._element
        for name in names:
            element = element.find(self._names[name])
            if element is None:
                return None
        return element

    def _made(self, element: ET.Element, name: str) -> "QuickElement":
        return QuickElement(element, name, self.path, self._names, self._plan)

    def _text_of(self, element: ET.Element) -> str:
        if len(element):
            if all(self._names.plain(child.tag) in self._plan.skipped for child in element):
                raise Doubt
            return ""
        text = element.text
        return " ".join(text.split()) if text else ""


class _Names(dict[str, str]):
    """From a name to ElementTree's, `{namespace}name`."""

    def __init__(self, namespace: str) -> None:
        self._start = f"{{{namespace}}}"

    def __missing__(self, name: str) -> str:
        self[name] = full = self._start + name
        return full

    def plain(self, tag: str) -> str:
        if not tag.startswith(self._start):
            raise Doubt
        return tag[len(self._start) :]


def read_quick_elements(chunks: Iterable[bytes], limits: Limits, plan: Plan) -> Iterator[QuickElement]:
    """The plan's elements in the order in which they end; Doubt at the first thing that is not plain."""
    reading = _Reading(limits, plan)
    try:
        for chunk in chunks:
            if reading.feed(chunk):
                yield from reading.take(is_final=False)
        reading.end()
    except ET.ParseError:
        raise Doubt from None
    yield from reading.take(is_final=True)


class _Reading:
    """Fed up to the end of an entry, so that no entry is taken half."""

    def __init__(self, limits: Limits, plan: Plan) -> None:
        self._limits, self._plan = limits, plan
        self._builder = ET.TreeBuilder()
        self._parser = ET.XMLParser(target=self._builder)  # noqa: S314 - no document type, no entity: see `feed`
        self._unfed = b""
        self._entry_end = b""
        self._bytes = self._elements = 0
        self._root: ET.Element | None = None
        self._names = _Names("")
        self._known: set[str] = set()
        self._cut: frozenset[str] = frozenset()
        self._before: ET.Element | None = None

    def feed(self, chunk: bytes) -> bool:
        """True if an entry has ended."""
        self._bytes += len(chunk)
        text = self._unfed + chunk
        if self._bytes > self._limits.file_bytes_max or b"<!" in text:
            raise Doubt
        if not self._entry_end:
            self._begin(text)
        elif b"<?" in text or b"xmlns" in text:
            raise Doubt
        end = text.rfind(self._entry_end) + len(self._entry_end)
        if end < len(self._entry_end):
            end = 0
        self._unfed = text[end:]
        if len(self._unfed) > self._limits.token_bytes_max:
            raise Doubt
        if end:
            self._parser.feed(text[:end])
        return bool(end)

    def end(self) -> None:
        self._parser.feed(self._unfed)
        self._parser.close()

    def take(self, *, is_final: bool) -> Iterator[QuickElement]:
        """Entries with their details that have ended; statements that have, too."""
        message = self._message()
        children = list(message)
        last = children[-1] if children and not is_final else None
        for element in children:
            name = self._names.plain(element.tag)
            path = f"Document/{self._names.plain(message.tag)}/{name}["
            is_statement = self._plan.cut.get(name) == _STATEMENT_DEPTH
            if is_statement:
                yield from self._entries(element, path)
            elif name not in self._plan.skipped:
                raise Doubt
            if element is last:
                break
            self._check_rest(element)
            if is_statement:
                yield QuickElement(element, name, path, self._names, self._plan)
            message.remove(element)
        if is_final:
            self._check_spaces(self._root, message)

    def _entries(self, statement: ET.Element, path: str) -> Iterator[QuickElement]:
        entry_tag, group_tag, one_tag = self._names["Ntry"], self._names["NtryDtls"], self._names["TxDtls"]
        others: list[ET.Element] = []
        for child in statement:
            if child.tag != entry_tag:
                others.append(child)
                continue
            self._check_spaces(self._before)
            self._before = child
            found = self._check(child)
            details = [one for group in child.findall(group_tag) for one in group.findall(one_tag)]
            if len(details) != found.count(one_tag):
                raise Doubt
            for one in details:
                yield QuickElement(one, "TxDtls", path, self._names, self._plan)
            yield QuickElement(child, "Ntry", path, self._names, self._plan)
        if sum(len(list(other.iter())) for other in others) > self._limits.held_elements_max // 2:
            raise Doubt
        if len(others) != len(statement):
            statement[:] = others

    def _check_rest(self, element: ET.Element) -> None:
        """A finished statement without its entries, or what is passed over beside it."""
        if self._names["TxDtls"] in self._check(element):
            raise Doubt
        self._check_spaces(self._before, element)
        self._before = None

    def _begin(self, text: bytes) -> None:
        """What stands before the first entry: the declaration, the root and its namespaces."""
        head = _HEAD.match(text)
        if head is None or text.count(b"xmlns") > _PREFIXES_MAX or text.find(b"<?", head.start() + 5) > 0:
            raise Doubt
        declared = _ENCODING.search(head[0].partition(b"?>")[0]) if b"?>" in head[0] else None
        if declared is not None and declared[1].lower() not in _PLAIN_ENCODINGS:
            raise Doubt
        if head[0].count(b"=") > _HEAD_ATTRIBUTES_MAX or self._limits.attributes_max < _HEAD_ATTRIBUTES_MAX:
            raise Doubt
        prefix = head[1] + b":" if head[1] else b""
        self._entry_end = b"</" + prefix + b"Ntry>"

    def _message(self) -> ET.Element:
        """The only element within the root."""
        if self._root is None:
            self._root = self._builder.close()
            namespace, _, name = self._root.tag.removeprefix("{").rpartition("}")
            if self._plan.check_root(namespace, name):
                raise Doubt
            self._names = _Names(namespace)
            self._cut = frozenset(self._names[name] for name in self._plan.cut)
        if len(self._root) != 1:
            raise Doubt
        return self._root[0]

    def _check(self, whole: ET.Element) -> list[str]:
        """The tags within: nothing that could come near a limit, and none of the names that stand elsewhere."""
        limits = self._limits
        elements = list(whole.iter())
        del elements[0]
        tags = [element.tag for element in elements]
        self._elements += len(elements)
        if self._elements > limits.elements_max // 2 or len(elements) > limits.held_elements_max // 2:
            raise Doubt
        if not self._known.issuperset(tags):
            self._learn(set(tags) - self._known)
        if len(elements) > limits.nesting_max // 2:
            _check_depth(whole, limits.nesting_max // 2)
        texts = list(whole.itertext())
        if sum(map(len, texts)) > limits.text_chars_max and max(map(len, texts)) > limits.text_chars_max:
            raise Doubt
        for element in [element for element in elements if element.keys()]:
            if element.keys() != _CURRENCY_ATTRIBUTE or len(element.attrib["Ccy"]) > _ATTRIBUTE_CHARS_MAX:
                raise Doubt
        return tags

    def _learn(self, tags: set[str]) -> None:
        for tag in tags:
            name = self._names.plain(tag)
            if (tag in self._cut and name != "TxDtls") or len(name) > self._limits.name_chars_max // 2:
                raise Doubt
        self._known |= tags
        if len(self._known) > self._limits.names_max // 2:
            raise Doubt

    def _check_spaces(self, *elements: ET.Element | None) -> None:
        """Between entries there are only so many blanks."""
        for element in elements:
            if element is not None and any(
                len(text or "") > self._limits.text_chars_max for text in (element.text, element.tail)
            ):
                raise Doubt


def _check_depth(whole: ET.Element, deepest: int) -> None:
    level = list(whole)
    for _ in range(deepest):
        if not level:
            return
        level = list(chain.from_iterable(level))
    raise Doubt
