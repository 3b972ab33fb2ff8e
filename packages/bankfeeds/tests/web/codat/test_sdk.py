"""Codat's own Python client, unmodified, against a live server: companies, connections, source accounts, pushes."""

from decimal import Decimal

import pytest
from codat_bankfeeds import CodatBankFeeds
from codat_bankfeeds.models import errors, operations, shared

from ... import worlds


@pytest.fixture
def sdk(site):
    with CodatBankFeeds(server_url=site.url + "/", security=shared.Security(auth_header=site.authorization)) as client:
        yield client


@pytest.fixture
def company(sdk):
    return sdk.companies.create(request={"name": "Harbour Bakery (Ltd)", "tags": {"region": "uk"}})


@pytest.fixture
def ids(sdk, company):
    connection = sdk.connections.create(request={"company_id": company.id, "request_body": {"platform_key": "olpr"}})
    return {"company_id": company.id, "connection_id": connection.id}


def v2(account_id, **change):
    facts = {
        "id": account_id,
        "account_name": "Trading account",
        "account_type": shared.AccountType.CHECKING,
        "account_number": f"1020{account_id}",
        "sort_code": "112233",
        "currency": "GBP",
        "balance": Decimal("250.75"),
    }
    return shared.SourceAccountV2Prototype(**{**facts, **change})


def test_companies_are_made_read_changed_listed_and_deleted(sdk, company):
    assert company.name == "Harbour Bakery Ltd"
    assert sdk.companies.get(request={"company_id": company.id}).tags == {"region": "uk"}
    updated = sdk.companies.update(
        request={"company_id": company.id, "company_update_request": {"description": "crm 8841"}}
    )
    assert (updated.description, updated.tags) == ("crm 8841", {"region": "uk"})
    replaced = sdk.companies.replace(
        request={"company_id": company.id, "company_request_body": {"name": "Harbour Group"}}
    )
    assert (replaced.name, replaced.description, replaced.tags) == ("Harbour Group", None, {})
    listed = sdk.companies.list(request={"page": 1, "page_size": 100})
    assert [each.id for each in listed.results] == [company.id]

    asked = {"query": "dataConnections.status!=Linked && name~Harbour", "order_by": "-created", "tags": "region!=ie"}
    assert [each.id for each in sdk.companies.list(request=asked).results] == [company.id]
    with pytest.raises(errors.ErrorMessage):
        sdk.companies.list(request={"query": "colour=red"})

    sdk.companies.delete(request={"company_id": company.id})

    with pytest.raises(errors.ErrorMessage) as refusal:
        sdk.companies.get(request={"company_id": company.id})
    assert refusal.value.status_code == 404
    assert refusal.value.data.correlation_id


def test_a_refusal_is_typed_with_what_was_wrong(sdk):
    with pytest.raises(errors.ErrorMessage) as refusal:
        sdk.companies.create(request={"name": "()"})

    assert refusal.value.status_code == 400
    assert refusal.value.data.validation.errors[0].item_id == "name"


def test_connections_are_made_read_listed_and_deleted(sdk, ids):
    found = sdk.connections.get(request=ids)
    assert (found.status, found.integration_key) == (shared.DataConnectionStatus.PENDING_AUTH, "olpr")
    listed = sdk.connections.list(request={"company_id": ids["company_id"]})
    assert [each.id for each in listed.results] == [ids["connection_id"]]

    sdk.connections.delete(request=ids)

    with pytest.raises(errors.ErrorMessage):
        sdk.connections.get(request=ids)


