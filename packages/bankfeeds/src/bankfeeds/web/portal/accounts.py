"""A source account: its feeds, what its customer sees in Sage and when, and its timeline from the first day on."""

from urllib.parse import quote

from bankfeeds.flows import history, reauthorise, source_accounts
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.companies import name_of
from bankfeeds.web.portal.confirming import ask
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.states import tone
from bankfeeds.web.portal.timeline import told
from bankfeeds.web.portal.visit import PortalPage, Visit

_ACCOUNT = "accounts/{account}"


def account(desk: Desk, visit: Visit) -> Answer:
    before = visit.first("before") or None
    detail = history.account(desk.world, visit.path["account"], before)
    found = detail.account
    entries = [told(visit.words, entry, found.currency) for entry in detail.entries]
    title = name_of(visit.words, found)
    return desk.page(
        visit, "account.html", title, account=found, detail=detail, entries=entries, is_later=bool(before), tone=tone
    )


def ask_again(desk: Desk, visit: Visit) -> Answer:
    name = visit.path["account"]
    reauthorise.ask(desk.world, visit.actor, name, visit.fields.get("reason", ""))
    return desk.go(visit, _place(name), "done_reauthorise")


def to_account(desk: Desk, visit: Visit) -> Answer:
    return desk.go(visit, _place(visit.path["account"]))


def ask_delete(desk: Desk, visit: Visit) -> Answer:
    return _ask_delete(desk, visit, is_missing=False)


def delete(desk: Desk, visit: Visit) -> Answer:
    """Only with the box ticked: there is no way back."""
    if visit.fields.get("sure") != "yes":
        return _ask_delete(desk, visit, is_missing=True)
    found = history.account(desk.world, visit.path["account"]).account
    source_accounts.delete(desk.world, visit.actor, found.company_id, found.connection_id, found.id)
    return desk.go(visit, f"companies/{found.company_id}", "done_delete_account")


def _ask_delete(desk: Desk, visit: Visit, *, is_missing: bool) -> Answer:
    found = history.account(desk.world, visit.path["account"]).account
    name = name_of(visit.words, found)
    place = _place(found.external_id)
    return ask(desk, visit, "delete_account", place, is_final=True, is_missing=is_missing, account=name)


def _place(external_id: str) -> str:
    return f"accounts/{quote(external_id, safe='')}"


PAGES = (
    PortalPage(_ACCOUNT, account),
    PortalPage(f"{_ACCOUNT}/reauthorise", to_account, ask_again),
    PortalPage(f"{_ACCOUNT}/delete", ask_delete, delete),
)
