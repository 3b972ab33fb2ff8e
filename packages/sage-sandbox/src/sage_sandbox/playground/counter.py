"""The page behind the counter: the customers' accounts and the listings at Sage, each with its buttons."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sage_sandbox.exchange import read_form
from sage_sandbox.playground import feeds, history
from sage_sandbox.playground.bank import COUNTRIES, PATH, Playground, playground_of
from sage_sandbox.playground.desk import AccountBody, BankBody, LinesBody
from sage_sandbox.playground.pages import show
from sage_sandbox.playground.records import PlaygroundAccount
from sage_sandbox.playground.words import country_names, language_of, money
from sage_sandbox.product.words import in_order
from sage_sandbox.records import Region
from sage_sandbox.refusals import Refusal, refuse, schema_problem

Form = dict[str, str]
_Body = TypeVar("_Body")
_REGIONS: dict[str, Region] = {code: region for region, codes in COUNTRIES.items() for code in codes}


async def get_counter(request: Request) -> Response:
    return _counter(request)


def _counter(request: Request, status: int = 200, problem: str = "") -> HTMLResponse:
    playground = playground_of(request)
    book, language = playground.world.book, language_of(request)
    named = country_names(language)
    banks = sorted(
        book.playground_banks.values(),
        key=lambda bank: (in_order(named.get(bank.country_code, "")), in_order(bank.name)),
    )
    return show(
        request,
        "desk.html",
        status,
        problem=problem,
        rows=[_row(playground, account, language) for account in book.playground_accounts.values()],
        banks=banks,
        named=named,
        countries=sorted(((code, named[code]) for code in _REGIONS), key=lambda each: in_order(each[1])),
    )


def _row(playground: Playground, account: PlaygroundAccount, language: str) -> dict[str, object]:
    found = feeds.feeds_of(playground, account.external_id)
    return {
        "account": account,
        "bank": playground.world.book.playground_banks.get(account.bank_id),
        "balance": money(history.balance_after(account, account.count), language),
        "feeds": found,
        "working": any(feed.bank_account_id in playground.working for feed in found),
    }


async def post_counter(request: Request) -> Response:
    """One of the page's buttons; what it could not do stands on the page."""
    form = await read_form(request)
    act = _ACTS.get(form.get("action", ""))
    if act is None:
        return _counter(request, 400, "Expected one of: " + ", ".join(_ACTS))
    try:
        await act(playground_of(request), form)
    except Refusal as refusal:
        return _counter(request, refusal.status, "; ".join(problem.message for problem in refusal.problems))
    return RedirectResponse(f"{PATH}?lang={language_of(request)}", 303)


async def _send_lines(playground: Playground, form: Form) -> None:
    body = _converted({"count": form.get("count", "")}, LinesBody)
    await feeds.send_lines(playground, playground.account(form.get("externalId", "")), body.count)


async def _ask_renewal(playground: Playground, form: Form) -> None:
    account = playground.account(form.get("externalId", ""))
    if not await feeds.ask_for_renewal(playground, account):
        raise refuse(409, "NOT_LINKED", "No Sage product has linked the account", "externalId")


async def _open_account(playground: Playground, form: Form) -> None:
    given = {name: form[name] for name in ("customer", "accountName") if form.get(name)}
    body = _converted({"bankId": form.get("bankId", ""), **given}, AccountBody)
    playground.bank(body.bank_id)
    playground.accounts_of(body.bank_id, body.customer)
    playground.open_account(body.bank_id, body.customer, body.account_name)


async def _add_listing(playground: Playground, form: Form) -> None:
    country = form.get("countryCode", "")
    if country not in _REGIONS:
        raise refuse(400, "SCHEMA_INVALID", "Expected one of: " + ", ".join(_REGIONS), "countryCode")
    body = _converted({"name": form.get("name", "").strip(), "countryCode": country}, BankBody)
    await playground.create_bank(body.name, country, _REGIONS[country])


async def _rename_listing(playground: Playground, form: Form) -> None:
    body = _converted({"name": form.get("name", "").strip()}, BankBody)
    await playground.rename_bank(playground.bank(form.get("bankId", "")), body.name)


async def _remove_listing(playground: Playground, form: Form) -> None:
    await playground.remove_bank(playground.bank(form.get("bankId", "")))


_ACTS: dict[str, Callable[[Playground, Form], Awaitable[None]]] = {
    "lines": _send_lines,
    "renew": _ask_renewal,
    "open": _open_account,
    "list": _add_listing,
    "rename": _rename_listing,
    "remove": _remove_listing,
}


def _converted(fields: Form, kind: type[_Body]) -> _Body:
    """A form's fields checked as the API's body is; forms have text alone."""
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        problem = schema_problem(error)
        raise refuse(400, problem.code, f"{problem.path}: {problem.message}", problem.path) from None
