"""An SVG picture, refused unless it is nothing but that: no script, no style sheet, nothing from elsewhere."""

import re
from typing import NoReturn
from xml.parsers import expat

from bankfeeds.domain.errors import one_flaw

ELEMENTS_MAX = 5000
_SVG = "http://www.w3.org/2000/svg"
_DRAWING = frozenset(
    {
        "svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "path", "rect", "circle", "ellipse",
        "line", "polyline", "polygon", "text", "tspan", "clipPath", "mask", "pattern", "linearGradient",
        "radialGradient", "stop",
    }
)  # fmt: skip
_REFERRING = frozenset({"href", "src"})
_ELSEWHERE = re.compile(
    r"(url\s*\(\s*['\"]?\s*(?!#|['\"\s])|@import|expression\s*\(|javascript:|\\|/\*)", re.IGNORECASE
)
_REMEDY = "export it as plain SVG, or as PNG"


def check_svg(content: bytes) -> None:
    """Invalid, naming `logo` and what is in its way."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _doctype
    parser.ProcessingInstructionHandler = _instruction
    parser.StartElementHandler = reader.start
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise one_flaw("logo", f"is no SVG picture: {error}") from None
    except (ValueError, LookupError):
        raise one_flaw("logo", "is no SVG picture: its encoding is unknown; save it as UTF-8") from None


class _Reader:
    def __init__(self) -> None:
        self.count = 0

    def start(self, element: str, attributes: dict[str, str]) -> None:
        namespace, _, name = element.rpartition(" ")
        self.count += 1
        if self.count == 1 and (namespace, name) != (_SVG, "svg"):
            raise one_flaw("logo", "is no SVG picture: its first element must be svg, of SVG's own namespace")
        if self.count > ELEMENTS_MAX:
            _refuse(f"more than {ELEMENTS_MAX} elements")
        if namespace != _SVG or name not in _DRAWING:
            _refuse(f"the element {name[:40]}")
        for attribute, value in attributes.items():
            _check_attribute(attribute.rpartition(" ")[2].lower(), value)


def _doctype(_name: str, _system: str | None, _public: str | None, _internal: bool) -> None:  # noqa: FBT001 - as expat calls it
    _refuse("a DOCTYPE")


def _instruction(_target: str, _data: str) -> None:
    _refuse("a processing instruction")


def _check_attribute(name: str, value: str) -> None:
    """References lead to the picture's own parts only."""
    is_foreign = name in _REFERRING and not value.strip().startswith("#")
    if name.startswith("on") or name == "base" or is_foreign or _ELSEWHERE.search(value):
        _refuse(f"the attribute {name[:40]}, which could run something or fetch it from elsewhere")


def _refuse(what: str) -> NoReturn:
    raise one_flaw("logo", f"has {what}; {_REMEDY}")
