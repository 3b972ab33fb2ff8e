"""Ways in that are tried from outside: another's ids in every mixture, credentials sent twice, addresses that are lies."""

import asyncio
import itertools
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn

from bankfeeds.app.server import server_config
from bankfeeds.settings import Settings
from bankfeeds.web.server import make_app

from .. import consent, worlds
from ..readers.documents import OWN_SAMPLE
from . import served

VICTIM, GUESSER, OTHER = "203.0.113.9", "198.51.100.7", "198.51.100.8"


@pytest.fixture
def two(world):
    """Two companies with two connections each, one with a linked account; the names of accounts differ."""
    made = [worlds.make_account(world, f"acc-{name}") for name in ("mine", "theirs")]
    for each in made:
        worlds.link(world, each, f"sage-{each.account_id}")
    return made


def mixtures(two):
    """Company, connection and account of either in all the ways that belong to nobody."""
    own = {(each.company_id, each.connection_id, each.account_id) for each in two}
    every = itertools.product(*zip(*sorted(own), strict=True))
    return [each for each in every if each not in own]


def test_nothing_is_pushed_to_a_mixture_of_two_customers_ids(site, world, two):
    line = {"id": "t", "date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}
    before = worlds.everything(world)
    assert len(mixtures(two)) == 6
    for company, connection, account in mixtures(two):
        push = f"/companies/{company}/connections/{connection}/push/bankAccounts/{account}/bankTransactions"
        file = f"/companies/{company}/connections/{connection}/connectionInfo/bankFeedAccounts/{account}/statementFiles"
        lines = {"accountId": account, "transactions": [line]}
        for path, body in ((push, lines), (f"{push}?dryRun=true", lines), (file, OWN_SAMPLE.read_bytes())):
            kind = {"content-type": "application/xml"} if isinstance(body, bytes) else {}
            answer = site.call("POST", path, body, headers=kind)
            assert answer.status_code == 404, (path, answer.content)
    assert worlds.everything(world) == before


def test_of_two_api_keys_neither_counts(site):
    """Whichever of them a proxy before us looked at."""
    for pair in itertools.permutations((site.authorization, worlds.basic("bf_wrong")["authorization"])):
        sent = [("authorization", each) for each in pair]
        with httpx2.Client(base_url=site.url) as client:
            assert client.get("/companies", headers=sent).status_code == 401


def test_of_two_header_values_of_sages_neither_counts(server, world):
    signer = consent.Signer()

    def passes(*_):
        return None

    with served.serving(server, consent.with_sage(world), passes) as sage:
        token = ("authorization", f"Bearer {signer.token(worlds.NOON)}")
        body = {"type": "moonrise", "resource": {"id": "m", "type": "moon"}}
        right, wrong = (consent.HEADER, consent.HEADER_VALUE), (consent.HEADER, "wrong")
        for sent, status in (([right], 204), ([right, wrong], 401), ([wrong, right], 401)):
            assert sage.post("/sage/uk/notification", json=body, headers=[token, *sent]).status_code == status


@contextmanager
def behind_proxies(server: worlds.Server, *trusted: str) -> Generator[str]:
    """Its address, served with the settings that say which proxies to believe."""
    config = server_config(Settings(trusted_proxies=trusted), server)
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join(30)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "is_victim_locked"),
    [
        (("127.0.0.1",), "{lie}, " + GUESSER, False),  # the proxy adds the address it saw behind what was claimed
        (("127.0.0.0/8", "10.0.0.0/8"), "{lie}, " + GUESSER + ", 10.1.2.3", False),  # through two of them
        ((), "{lie}", True),  # nobody is believed: everybody comes from the proxy
    ],
)
def test_who_guesses_behind_proxies_is_counted_whatever_address_they_claim(
    server, world, trusted, forwarded, is_victim_locked
):
    def nobody(*_):
        raise AssertionError("no token is looked at here")

    with served.serving(server, consent.with_sage(world), nobody), behind_proxies(server, *trusted) as url:
        started = consent.start(world)
        right = {"connectionId": started.made.connection_id, "otp": started.otp}

        def submit(lie: str, guesser: str = GUESSER, **typed: str) -> int:
            headers = {"x-forwarded-for": forwarded.format(lie=lie).replace(GUESSER, guesser)}
            with httpx2.Client(base_url=url, timeout=20) as client:
                return client.post(f"/authorise/{started.handle}", data={**right, **typed}, headers=headers).status_code

        for number in range(world.limits.login_failures_max):
            assert submit(f"192.0.2.{number}", connectionId="x") == 422
        assert submit(VICTIM) == 429
        assert submit(VICTIM, OTHER) == (429 if is_victim_locked else 303)


def test_on_https_every_answer_tells_browsers_to_stay_there():
    """Subdomains too; over plain HTTP nothing of the kind is said."""

    async def unrouted(scope, receive, send):
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})

    for is_https, said in ((True, "max-age=31536000; includeSubDomains"), (False, None)):
        app = make_app([], lambda: None, unrouted, is_https=is_https)
        for path in ("/livez", "/readyz", "/nowhere"):
            assert asyncio.run(headers_of(app, path)).get("strict-transport-security") == said


async def headers_of(app, path):
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://feeds.example") as client:
        return (await client.get(path)).headers
