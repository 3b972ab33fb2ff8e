"""The playground bank itself: its listings, its customers' accounts, and the clients it calls Sage with."""

import hashlib
import uuid
from functools import cached_property

import httpx2
from starlette.requests import Request

from sage_sandbox.banks import alpha3
from sage_sandbox.identity import AUDIENCE
from sage_sandbox.playground import history
from sage_sandbox.playground.records import PlaygroundAccount, PlaygroundBank
from sage_sandbox.playground.sage import Reply, Sage
from sage_sandbox.records import Bank, Provider, Region
from sage_sandbox.refusals import refuse
from sage_sandbox.wire import CallbackURLs
from sage_sandbox.world import World

PATH = "/playground"
HEADER = "X-Playground-Key"
ACCOUNTS_MAX = 1000
BANKS_MAX = 50
_BANK_NAME = "Playground Bank (powered by the sandbox)"
COUNTRIES: dict[Region, tuple[str, ...]] = {
    "eu": ("GBR", "IRL", "ESP", "FRA", "AUS", "NZL", "ZAF", "MYS", "ARE"),
    "us": ("USA", "CAN"),
}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FIRST_ACCOUNTS = (
    ("Current account", "business"),
    ("Savings account", "savings"),
    ("Credit card", "creditCard"),
)