def test_source_accounts_are_made_listed_changed_and_deleted(sdk, ids):
    routed = shared.RoutingInfo(bank_code="112233", type="sortcode")
    sdk.source_accounts.create(request={**ids, "request_body": v2("acc-001", routing_info=routed)})
    (listed,) = sdk.source_accounts.list(request=ids)
    assert isinstance(listed, shared.SourceAccountV2)
    assert (listed.balance, listed.routing_info.bank_code) == (Decimal("250.75"), "112233")

    renamed = sdk.source_accounts.update(
        request={
            **ids,
            "account_id": "acc-001",
            "source_account": shared.SourceAccount(id="acc-001", account_name="Till"),
        }
    )
    assert renamed.account_name == "Till"
    password = sdk.source_accounts.generate_otp(request=ids)
    assert len(password.otp) == 6
    sdk.source_accounts.delete(request={**ids, "account_id": "acc-001"})
    assert sdk.source_accounts.list(request=ids) == []


def test_a_v1_account_comes_back_as_one(sdk, ids):
    prototype = shared.SourceAccountPrototype(
        id="acc 1/x", account_name="Card", account_type="Credit", currency="EUR", balance=Decimal("-5.5")
    )

    sdk.source_accounts.create(request={**ids, "request_body": prototype})

    (listed,) = sdk.source_accounts.list(request=ids)
    assert isinstance(listed, shared.SourceAccount)
    assert (listed.account_type, listed.balance) == ("Credit", Decimal("-5.5"))
    sdk.source_accounts.delete(request={**ids, "account_id": "acc 1/x"})


def test_a_batch_is_read_item_by_item(sdk, ids):
    made = sdk.source_accounts.create_batch(request={**ids, "request_body": [v2("acc-001"), v2("acc-002")]})
    assert [(item.source_account_id, item.result.status_code) for item in made] == [
        ("acc-001", 201),
        ("acc-002", 201),
    ]

    mixed = sdk.source_accounts.create_batch(request={**ids, "request_body": [v2("acc-003"), v2("acc-001")]})
    assert mixed[0].result.account.id == "acc-003"
    assert isinstance(mixed[1], shared.SourceAccountBatchErrorResponse)
    assert mixed[1].result.status_code == "409"

    with pytest.raises(errors.SDKError) as refusal:
        sdk.source_accounts.create_batch(request={**ids, "request_body": [v2("acc-001")]})
    assert refusal.value.status_code == 409


def test_a_push_is_made_followed_and_listed_and_the_connection_unlinked(sdk, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    ids = {"company_id": linked.company_id, "connection_id": linked.connection_id}
    line = shared.BankTransaction(
        id="tx-1",
        date_="2026-02-01",
        description="Flour",
        amount=Decimal("-30.25"),
        balance=Decimal("300.50"),
        transaction_type=shared.BankTransactionType.DEBIT,
    )

    model = sdk.transactions.get_create_model(request={**ids, "account_id": "acc-001"})
    pushed = sdk.transactions.create(
        request={
            **ids,
            "account_id": "acc-001",
            "create_bank_transactions": shared.CreateBankTransactions(account_id="acc-001", transactions=[line]),
        }
    )

    assert model.properties["transactions"].properties["amount"].required is True
    assert (pushed.status, pushed.status_code) == (shared.PushOperationStatus.PENDING, 202)
    key = pushed.push_operation_key
    followed = sdk.transactions.get_create_operation(
        request={"company_id": linked.company_id, "push_operation_key": key}
    )
    assert followed.status == shared.PushOperationStatus.PENDING
    listed = sdk.transactions.list_create_operations(request={"company_id": linked.company_id})
    assert [each.push_operation_key for each in listed.results] == [key]
    unlinked = sdk.connections.unlink(request={**ids, "request_body": {"status": "Unlinked"}})
    assert unlinked.status == shared.DataConnectionStatus.UNLINKED


def test_a_wrong_key_is_typed_401(site):
    with (
        CodatBankFeeds(server_url=site.url, security=shared.Security(auth_header="Basic d3Jvbmc=")) as client,
        pytest.raises(errors.ErrorMessage) as refusal,
    ):
        client.companies.list(request=operations.ListCompaniesRequest())

    assert refusal.value.status_code == 401
