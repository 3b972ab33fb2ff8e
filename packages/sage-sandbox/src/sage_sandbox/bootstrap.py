"""How a product gets in: organisations, signed calls with nonces, company tokens (7.1, 7.2, 3.3)."""

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sage_sandbox import identity, wire
from sage_sandbox.exchange import answer, decode, region_of, world_of
from sage_sandbox.records import Organisation
from sage_sandbox.refusals import Refusal, refuse
from sage_sandbox.signature import is_signed
from sage_sandbox.world import World

NONCE_LENGTH_MAX = 200
NONCES_KEPT = 100_000
_APPLICATION = re.compile(r"sage\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Company(msgspec.Struct, rename="camel"):
    name: str
    postal_code: str | None = None
    standard_industrial_code: str | None = None
    vat_number: str | None = None
    language_code: str | None = None


class User(msgspec.Struct, rename="camel"):
    email_address: str
    identity: str | None = None


class OrganisationBody(msgspec.Struct, rename="camel"):
    company: Company
    crm_id: str
    user: User


_organisation_body = wire.decoder(OrganisationBody)


def _unauthorised(message: str) -> Refusal:
    return refuse(401, "UNAUTHORISED", message)


def application_of(request: Request) -> str:
    """The product that calls; the sandbox has one application and takes any well-formed name beside it."""
    world = world_of(request)
    name = request.headers.get("x-application", "")
    if name != world.identity.application and not _APPLICATION.fullmatch(name):
        raise _unauthorised("x-application must name an application: sage.<region>.<product>")
    return name


def _urls_of(request: Request) -> set[str]:
    """What a client may have signed: the address it called, and the public one if a proxy stands between."""
    called = str(request.url)
    here = f"{request.url.scheme}://{request.url.netloc}"
    return {called, world_of(request).addresses.origin + called.removeprefix(here)}


def _check_signature(request: Request, body: bytes, key: str) -> None:
    world = world_of(request)
    nonce = request.headers.get("x-nonce", "")
    if not nonce or len(nonce) > NONCE_LENGTH_MAX:
        raise _unauthorised(f"X-Nonce is needed, of at most {NONCE_LENGTH_MAX} characters")
    signature = request.headers.get("x-signature", "")
    if not any(is_signed(request.method, url, body, nonce, key, signature) for url in _urls_of(request)):
        raise _unauthorised("X-Signature does not fit the request")
    if nonce in world.nonces:
        raise _unauthorised("X-Nonce was used before")
    world.nonces[nonce] = world.clock.now().timestamp()
    if len(world.nonces) > NONCES_KEPT:
        del world.nonces[next(iter(world.nonces))]


async def post_organisation(request: Request) -> Response:
    world = world_of(request)
    application = application_of(request)
    body = await request.body()
    region = region_of(request)
    _check_signature(request, body, identity.application_key(world, region))
    asked = decode(body, _organisation_body)
    organisation = world.keep(
        Organisation(
            organisation_id=world.new_id(),
            company_ids=[world.new_id()],
            application=application,
            signing_key=world.secret(),
            name=asked.company.name,
            region=region,
        )
    )
    return answer(
        {
            "organisationId": organisation.organisation_id,
            "companies": organisation.company_ids,
            "token": organisation.signing_key,
        },
        201,
    )


async def get_access_token(request: Request) -> Response:
    world = world_of(request)
    application = application_of(request)
    organisation = world.book.organisations.get(request.headers.get("x-organisation-id", ""))
    foreign = organisation is not None and organisation.region != region_of(request)
    if organisation is None or foreign or organisation.application != application:
        raise _unauthorised("X-Organisation-Id names no organisation of this application and region")
    _check_signature(request, await request.body(), organisation.signing_key)
    company_id = request.headers.get("x-company-id", "")
    if company_id not in organisation.company_ids:
        raise refuse(403, "FORBIDDEN", "X-Company-Id names no company of this organisation")
    ip = request.client.host if request.client else ""
    return answer({"jwt": identity.company_token(world, organisation, company_id, ip)})


def company_of(request: Request) -> tuple[Organisation, str]:
    """The organisation and company of the path, if the bearer token is theirs."""
    world = world_of(request)
    application = application_of(request)
    claims = _claims(world, request)
    organisation_id, company_id = request.path_params["organisation_id"], request.path_params["company_id"]
    if claims.get("sourceProduct") != application:
        raise _unauthorised("The token was issued to another application")
    if claims.get("organisationId") != organisation_id or claims.get("companyId") != company_id:
        raise refuse(403, "FORBIDDEN", "The token is another company's")
    organisation = world.book.organisations.get(organisation_id)
    if organisation is None or organisation.region != region_of(request):
        raise _unauthorised("The organisation is gone, or another region's")
    return organisation, company_id


def _claims(world: World, request: Request) -> dict[str, object]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    claims = identity.company_claims(world, token.strip()) if scheme.lower() == "bearer" else None
    if claims is None:
        raise _unauthorised("The bearer token is missing, not ours, or expired")
    return claims
