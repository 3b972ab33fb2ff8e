"""Object-level authorisation: what belongs to another company, connection or account is not found, by any operation."""

import pytest

from bankfeeds.web.codat.routes import RESOURCES

from ... import worlds

BODIES = {
    "/authorization": {"authorizationId": "x"},
    "/connections/{connection_id}": {"status": "Unlinked"},
    "/bankTransactions": {
        "accountId": "acc-001",
        "transactions": [{"id": "t", "date": "2026-02-01", "description": "d", "amount": 1, "balance": 1}],
    },
    "/bankFeedAccounts": {"id": "acc-9", "currency": "EUR"},
    "/closingBalances": {"closingBalances": [{"date": "2026-02-01", "balance": 1}]},
    "/batch": [{"id": "acc-9", "currency": "EUR"}],
}


def body_of(path, method):
    if method not in {"POST", "PUT", "PATCH"}:
        return None
    return next((body for end, body in BODIES.items() if path.endswith(end)), {})


def below(name):
    """A statement file that is none is refused before it is asked whose account it is for: see its own tests."""
    found = [each for each in RESOURCES if "{" + name + "}" in each.path and not each.path.endswith("/statementFiles")]
    return [pytest.param(each, id=each.path) for each in found]


def ask_all(site, world, resource, ids):
    path = resource.path.format_map({"data_type": "bankTransactions", "data_id": "x", "sync_id": "x", **ids})
    before = worlds.everything(world)
    for method in resource.operations:
        answer = site.call(method, path, body_of(resource.path, method))
        assert answer.status_code == 404, (method, path, answer.content)
    assert worlds.everything(world) == before


@pytest.fixture
def two(world):
    """Two companies, each with a linked account of the same id."""
    mine, theirs = worlds.make_account(world), worlds.make_account(world)
    worlds.link(world, mine, "sage-1")
    worlds.link(world, theirs, "sage-2")
    return mine, theirs


@pytest.mark.parametrize("resource", below("connection_id"))
def test_another_company_s_connection_is_not_found(site, world, two, resource):
    mine, theirs = two
    ids = {"company_id": mine.company_id, "connection_id": theirs.connection_id, "account_id": "acc-001"}
    ask_all(site, world, resource, ids)


@pytest.mark.parametrize("resource", below("account_id"))
def test_another_connection_s_account_is_not_found(site, world, two, resource):
    mine, theirs = two
    worlds.add_account(world, theirs.company_id, theirs.connection_id, "theirs")
    if resource.path.endswith("/bankTransactions") and "POST" in resource.operations:
        pytest.skip("its body names the account too: see the transactions' own tests")
    ids = {"company_id": mine.company_id, "connection_id": mine.connection_id, "account_id": "theirs"}
    ask_all(site, world, resource, ids)


@pytest.mark.parametrize("resource", below("push_key"))
def test_another_company_s_push_operation_is_not_found(site, world, two, resource):
    mine, theirs = two
    path = (
        f"/companies/{theirs.company_id}/connections/{theirs.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    pushed = site.call("POST", path, BODIES["/bankTransactions"]).json()
    ask_all(site, world, resource, {"company_id": mine.company_id, "push_key": pushed["pushOperationKey"]})
