"""Signing in with OpenID Connect: away to the provider, and back with its word for who it is.

State, nonce and verifier all follow from one secret in a cookie, so nothing has to be kept until the browser is back.
"""

import base64
import hashlib
import hmac

import structlog

from bankfeeds.domain.errors import SignOnFailed
from bankfeeds.flows import operators
from bankfeeds.flows.operators import WrongSignIn
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import cookies, door, sign_in
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.visit import PortalPage, Visit

AWAY_S = 600
"""How long somebody may take at the provider."""
CODE_LENGTH_MAX = 4000
log: structlog.stdlib.BoundLogger = structlog.get_logger("bankfeeds.web")


def leave(desk: Desk, visit: Visit) -> Answer:
    if desk.sign_on is None:
        return door.problem(desk, visit, 404, "not_found", visit.words["not_found"])
    secret = desk.world.ids.secret()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(_part(desk, secret, "verifier").encode()).digest())
    try:
        address = desk.sign_on.address(
            _callback(desk),
            _part(desk, secret, "state"),
            _part(desk, secret, "nonce"),
            challenge.decode().rstrip("="),
        )
    except SignOnFailed as failure:
        return _failed(desk, visit, failure)
    kept = cookies.write(cookies.SIGN_ON, secret, desk.root, is_https=desk.is_https, kept_s=AWAY_S)
    return desk.redirect(address, **{"set-cookie": kept})


def come_back(desk: Desk, visit: Visit) -> Answer:
    secret = cookies.read(visit.call.headers, is_https=desk.is_https).get(cookies.SIGN_ON, "")
    code = visit.first("code")
    is_ours = hmac.compare_digest(visit.first("state").encode(), _part(desk, secret, "state").encode())
    if desk.sign_on is None or not secret or not is_ours or not 0 < len(code) <= CODE_LENGTH_MAX:
        return door.problem(desk, visit, 403, "stale", visit.words["sign_on_stale"])
    try:
        name = desk.sign_on.redeem(code, _callback(desk), _part(desk, secret, "verifier"), _part(desk, secret, "nonce"))
        token = operators.sign_in_proved(desk.world, name)
    except (SignOnFailed, WrongSignIn) as failure:
        return _failed(desk, visit, failure)
    return sign_in.let_in(desk, token, "")


def _failed(desk: Desk, visit: Visit, failure: SignOnFailed | WrongSignIn) -> Answer:
    log.warning("sign-on failed", reason=failure.message, correlation_id=visit.call.correlation_id)
    lead = visit.words["sign_on_failed"].format(number=visit.call.correlation_id)
    return door.problem(desk, visit, 403, "forbidden", lead)


def _callback(desk: Desk) -> str:
    return f"{desk.public_url}/portal/sign-in/openid/back"


def _part(desk: Desk, secret: str, name: str) -> str:
    return desk.world.sealer.digest(f"sign-on {name}:{secret}")


PAGES = (
    PortalPage("sign-in/openid", leave, is_public=True),
    PortalPage("sign-in/openid/back", come_back, is_public=True),
)
