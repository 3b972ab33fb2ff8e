"""The Consumer API's beginning: a product finds a bank, opens a session, polls for its end (7.3-7.5, 7.10)."""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import linking
from sage_sandbox.bank_accounts import account_of, bank_of, candidate_view
from sage_sandbox.banks import alpha3, product_view
from sage_sandbox.bootstrap import application_of, company_of
from sage_sandbox.exchange import answer, region_of, world_of
from sage_sandbox.records import Authorisation
from sage_sandbox.refusals import refuse
from sage_sandbox.world import World


async def get_bank(request: Request) -> Response:
    application_of(request)
    return answer(product_view(bank_of(request, request.path_params["bank_id"])))


async def get_banks(request: Request) -> Response:
    """All banks, or those of a `name` part, a `country`, or the popular ones."""
    application_of(request)
    world, region = world_of(request), region_of(request)
    query = {name.lower(): value for name, value in request.query_params.items()}
    name, country = query.get("name", "").casefold(), query.get("country", "")
    popular = _flag(query, "popularbank")
    found = [
        product_view(bank)
        for bank in world.book.banks.values()
        if not bank.removed
        and world.region_of(bank) == region
        and name in bank.name.casefold()
        and (not country or alpha3(country) == alpha3(bank.country_code))
        and popular in {None, bank.popular_bank}
    ]
    return answer(found)


def _flag(query: dict[str, str], name: str) -> bool | None:
    """A filter of true or false, in any case; none if it was not given."""
    text = query.get(name, "").lower()
    if text not in {"", "true", "false"}:
        raise refuse(400, "SCHEMA_INVALID", "Expected true or false", name)
    return text == "true" if text else None


async def get_indirect_link_account(request: Request) -> Response:
    world = world_of(request)
    organisation, company_id = company_of(request)
    query = {name.lower(): value for name, value in request.query_params.items()}
    if not query.get("bankid"):
        raise refuse(400, "SCHEMA_INVALID", "Object missing required field `bankid`", "bankid")
    bank = bank_of(request, query["bankid"])
    authorisation = linking.open_authorisation(
        world, organisation, company_id, bank, "onboarding", e2e=query.get("e2e")
    )
    return _sent_to_page(world, authorisation)


async def get_indirect_auth(request: Request) -> Response:
    world = world_of(request)
    organisation, company_id = company_of(request)
    account = account_of(world, request)
    if account.status == "cancelled":
        raise refuse(409, "BANK_ACCOUNT_CANCELLED", "The bank account is cancelled", "bankAccountId")
    bank = bank_of(request, account.bank_id)
    authorisation = linking.open_authorisation(
        world, organisation, company_id, bank, "reauth", account.bank_account_id, request.query_params.get("e2e")
    )
    return _sent_to_page(world, authorisation)


def _sent_to_page(world: World, authorisation: Authorisation) -> Response:
    """A redirect that clients read and do not follow."""
    page = f"{world.addresses.ui}/link/{authorisation.link_id}"
    return answer({"redirect": page, **_poll_again(world, authorisation)}, 302, {"Location": page})


def _poll_again(world: World, authorisation: Authorisation) -> dict[str, object]:
    at = f"{authorisation.authorisation_id}/{authorisation.poll_number}"
    region = world.region_of(world.book.banks[authorisation.bank_id])
    signature = _poll_signature(world, at)
    return {
        "pollRoute": f"{world.addresses.of(region).consumer}/poll/{at}?signature={signature}",
        "pollPeriod": world.settings.poll_period_ms,
    }


def _poll_signature(world: World, at: str) -> str:
    return hmac.new(world.identity.poll_secret.encode(), at.encode(), hashlib.sha256).hexdigest()


async def get_poll(request: Request) -> Response:
    """Each route answers once: 202 with the next one, or 200 with how it ended."""
    world = world_of(request)
    authorisation_id, number = request.path_params["authorisation_id"], request.path_params["number"]
    signature = request.query_params.get("signature", "").encode()
    if not hmac.compare_digest(_poll_signature(world, f"{authorisation_id}/{number}").encode(), signature):
        raise refuse(401, "UNAUTHORISED", "Not a poll route of this service")
    authorisation = world.book.authorisations.get(authorisation_id)
    if authorisation is None or authorisation.poll_ended or authorisation.poll_number != number:
        raise refuse(410, "POLL_ROUTE_USED", "The poll route was used before")
    linking.expire(world, authorisation)
    world.keep(authorisation)
    if authorisation.status not in {"consumed", "failed", "expired"}:
        authorisation.poll_number += 1
        return answer(_poll_again(world, authorisation), 202)
    authorisation.poll_ended = True
    account = _linked(world, authorisation)
    return answer({"account": account, "success": account is not None})


def _linked(world: World, authorisation: Authorisation) -> dict[str, object] | None:
    if authorisation.status != "consumed":
        return None
    if authorisation.kind == "reauth":
        account = world.book.bank_accounts[authorisation.bank_account_id or ""]
        return candidate_view(world.book.candidates[account.candidate_id])
    view = candidate_view(world.book.candidates[authorisation.picked_id or ""])
    if authorisation.picked_start_date:
        view["requestedStartDate"] = authorisation.picked_start_date
    return view
