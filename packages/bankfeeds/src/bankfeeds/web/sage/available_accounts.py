"""`GET /sage/{listing}/availableaccounts?externalId=`: the accounts that may be linked beside one that is."""

import msgspec

from bankfeeds.domain.errors import one_flaw
from bankfeeds.domain.ports import TokenVerifier
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.available_accounts import available
from bankfeeds.flows.context import World
from bankfeeds.web.endpoint import Answer, Call
from bankfeeds.web.sage.caller import require_sage
from bankfeeds.web.sage.translate import to_available


def listed(world: World, verify: TokenVerifier, call: Call) -> Answer:
    listing = require_sage(world, verify, call)
    external_id = call.first("externalId")
    if not external_id or not is_storable(external_id):
        raise one_flaw("externalId", "is missing; name the account that is linked already")
    accounts = [to_available(account) for account in available(world, listing.id, external_id)]
    return Answer(200, msgspec.json.encode(accounts))