class Playground:
    """`open` registers it and goes on with what an earlier process had begun; a reset of the sandbox empties it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sage: dict[Region, Sage] = {}
        self.working: set[str] = set()

    # --- registered at Sage ------------------------------------------------------------------------------------

    def register(self) -> None:
        """A provider in each region with a listing in each country; its callbacks are where the sandbox is now."""
        for region, countries in COUNTRIES.items():
            owner = self._provider(region)
            for country in countries:
                bank_id = str(uuid.uuid5(uuid.UUID(owner.provider_id), country))
                self._list(owner, bank_id, country)
        for known in self.world.book.playground_banks.values():
            self._wire(self.world.book.banks[known.bank_id])

    def unregister(self) -> None:
        """Switched off: what an earlier process listed is listed no more."""
        for known in self.world.book.playground_banks.values():
            if bank := self.world.book.banks.get(known.bank_id):
                bank.removed = True
                self.world.keep(bank)

    def _provider(self, region: Region) -> Provider:
        name = f"Playground, {region}"
        for provider in self.world.book.providers.values():
            if provider.name == name and provider.region == region:
                return provider
        return self.world.keep(
            Provider(
                provider_id=str(uuid.uuid4()),
                name=name,
                client_id=str(uuid.uuid4()),
                client_secret=self.world.secret(),
                api_key=self.world.secret(),
                audience=AUDIENCE,
                region=region,
            )
        )

    def _list(self, owner: Provider, bank_id: str, country: str) -> None:
        bank = self.world.book.banks.get(bank_id)
        if bank is None:
            bank = Bank(bank_id=bank_id, provider_id=owner.provider_id, name=_BANK_NAME, country_code=country)
            bank.url = "https://playground.example"
            bank.external_ref = str(uuid.uuid5(uuid.UUID(bank_id), "externalRef"))
        bank.removed = False
        self.world.keep(bank)
        self.remember(bank_id, bank.external_ref or "", bank.name, country, owner.region)

    def remember(self, bank_id: str, external_ref: str, name: str, country: str, region: Region) -> PlaygroundBank:
        return self.world.keep(
            PlaygroundBank(
                bank_id=bank_id, external_ref=external_ref, name=name, country_code=alpha3(country), region=region
            )
        )

    def _wire(self, bank: Bank) -> None:
        bank.callbacks = self.callbacks(self.world.region_of(bank))
        bank.header_name, bank.header_value = HEADER, self.key
        self.world.keep(bank)

    @property
    def key(self) -> str:
        """What its notification header carries: made of a secret of its own, the same after a restart."""
        return hashlib.sha256(f"notification:{self._provider('eu').client_secret}".encode()).hexdigest()

    def audience(self, region: Region) -> str:
        return self._provider(region).audience

    def callbacks(self, region: Region) -> CallbackURLs:
        at = f"{self.world.addresses.origin}{PATH}/{region}"
        return CallbackURLs(
            notification=f"{at}/notification",
            available_accounts=f"{at}/availableaccounts",
            auth=f"{at}/auth",
            re_auth=f"{at}/authrefresh",
        )

    @property
    def pages(self) -> str:
        """Where a browser finds its pages: on this machine under a name of another site than the sandbox's."""
        scheme, _, rest = self.world.addresses.origin.partition("://")
        host, colon, port = rest.rpartition(":")
        return f"{scheme}://{'playground.localhost' if host in _LOOPBACK else host}{colon}{port}{PATH}"

    def sage(self, region: Region) -> Sage:
        """The client of a region, its token with it."""
        if region not in self._sage:
            self._sage[region] = Sage(self.client, self.world.addresses, self._provider(region))
        return self._sage[region]

    @cached_property
    def client(self) -> httpx2.AsyncClient:
        """Made when it is first needed: the sandbox starts sooner."""
        return httpx2.AsyncClient(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=4))

    async def close(self) -> None:
        if "client" in self.__dict__:
            await self.client.aclose()

    # --- bank sync ---------------------------------------------------------------------------------------------

    async def create_bank(self, name: str, country: str, region: Region) -> PlaygroundBank:
        """One more listing, by bank sync, then its notification header, told to Sage out of band (10.6)."""
        if len(self.world.book.playground_banks) >= BANKS_MAX:
            raise refuse(409, "TOO_MANY_BANKS", f"The playground has at most {BANKS_MAX} banks")
        external_ref = str(uuid.uuid4())
        listing: dict[str, object] = {
            "name": name,
            "url": "https://playground.example",
            "countryCode": country,
            "externalRef": external_ref,
            "supportiframe": True,
            "callbackURLs": self.callbacks(region),
        }
        reply = _taken(await self.sage(region).sync_banks("toCreate", listing))
        bank_id = str(reply.data["created"][0]["principalId"])
        header = {"headerName": HEADER, "headerValue": self.key}
        told = await self.client.put(f"{self.world.addresses.admin}/admin/banks/{bank_id}", json=header)
        told.raise_for_status()
        return self.remember(bank_id, external_ref, name, country, region)

    async def rename_bank(self, bank: PlaygroundBank, name: str) -> PlaygroundBank:
        change: dict[str, object] = {
            "principalId": bank.bank_id,
            "externalRef": bank.external_ref,
            "name": name,
            "callbackURLs": self.callbacks(bank.region),
        }
        _taken(await self.sage(bank.region).sync_banks("toUpdate", change))
        return self.remember(bank.bank_id, bank.external_ref, name, bank.country_code, bank.region)

    async def remove_bank(self, bank: PlaygroundBank) -> None:
        gone: dict[str, object] = {"principalId": bank.bank_id, "externalRef": bank.external_ref}
        _taken(await self.sage(bank.region).sync_banks("toRemove", gone))
        self.world.forget(bank)

    # --- its customers -----------------------------------------------------------------------------------------

    def bank(self, bank_id: str) -> PlaygroundBank:
        bank = self.world.book.playground_banks.get(bank_id)
        if bank is None:
            raise refuse(404, "BANK_NOT_FOUND", "The playground has no such bank", "bankId")
        return bank

    def account(self, external_id: str) -> PlaygroundAccount:
        account = self.world.book.playground_accounts.get(external_id)
        if account is None:
            raise refuse(404, "ACCOUNT_NOT_FOUND", "The playground has no such account", "externalId")
        return account

    def accounts_of(self, bank_id: str, customer: str) -> list[PlaygroundAccount]:
        """All accounts of a customer at a bank; who is new there gets three."""
        found = self._found(bank_id, customer)
        if not found:
            for name, kind in _FIRST_ACCOUNTS:
                self.open_account(bank_id, customer, name, kind)
        return self._found(bank_id, customer)

    def _found(self, bank_id: str, customer: str) -> list[PlaygroundAccount]:
        everyone = self.world.book.playground_accounts.values()
        return [account for account in everyone if account.bank_id == bank_id and account.customer == customer]

    def open_account(self, bank_id: str, customer: str, name: str, kind: str = "business") -> PlaygroundAccount:
        if len(self.world.book.playground_accounts) >= ACCOUNTS_MAX:
            raise refuse(409, "TOO_MANY_ACCOUNTS", f"The playground has at most {ACCOUNTS_MAX} accounts")
        number = len(self._found(bank_id, customer)) + 1
        seed = hashlib.sha256(f"{bank_id}:{customer}:{number}".encode()).hexdigest()
        digits = f"{int(seed[:12], 16) % 100_000_000:08d}"
        return self.world.keep(
            PlaygroundAccount(
                external_id=f"pg-{seed[:16]}",
                bank_id=bank_id,
                customer=customer,
                account_name=f"{name} ****{digits[-4:]}",
                account_type=kind,  # pyright: ignore[reportArgumentType] - checked where it comes in
                account_identifier=digits,
                days=history.first_days(self.world.clock.now().date()),
            )
        )


def playground_of(request: Request) -> Playground:
    """The playground of a running sandbox; 404 where it is switched off."""
    playground = request.app.state.playground
    if playground is None:
        raise refuse(404, "PLAYGROUND_OFF", "The playground bank is switched off")
    return playground


def _taken(reply: Reply) -> Reply:
    if not reply.taken:
        raise refuse(502, "SAGE_REFUSED", f"Sage answered {reply.status or 'nothing'}: {reply.text[:200]}")
    return reply
