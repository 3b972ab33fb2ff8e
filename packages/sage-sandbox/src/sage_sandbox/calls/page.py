"""The page of the live view; it asks the admin API every second and shows what came."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

_files = resources.files("sage_sandbox").joinpath("calls")
_PAGE = _files.joinpath("calls.html").read_bytes()
_SCRIPT = _files.joinpath("calls.js").read_bytes()
_STYLE = _files.joinpath("calls.css").read_bytes()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src data:; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


async def get_page(request: Request) -> Response:  # noqa: ARG001 - every route takes the request
    return Response(_PAGE, headers=_HEADERS, media_type="text/html")


async def get_script(request: Request) -> Response:  # noqa: ARG001 - every route takes the request
    return Response(_SCRIPT, headers=_HEADERS, media_type="text/javascript")


async def get_style(request: Request) -> Response:  # noqa: ARG001 - every route takes the request
    return Response(_STYLE, headers=_HEADERS, media_type="text/css")
