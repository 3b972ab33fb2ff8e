"""The product's addresses."""

from collections.abc import Awaitable, Callable
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sage_sandbox.product import banking, connecting, start, upkeep
from sage_sandbox.product.screens import Visit, page

_COMPANY = "/ui/c/{company_key}"
_ACCOUNT = _COMPANY + "/accounts/{account_id}"
_ATTEMPT = _COMPANY + "/attempts/{attempt_id}"
_ASSETS = {
    "style.css": "text/css; charset=utf-8",
    "product.js": "text/javascript; charset=utf-8",
}
_Handler = Callable[[Visit], Awaitable[Response]]
_contents = {name: resources.files("sage_sandbox").joinpath(f"product/assets/{name}").read_bytes() for name in _ASSETS}


async def get_asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        return Response(status_code=404)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return Response(_contents[name], 200, headers, media_type=_ASSETS[name])


def _get(path: str, handler: _Handler) -> Route:
    return Route(path, page(handler))


def _post(path: str, handler: _Handler) -> Route:
    return Route(path, page(handler), methods=["POST"])


def routes() -> list[Route]:
    return [
        Route("/", start.get_start),
        Route("/ui", start.get_start),
        Route("/ui/companies", start.post_company, methods=["POST"]),
        Route("/static/{name}", get_asset),
        _get(_COMPANY, banking.get_home),
        _post(f"{_COMPANY}/language", banking.post_language),
        _post(f"{_COMPANY}/accounts", banking.post_account),
        _get(f"{_COMPANY}/map", upkeep.get_map),
        _post(f"{_COMPANY}/map", upkeep.post_map),
        _get(_ACCOUNT, banking.get_account),
        _post(f"{_ACCOUNT}/refresh", banking.post_refresh),
        _get(f"{_ACCOUNT}/connect", connecting.get_search),
        _get(f"{_ACCOUNT}/connect/{{bank_id}}", connecting.get_terms),
        _post(f"{_ACCOUNT}/connect/{{bank_id}}", connecting.post_terms),
        _post(f"{_ACCOUNT}/confirm", upkeep.post_confirm_account),
        _post(f"{_ACCOUNT}/reauthorise", connecting.post_reauthorise),
        _get(f"{_ACCOUNT}/disconnect", upkeep.get_disconnect),
        _post(f"{_ACCOUNT}/disconnect", upkeep.post_disconnect),
        _get(_ATTEMPT, connecting.get_frame),
        _get(f"{_ATTEMPT}/state", connecting.get_state),
        _get(f"{_ATTEMPT}/done", connecting.get_done),
        _get(f"{_ATTEMPT}/start-date", connecting.get_start_date),
        _post(f"{_ATTEMPT}/start-date", connecting.post_start_date),
        _get(f"{_ATTEMPT}/confirm", connecting.get_confirm),
        _post(f"{_ATTEMPT}/confirm", connecting.post_confirm),
    ]
