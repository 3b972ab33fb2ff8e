"""A person at the sandbox's Sage product without a browser: opens its pages, follows its links, sends its forms."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2
from institutions import Customer
from systems import System


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict[str, str])
    choices: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Radio buttons and buttons with a name, by the words beside them."""


@dataclass(frozen=True)
class Row:
    on: str
    description: str
    money_in: str
    money_out: str
    balance: str


class Page(HTMLParser):
    """Forms, links, the frame, and the table of transactions."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__()
        self.url = str(response.url)
        self.status = response.status_code
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.frame = ""
        self.text = ""
        self.rows: list[list[str]] = []
        self._words: tuple[dict[str, tuple[str, str]], str, str] | None = None
        self._link = ""
        self._open = ""
        self._in_cell = False
        self.feed(response.text)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag in {"input", "button", "select"} and self.forms and given.get("name"):
            self._control(tag, given)
        elif tag == "a":
            self._link, self._open = given.get("href", ""), ""
        elif tag == "iframe":
            self.frame = given.get("src", "")
        elif tag == "tr" and "data-number" in given:
            self.rows.append([])
        elif tag == "time" and self.rows:
            self.rows[-1].append(given["datetime"])
        elif tag == "td" and self.rows and self.rows[-1]:
            self.rows[-1].append("")
            self._in_cell = True

    def _control(self, tag: str, given: dict[str, str]) -> None:
        if tag == "button" or given.get("type") == "radio":
            self._words = (self.forms[-1].choices, given["name"], given.get("value", ""))
            self._open = ""
        else:
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text += data + " "
        self._open += data
        if self._in_cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        words = " ".join(self._open.split())
        self._in_cell = self._in_cell and tag != "td"
        if tag in {"label", "button"} and self._words is not None:
            choices, name, value = self._words
            choices[words] = (name, value)
            self._words = None
        elif tag == "a" and self._link:
            self.links[words] = urljoin(self.url, self._link)
            self._link = ""

    def form_to(self, part: str) -> Form:
        """The form whose address has this in it; one without an address goes to its page."""
        found = [form for form in self.forms if part in urljoin(self.url, form.action or self.url)]
        assert found, f"{self.url} has no form to {part}: {self.text}"
        return found[0]

    def lines(self) -> list[Row]:
        return [Row(*(cell.strip() for cell in row)) for row in self.rows]


_ONWARD = re.compile(r'<p><a href="([^"]+)"')


class ProductUser:
    """One company of one product and region, newly opened."""

    def __init__(self, system: System, profile: str, language: str = "en", site: str = "") -> None:
        self._http = system.http
        self.site = site or system.details["adminUrl"]
        form = {"profile": profile, "language": language, "name": f"Company {profile}"}
        home = self._http.post(f"{self.site}/ui/companies", data=form, follow_redirects=True)
        assert home.status_code == 200, home.text
        self.home = str(home.url)

    def open(self, url: str) -> Page:
        return self._read(self._http.get(url, follow_redirects=True))

    def send(self, page: Page, part: str, **values: str) -> Page:
        """Send a form of a page, with these values in place of its own."""
        form = page.form_to(part)
        url = urljoin(page.url, form.action or page.url)
        return self._read(self._http.post(url, data={**form.fields, **values}, follow_redirects=True))

    def _read(self, response: httpx2.Response) -> Page:
        return Page(response)

    def account(self, number: int = 0) -> Page:
        """The page of one of the company's accounts, in the order of the list."""
        home = self.open(self.home)
        urls = [url for url in home.links.values() if re.fullmatch(r".*/accounts/[^/]+(/connect)?", url)]
        accounts = list(dict.fromkeys(url.removesuffix("/connect") for url in urls))
        return self.open(accounts[number])

    def agree(self, account: Page, bank_id: str, **values: str) -> Page:
        """Search everywhere, choose the bank, agree: the page with the bank's page in its frame."""
        found = self.open(f"{account.url.split('?')[0]}/connect?country=")
        (url,) = [url for url in found.links.values() if url.endswith(bank_id)]
        return self.send(self.open(url), f"/connect/{bank_id}", **values)

    def sign_in(self, framed: Page, customer: Customer) -> Page:
        """In the frame: what the provider's `auth` answered leads to its page; then back at Sage."""
        embedded = self._http.get(framed.frame)
        onward = _ONWARD.search(embedded.text)
        assert onward, f"{embedded.status_code}: {embedded.text}"
        form = self.open(onward[1].replace("&amp;", "&"))
        return self.send(form, "/authorise/", connectionId=customer.connection_id, otp=customer.otp())

    def pick(self, picker: Page, account_name: str) -> Page:
        name, value = picker.form_to("indirectredirect").choices[account_name]
        return self.send(picker, "indirectredirect", **{name: value})

    def connect(
        self, customer: Customer, bank_id: str, account_name: str = "Trading account", start_on: str = ""
    ) -> str:
        """The whole way; the account's address in the product."""
        account = self.account()
        start = self.pick(self.sign_in(self.agree(account, bank_id), customer), account_name)
        assert start.url.endswith("/start-date"), f"{start.url}: {start.text}"
        summary = self.send(start, "/start-date", **({"startDate": start_on} if start_on else {}))
        done = self.send(summary, "/confirm")
        assert "said=connected" in done.url, f"{done.url}: {done.text}"
        return account.url
