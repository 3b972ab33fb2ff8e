"""Puts the sandbox together: a world from its store, the routes, the errors' bodies, what runs beside."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from sage_sandbox import (
    bank_accounts,
    banks,
    bootstrap,
    callbacks,
    consumer,
    identity,
    provider,
    statements,
    transactions,
)
from sage_sandbox.admin import controls, evidence, registry, views
from sage_sandbox.calls import api as calls
from sage_sandbox.calls import page as live
from sage_sandbox.calls.rules import cited, section_of_call
from sage_sandbox.exchange import refused, region_of, world_of
from sage_sandbox.pages import browser
from sage_sandbox.playground import feeds
from sage_sandbox.playground.bank import Playground
from sage_sandbox.playground.routes import routes as playground_routes
from sage_sandbox.product import routes as product
from sage_sandbox.records import Bank, Provider, Region
from sage_sandbox.refusals import GatewayRefusal, Problem, Refusal
from sage_sandbox.store import FileStore, NoStore, Store
from sage_sandbox.tap import Tap
from sage_sandbox.world import PREFIXES, World

_CLOUD_ID = "/cloudid"
_PAPI = "/papi"
_CONSUMER = "/consumer/api/v1"
_COMPANY = _CONSUMER + "/organisations/{organisation_id}/companies/{company_id}"
_LINKED = _COMPANY + "/bankaccounts/{bank_account_id}"


def _routes() -> list[Route | Mount]:
    return [
        Route(f"{_CLOUD_ID}/oauth/token", identity.post_token, methods=["POST"]),
        Route(f"{_CLOUD_ID}/.well-known/jwks.json", identity.get_jwks),
        *_provider_routes(),
        *_consumer_routes(),
        *(Mount(prefix, routes=[*_provider_routes(), *_consumer_routes()]) for prefix in PREFIXES.values() if prefix),
        Route("/ui/link/{link_id}", browser.get_link),
        Route("/ui/calls", live.get_page),
        Route("/static/calls.js", live.get_script),
        Route("/static/calls.css", live.get_style),
        *playground_routes(),
        *product.routes(),
        *_admin_routes(),
    ]


def _provider_routes() -> list[Route]:
    return [
        Route(f"{_PAPI}/v1/statements", statements.post_statement, methods=["POST"]),
        Route(f"{_PAPI}/v1/statements/{{statement_id}}", statements.get_statement),
        Route(f"{_PAPI}/v1/authorisations/{{authorisation_id}}", provider.patch_authorisation, methods=["PATCH"]),
        Route(f"{_PAPI}/v1/accountqueries", provider.post_account_query, methods=["POST"]),
        Route(f"{_PAPI}/v1/banks", banks.post_banks, methods=["POST"]),
        Route(f"{_PAPI}/v1/banks", banks.get_banks),
        Route(f"{_PAPI}/v1/banks/{{principal_id}}", banks.put_bank, methods=["PUT"]),
        Route(f"{_PAPI}/v1/sync", provider.post_sync, methods=["POST"]),
        Route(f"{_PAPI}/sync", provider.post_sync, methods=["POST"]),
    ]


def _consumer_routes() -> list[Route]:
    return [
        Route(f"{_CONSUMER}/organisations", bootstrap.post_organisation, methods=["POST"]),
        Route(f"{_CONSUMER}/accesstoken", bootstrap.get_access_token),
        Route(f"{_CONSUMER}/banks", consumer.get_banks),
        Route(f"{_CONSUMER}/banks/{{bank_id}}", consumer.get_bank),
        Route(f"{_CONSUMER}/poll/{{authorisation_id}}/{{number:int}}", consumer.get_poll),
        Route(f"{_CONSUMER}/indirectredirect/{{redirect_id}}", browser.get_redirect),
        Route(f"{_CONSUMER}/indirectredirect/{{redirect_id}}", browser.post_redirect, methods=["POST"]),
        Route(f"{_COMPANY}/indirectlinkaccount", consumer.get_indirect_link_account),
        Route(f"{_COMPANY}/bankaccounts", bank_accounts.post_bank_account, methods=["POST"]),
        Route(_LINKED, bank_accounts.get_bank_account),
        Route(_LINKED, bank_accounts.delete_bank_account, methods=["DELETE"]),
        Route(f"{_LINKED}/indirectauth", consumer.get_indirect_auth),
        Route(f"{_LINKED}/transactions", transactions.get_transactions),
        Route(f"{_COMPANY}/availablebankaccounts", bank_accounts.get_available_bank_accounts),
        Route(f"{_COMPANY}/linkavailablebankaccount", bank_accounts.post_link_available_bank_account, methods=["POST"]),
    ]


def _admin_routes() -> list[Route]:
    return [
        Route("/admin/authorisations", views.get_authorisations),
        Route("/admin/notifications", views.get_notifications),
        Route("/admin/bankaccounts", views.get_bank_accounts),
        Route("/admin/bankaccounts/{bank_account_id}/confirm", registry.post_confirm, methods=["POST"]),
        Route("/admin/statements", views.get_statements),
        Route("/admin/transactions", views.get_transactions),
        Route("/admin/settings", controls.get_settings),
        Route("/admin/settings", controls.put_settings, methods=["PUT"]),
        Route("/admin/faults", controls.get_faults),
        Route("/admin/faults", controls.post_fault, methods=["POST"]),
        Route("/admin/faults", controls.delete_faults, methods=["DELETE"]),
        Route("/admin/faults/{fault_id}", controls.delete_fault, methods=["DELETE"]),
        Route("/admin/clock", controls.get_clock),
        Route("/admin/clock", controls.post_clock, methods=["POST"]),
        Route("/admin/expectations", evidence.post_expectations, methods=["POST"]),
        Route("/admin/expectations", evidence.delete_expectations, methods=["DELETE"]),
        Route("/admin/verdict", evidence.get_verdict),
        Route("/admin/calls", calls.get_calls),
        Route("/admin/calls", calls.delete_calls, methods=["DELETE"]),
        Route("/admin/calls/export", calls.export_calls),
        Route("/admin/plant", evidence.post_plant, methods=["POST"]),
        Route("/admin/banks", registry.get_banks),
        Route("/admin/banks", registry.post_bank, methods=["POST"]),
        Route("/admin/banks/{bank_id}", registry.put_bank, methods=["PUT"]),
        Route("/admin/providers/{client_id}", registry.put_secrets, methods=["PUT"]),
        Route("/admin/reset", controls.post_reset, methods=["POST"]),
    ]


async def _refused(request: Request, error: Exception) -> Response:
    refusal = cast("Refusal", error)
    papi = request.url.path.startswith(PREFIXES[region_of(request)] + _PAPI)
    problems = refusal.problems
    if papi and world_of(request).settings.error_form == "message":
        body: object = {"message": "; ".join(f"{p.code}: {p.message}" for p in problems)}
    else:
        section = section_of_call(request.method, request.url.path)
        body = {"errors": [cited(problem, section) for problem in problems]}
    return refused(request, refusal.status, body, *problems)


async def _refused_by_gateway(request: Request, error: Exception) -> Response:
    refusal = cast("GatewayRefusal", error)
    return refused(request, refusal.status, {"message": refusal.message}, refusal.problem)


async def _no_route(request: Request, error: Exception) -> Response:
    problem = cast("HTTPException", error)
    code = "METHOD_NOT_ALLOWED" if problem.status_code == HTTPStatus.METHOD_NOT_ALLOWED else "NO_SUCH_CALL"
    rule = Problem(code, f"{request.method} {request.url.path}: {problem.detail}")
    response = refused(request, problem.status_code, {"message": problem.detail}, rule)
    response.headers.update(problem.headers or {})
    return response


_FIRST_BANKS: tuple[tuple[Region, str, str], ...] = (
    ("eu", "Default bank (powered by your provider)", "GBR"),
    ("us", "Default bank US (powered by your provider)", "USA"),
)


def _register(world: World, region: Region, bank_name: str, country: str) -> None:
    owner = world.keep(
        Provider(
            provider_id=world.new_id(),
            name=f"Default provider, {region}",
            client_id=world.new_id(),
            client_secret=world.secret(),
            api_key=world.secret(),
            audience=identity.AUDIENCE,
            region=region,
        )
    )
    bank = Bank(bank_id=world.new_id(), provider_id=owner.provider_id, name=bank_name, country_code=country)
    bank.url = "https://bank.example"
    world.keep(bank)


def open_world(store: Store) -> World:
    """The world of a store: as it was left, or new, with one provider and one bank in each region."""
    world = World(store)
    world.load()
    if not world.book.identities:
        world.keep(identity.new_identity(world.new_id()))
    present = {provider.region for provider in world.book.providers.values()}
    for region, name, country in _FIRST_BANKS:
        if region not in present:
            _register(world, region, name, country)
    if not world.book.kept:
        world.keep_switches()
    world.store.commit()
    return world


def open_store(path: Path | None) -> Store:
    return NoStore() if path is None else FileStore(path)


def _resume(world: World) -> None:
    """Go on with what a stopped process had begun."""
    for statement in world.book.statements.values():
        if statement.finished_at is None:
            statements.schedule(world, statement)
    for notification in world.book.notifications.values():
        callbacks.resume(world, notification)


def _open_playground(world: World) -> Playground:
    """Register it where the sandbox answers now, also after every reset."""
    playground = Playground(world)
    playground.register()
    world.refill = playground.register
    feeds.resume(playground)
    return playground


def make_app(world: World, *, playground: bool = False) -> Tap:
    """The tap is outermost: nothing stands between it and the server's connection, which faults may cut."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        _resume(world)
        app.state.playground = _open_playground(world) if playground else None
        if not playground:
            Playground(world).unregister()
        world.store.commit()
        timers = asyncio.get_running_loop().create_task(world.timers.run())
        yield
        timers.cancel()
        with suppress(asyncio.CancelledError):
            await timers
        await world.close()
        if app.state.playground is not None:
            await app.state.playground.close()

    app = Starlette(
        routes=_routes(),
        exception_handlers={
            Refusal: _refused,
            GatewayRefusal: _refused_by_gateway,
            HTTPException: _no_route,
        },
        lifespan=lifespan,
    )
    app.state.world = world
    return Tap(app, world)
