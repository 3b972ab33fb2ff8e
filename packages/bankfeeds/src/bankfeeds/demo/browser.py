"""A browser as small as the demo needs: follows redirects and the documented script, reads forms, posts them."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from bankfeeds.demo.programs import DemoFailed

HOPS_MAX = 12
_SCRIPTED = re.compile(r"""location(?:\.href)?\s*(?:=|\.(?:replace|assign)\()\s*(["'])(.+?)\1""")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Choice:
    """A radio button or an option of a list, with the words beside it."""

    name: str
    value: str
    label: str = ""


@dataclass(slots=True)
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    choices: list[Choice] = field(default_factory=list[Choice])
    inputs: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Page:
    url: str
    status: int
    html: str
    forms: list[Form] = field(default_factory=list[Form])
    links: list[str] = field(default_factory=list[str])
    frames: list[str] = field(default_factory=list[str])
    script: str = ""
    text: str = ""

    def form_with(self, name: str) -> Form | None:
        """The form that asks for this input."""
        return next((form for form in self.forms if name in form.inputs), None)

    @property
    def onward(self) -> str | None:
        """Where a browser would go by itself, or be taken by the only link; None if a person must act."""
        match = _SCRIPTED.search(self.script)
        if match:
            return urljoin(self.url, match[2].replace(r"\/", "/").replace(r"\u0026", "&"))
        target = next(iter(self.frames + self.links[:1]), None) if not self.forms else None
        return urljoin(self.url, target) if target else None


class Browser:
    """Keeps no cookies beyond its client's; every address it may visit is one a page gave it."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.visited: list[tuple[str, str, int]] = []

    def open(self, url: str) -> Page:
        return self._land(self._client.request("GET", url))

    def submit(self, page: Page, form: Form, values: dict[str, str]) -> Page:
        filled = {**form.fields, **values}
        url = urljoin(page.url, form.action or page.url)
        return self._land(self._client.request(form.method.upper(), url, data=filled))

    def _land(self, response: httpx2.Response) -> Page:
        for _ in range(HOPS_MAX):
            url = str(response.url)
            self.visited.append((response.request.method, url, response.status_code))
            if response.status_code in _REDIRECTS:
                target = urljoin(url, response.headers.get("location", ""))
            else:
                page = read_page(url, response.status_code, response.text)
                if page.onward is None:
                    return page
                target = page.onward
            response = self._client.request("GET", target)
        raise DemoFailed(f"the browser was sent on more than {HOPS_MAX} times, the last time to {response.url}")


def read_page(url: str, status: int, html: str) -> Page:
    page = Page(url, status, html)
    reader = _Reader(page)
    reader.feed(html)
    reader.close()
    page.text = " ".join(page.text.split())
    return page


class _Reader(HTMLParser):
    """Fills a Page."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._form: Form | None = None
        self._choice: Choice | None = None
        self._select = ""
        self._is_script = self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(values.get("action", ""), values.get("method", "get"))
            self._page.forms.append(self._form)
        elif tag in {"input", "select", "option", "button", "textarea"} and self._form is not None:
            self._control(self._form, tag, values)
        elif tag == "a" and values.get("href"):
            self._page.links.append(values["href"])
        elif tag == "iframe" and values.get("src"):
            self._page.frames.append(values["src"])
        self._is_script, self._is_style = tag == "script", tag == "style"

    def _control(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name, kind = values.get("name", ""), values.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._choose(form, Choice(self._select, values.get("value", "")))
        elif tag == "input" and kind == "radio":
            self._choose(form, Choice(name, values.get("value", "on")))
        elif tag in {"input", "textarea"} and name and kind not in {"submit", "button", "checkbox"}:
            form.fields[name] = values.get("value", "")
            form.inputs.append(name)
        elif tag == "button" and name and values.get("type", "submit") == "submit":
            self._choose(form, Choice(name, values.get("value", "")))

    def _choose(self, form: Form, choice: Choice) -> None:
        form.choices.append(choice)
        self._choice = choice

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag in {"label", "option", "button", "li", "tr"}:
            self._choice = None
        self._is_script = self._is_style = False

    def handle_data(self, data: str) -> None:
        if self._is_script:
            self._page.script += data
        elif not self._is_style:
            self._page.text += data + " "
            if self._choice is not None:
                self._choice.label += data
