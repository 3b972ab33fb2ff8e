"""`/authorise/{handle}`: the form a person fills in, and what comes of it."""

from starlette.routing import BaseRoute, Route

from bankfeeds.flows import branding
from bankfeeds.flows.authorise import Failed, Failure, Redirected, Session, refuse, session, submit
from bankfeeds.flows.context import World
from bankfeeds.flows.session import Stage
from bankfeeds.web.authorise.page import Page
from bankfeeds.web.authorise.words import Words, words_for
from bankfeeds.web.endpoint import Answer, Call, Endpoint, Handler, TooLarge
from bankfeeds.web.form import read_form
from bankfeeds.web.surface import Surface

BODY_BYTES_MAX = 16 * 1024
_STATUSES = {
    Failure.wrong: 422,
    Failure.no_accounts: 422,
    Failure.too_many: 429,
    Failure.waiting: 503,
    Failure.unavailable: 503,
    Failure.done: 409,
    Failure.cancelled: 410,
    Failure.over: 410,
    Failure.off: 410,
}
_FORM_AGAIN = frozenset({Failure.wrong, Failure.no_accounts, Failure.unavailable})


def routes(world: World, surface: Surface) -> list[BaseRoute]:
    page = Page(world.limits, surface.public_url)

    def on_error(error: Exception, call: Call) -> Answer:
        status = 413 if isinstance(error, TooLarge) else 500
        return page.message(_words(call), Session(Stage.over, targets=world.limits.redirects), status, "broken")

    def route(path: str, handler: Handler, *methods: str) -> BaseRoute:
        endpoint = Endpoint(handler, on_error, surface.pool, surface.new_id, BODY_BYTES_MAX)
        return Route(f"/authorise/{path}", endpoint, methods=list(methods))

    return [
        route("assets/page.css", lambda _call: page.stylesheet(), "GET"),
        route("assets/colours.css", lambda _call: page.colours(branding.get(world)), "GET"),
        route("assets/logo", lambda _call: page.logo(branding.logo(world)), "GET"),
        route("{handle}", lambda call: _form(world, page, call), "GET", "POST"),
        route("{handle}/cancel", lambda call: _cancel(world, page, call), "GET", "POST"),
    ]


def _form(world: World, page: Page, call: Call) -> Answer:
    words, handle = _words(call), call.path["handle"]
    if call.method != "POST":
        return _shown(page, words, session(world, handle), handle)
    fields = read_form(call.body)
    typed = fields.get("connectionId", "")
    return _told(page, words, submit(world, handle, typed, fields.get("otp", ""), call.address), handle, typed)


def _cancel(world: World, page: Page, call: Call) -> Answer:
    """Asks first: an address that is merely opened changes nothing."""
    words, handle = _words(call), call.path["handle"]
    if call.method == "POST":
        return _told(page, words, refuse(world, handle), handle, "")
    shown = session(world, handle)
    if shown.stage is Stage.open:
        return page.cancel(words, shown, handle)
    return _shown(page, words, shown, handle)


def _shown(page: Page, words: Words, shown: Session, handle: str) -> Answer:
    match shown.stage:
        case Stage.open:
            return page.form(words, shown, handle)
        case Stage.waiting:
            return page.waiting(words, shown)
        case Stage.done:
            return page.message(words, shown, 200, "done")
        case Stage.over | Stage.off | Stage.cancelled:
            return page.message(words, shown, 410, shown.stage.name)


def _told(page: Page, words: Words, told: Redirected | Failed, handle: str, typed: str) -> Answer:
    if isinstance(told, Redirected):
        return page.redirect(told.session, told.url)
    status = _STATUSES[told.kind]
    if told.kind in _FORM_AGAIN:
        return page.form(words, told.session, handle, status, told.kind.name, typed)
    if told.kind is Failure.too_many:
        return page.too_many(words, told.session, handle, told.retry_after_s or 1)
    if told.kind is Failure.waiting:
        return page.waiting(words, told.session, status)
    return page.message(words, told.session, status, told.kind.name)


def _words(call: Call) -> Words:
    """The one chosen on the page, else the browser's."""
    return words_for(call.headers.get("accept-language", ""), call.first("lang"))
