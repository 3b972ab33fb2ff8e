"""Pages of a list: the parameters strictly, the links as Codat writes them (contract 1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bankfeeds.domain.errors import one_flaw
from bankfeeds.web.codat import wire
from bankfeeds.web.endpoint import Call

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 5000
PAGE_MAX = 1_000_000_000
_KEPT = ("query", "orderBy", "tags")


@dataclass(frozen=True, slots=True)
class Window:
    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


def window(call: Call) -> Window:
    number = whole(call, "page", 1, PAGE_MAX)
    size = whole(call, "pageSize", 1, PAGE_SIZE_MAX)
    return Window(1 if number is None else number, PAGE_SIZE_DEFAULT if size is None else size)


def whole(call: Call, name: str, least: int, most: int) -> int | None:
    """A query parameter that is a whole number within bounds; None if absent."""
    text = call.first(name)
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise one_flaw(name, f"must be a whole number from {least} to {most}")
    return number


def page(call: Call, view: Window, results: Sequence[object], total: int) -> wire.Page:
    path = call.url_path
    kept = "".join(f"&{name}={quote(text, safe='')}" for name in _KEPT if (text := call.first(name)) is not None)

    def link(number: int) -> wire.Href:
        return wire.Href(f"{path}?page={number}&pageSize={view.size}{kept}")

    return wire.Page(
        results=list(results),
        page_number=view.number,
        page_size=view.size,
        total_results=total,
        links=wire.Links(
            self=wire.Href(path),
            current=link(view.number),
            next=link(view.number + 1) if view.offset + view.size < total else None,
            previous=link(view.number - 1) if view.number > 1 else None,
        ),
    )
