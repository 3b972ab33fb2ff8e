"""Later in a feed's life: a Confirm that the Banking Service waits for, disconnecting, more accounts of one login."""

from starlette.responses import Response

from sage_sandbox import linking
from sage_sandbox.exchange import read_form
from sage_sandbox.product.client import Available
from sage_sandbox.product.connecting import instant_of, read_start, take, today_of, usual_start
from sage_sandbox.product.screens import Missing, Visit, go
from sage_sandbox.product.tenancy import LedgerAccount

LOOKS_MAX = 8


async def post_confirm_account(visit: Visit) -> Response:
    """With the setting `pendingConfirmation` the Banking Service itself waits; there is no public call for it."""
    account = visit.account()
    found = visit.world.book.bank_accounts.get(account.bank_account_id or "")
    if found is not None and found.status == "pendingConfirmation":
        linking.confirm(visit.world, found)
        account.status = found.status
    return go(visit.url(account))


async def get_disconnect(visit: Visit) -> Response:
    account = visit.account()
    return visit.show("disconnect.html", account=account) if account.is_connected else go(visit.url(account))


async def post_disconnect(visit: Visit) -> Response:
    account = visit.account()
    if account.is_connected:
        await visit.client.delete(account.bank_account_id or "")
        account.status = "cancelled"
        if visit.profile.product.removes_lines:
            account.downloaded_to, account.balance = 0, None
    return go(visit.url(account) + "?said=disconnected")


# --- map accounts -----------------------------------------------------------------------------------------------------


def _sources(visit: Visit) -> list[LedgerAccount]:
    """One connected account opens the list of all accounts of its login."""
    return [account for account in visit.company.accounts if account.is_connected and account.status == "active"]


def _free(visit: Visit) -> list[LedgerAccount]:
    return [account for account in visit.company.accounts if not account.is_connected]


async def get_map(visit: Visit) -> Response:
    """The first call has the bank asked, a later one has the answer; the page comes back until then."""
    if not visit.profile.product.maps_accounts:
        raise Missing
    query = visit.request.query_params
    source = visit.company.account(query.get("source", ""))
    if source is None or source not in _sources(visit):
        return visit.show("map_source.html", sources=_sources(visit))
    look = query.get("look", "0")
    looks = int(look) if look in {str(n) for n in range(LOOKS_MAX)} else LOOKS_MAX
    found = await visit.client.available(source.bank_account_id or "") if looks else []
    if looks == 0:
        await visit.client.available(source.bank_account_id or "")
    again = f"{visit.home}/map?source={source.account_id}&look={looks + 1}"
    is_waiting = not found and looks < LOOKS_MAX
    return _map(visit, source, found, again if is_waiting else "")


def _map(
    visit: Visit, source: LedgerAccount, found: list[Available], again: str = "", problem: str = "", status: int = 200
) -> Response:
    return visit.show(
        "map.html", status, source=source, found=found, again=again, problem=problem, free=_free(visit),
        start=usual_start(visit), today=today_of(visit).isoformat(),
    )  # fmt: skip


async def post_map(visit: Visit) -> Response:
    if not visit.profile.product.maps_accounts:
        raise Missing
    form = await read_form(visit.request)
    source = visit.company.account(form.get("source", ""))
    if source is None or source not in _sources(visit):
        raise Missing
    found = await visit.client.available(source.bank_account_id or "")
    chosen = [(each, form.get(f"account-{each.bank_account_candidate_id}", "")) for each in found]
    chosen = [(each, account_id) for each, account_id in chosen if account_id]
    free = {account.account_id: account for account in _free(visit)}
    wanted = [account_id for _, account_id in chosen]
    starts = {
        each.bank_account_candidate_id: read_start(visit, form.get(f"start-{each.bank_account_candidate_id}", ""))
        for each, _ in chosen
    }
    if not wanted or len(set(wanted)) < len(wanted) or not set(wanted) <= set(free) or None in starts.values():
        return _map(visit, source, found, problem=visit.say("map.wrong"), status=400)
    for each, account_id in chosen:
        start = starts[each.bank_account_candidate_id] or ""
        made = await visit.client.link_available(each.bank_account_candidate_id, instant_of(start))
        free[account_id].bank_id, free[account_id].bank_name = source.bank_id, source.bank_name
        take(free[account_id], made, each.account_name, start)
    return go(visit.home + "?said=mapped")
