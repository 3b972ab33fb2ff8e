"""Codat's own Python client, unmodified, through the whole Sage flow against both running programs."""

import threading
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from bank_lines import Line, make_lines
from codat_bankfeeds import CodatBankFeeds
from codat_bankfeeds.models import errors, operations, shared
from processes import wait_until
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow

ANSWER_WITHIN_S = 5.0
"""The SDK's own read timeout: a slower answer would be asked for again."""


@pytest.fixture
def sdk(system: System) -> Iterator[CodatBankFeeds]:
    security = shared.Security(auth_header=system.authorization)
    with CodatBankFeeds(server_url=system.api_url, security=security) as client:
        yield client


class Bank:
    """What the institution's program has made by the SDK, and how the user's part in Sage goes on from there."""

    def __init__(self, sdk: CodatBankFeeds) -> None:
        self.sdk = sdk
        self.company = sdk.companies.create(request={"name": "Harbour Bakery Ltd", "description": "crm 8841"})
        connection = sdk.connections.create(
            request={"company_id": self.company.id, "request_body": {"platform_key": "olpr"}}
        )
        self.connection_id = connection.id
        self.ids = {"company_id": self.company.id, "connection_id": connection.id}

    def otp(self) -> str:
        return self.sdk.source_accounts.generate_otp(request=self.ids).otp

    def statuses(self) -> dict[str, str]:
        return {each.id: each.status for each in self.sdk.source_accounts.list(request=self.ids)}

    def push(self, account_id: str, lines: Sequence[Line]) -> Any:
        body = shared.CreateBankTransactions(account_id=account_id, transactions=[_item(line) for line in lines])
        request = {**self.ids, "account_id": account_id, "create_bank_transactions": body}
        return self.sdk.transactions.create(request=request)

    def operation(self, key: str) -> Any:
        return self.sdk.transactions.get_create_operation(
            request={"company_id": self.company.id, "push_operation_key": key}
        )

    def follow(self, key: str) -> Any:
        def ended() -> Any:
            now = self.operation(key)
            return now if now.status != shared.PushOperationStatus.PENDING else None

        return wait_until(ended, f"push {key} ends", 30)


def _item(line: Line) -> shared.BankTransaction:
    sign = shared.BankTransactionType.CREDIT if line.amount >= 0 else shared.BankTransactionType.DEBIT
    return shared.BankTransaction(
        id=line.id,
        date_=line.on,
        description=f"Line {line.id}",
        amount=line.amount,
        balance=line.balance,
        transaction_type=sign,
    )


def _account(account_id: str, name: str, number: str) -> shared.SourceAccountV2Prototype:
    return shared.SourceAccountV2Prototype(
        id=account_id,
        account_name=name,
        account_type=shared.AccountType.CHECKING,
        account_number=number,
        sort_code="112233",
        currency="GBP",
        balance=Decimal("250.75"),
    )


def test_the_whole_sage_flow_from_company_to_deletion(system: System, sdk: CodatBankFeeds) -> None:
    bank = Bank(sdk)
    connection = sdk.connections.get(request=bank.ids)
    assert (connection.status, connection.integration_key) == (shared.DataConnectionStatus.PENDING_AUTH, "olpr")
    sdk.source_accounts.create(request={**bank.ids, "request_body": _account("acc-001", "Trading", "10203040")})
    batch = [_account("acc-002", "Savings", "50607080"), _account("acc-003", "Card", "90102030")]
    made = sdk.source_accounts.create_batch(request={**bank.ids, "request_body": batch})
    assert [item.result.status_code for item in made] == [201, 201]
    assert bank.statuses() == dict.fromkeys(("acc-001", "acc-002", "acc-003"), "pending")

    sage = SageCompany(system)
    link = sage.connect_bank()
    picker = sage.submit_form(sage.open_form(link), bank.connection_id, bank.otp())
    sage.pick(picker, "Trading", make_lines(1)[0].on)
    bank_account = sage.add(sage.poll(link), make_lines(1000, days=10)[0].on)
    sage.wait_delivered(bank_account)
    assert bank.statuses() == {"acc-001": "connected", "acc-002": "pending", "acc-003": "pending"}
    assert sdk.connections.get(request=bank.ids).status == shared.DataConnectionStatus.LINKED

    lines = make_lines(1010)
    system.judge.expect({sage.external_id(bank_account): lines})
    few = bank.push("acc-001", lines[:10])
    assert (few.status, few.status_code) == (shared.PushOperationStatus.PENDING, 202)
    began = time.monotonic()
    thousand = bank.push("acc-001", lines[10:])
    took_s = time.monotonic() - began
    assert took_s < ANSWER_WITHIN_S, f"1,000 lines took {took_s:.2f} s to be accepted"
    for pushed in (few, thousand):
        ended = bank.follow(pushed.push_operation_key)
        assert (ended.status, ended.status_code) == (shared.PushOperationStatus.SUCCESS, 200)
        assert ended.changes[0].record_ref.id == "acc-001"
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)
    balance = next(each.balance for each in sdk.source_accounts.list(request=bank.ids) if each.id == "acc-001")
    assert balance == lines[-1].balance

    listed = sdk.transactions.list_create_operations(request={"company_id": bank.company.id})
    assert {each.push_operation_key for each in listed.results} == {
        few.push_operation_key,
        thousand.push_operation_key,
    }
    unlinked = sdk.connections.unlink(request={**bank.ids, "request_body": {"status": "Unlinked"}})
    assert unlinked.status == shared.DataConnectionStatus.UNLINKED
    assert bank.statuses()["acc-001"] == "disconnected"
    sdk.connections.delete(request=bank.ids)
    with pytest.raises(errors.ErrorMessage) as gone:
        sdk.connections.get(request=bank.ids)
    assert gone.value.status_code == 404
    sdk.companies.delete(request={"company_id": bank.company.id})
    with pytest.raises(errors.ErrorMessage):
        sdk.companies.get(request={"company_id": bank.company.id})


@pytest.fixture
def linked(system: System, sdk: CodatBankFeeds) -> tuple[Bank, str]:
    """A bank with acc-001 connected, and its bank account in Sage."""
    bank, sage = Bank(sdk), SageCompany(system)
    sdk.source_accounts.create(request={**bank.ids, "request_body": _account("acc-001", "Trading", "10203040")})
    link = sage.connect_bank()
    picker = sage.submit_form(sage.open_form(link), bank.connection_id, bank.otp())
    start_on = make_lines(1)[0].on
    sage.pick(picker, "Trading", start_on)
    bank_account = sage.add(sage.poll(link), start_on)
    sage.wait_delivered(bank_account)
    system.judge.expect({sage.external_id(bank_account): []})
    return bank, bank_account


@pytest.mark.parametrize(
    ("spoil", "field", "words"),
    [
        (lambda lines: [*lines, lines[0]], "transactions[3]", ""),
        (lambda lines: lines[::-1], "transactions[1].date", ""),
        (lambda _: [], "transactions", "empty"),
        (lambda _: make_lines(1001), "transactions", "1001"),
    ],
    ids=["an id twice", "newest first", "none", "1,001"],
)
def test_a_push_that_breaks_a_rule_is_a_typed_400_that_names_the_field_and_takes_nothing(
    system: System, linked: tuple[Bank, str], spoil: Any, field: str, words: str
) -> None:
    bank, bank_account = linked

    with pytest.raises(errors.ErrorMessage) as refused:
        bank.push("acc-001", spoil(make_lines(3)))

    assert refused.value.status_code == refused.value.data.status_code == 400
    assert len(refused.value.data.correlation_id) == 32
    (item, *_) = refused.value.data.validation.errors
    assert item.item_id.startswith(field)
    assert words in item.message
    operations_of = bank.sdk.transactions.list_create_operations(request={"company_id": bank.company.id})
    assert operations_of.total_results == 0
    assert system.judge.stored(bank_account) == []
    system.judge.find_clean(bank_account)


def test_a_push_sent_again_is_no_second_delivery(system: System, linked: tuple[Bank, str]) -> None:
    bank, bank_account = linked
    lines = make_lines(5)
    system.judge.expect({_external_id(system, bank_account): lines})
    first = bank.push("acc-001", lines)
    bank.follow(first.push_operation_key)

    again = bank.push("acc-001", lines)

    assert again.push_operation_key != first.push_operation_key
    assert len(again.validation.warnings) == 5
    assert bank.follow(again.push_operation_key).status == shared.PushOperationStatus.SUCCESS
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)


def _external_id(system: System, bank_account: str) -> str:
    found = system.judge.get("/bankaccounts")
    return next(each["externalId"] for each in found if each["bankAccountId"] == bank_account)


def test_what_is_not_there_is_a_typed_404(sdk: CodatBankFeeds) -> None:
    bank = Bank(sdk)
    nobody = "00000000-0000-4000-8000-000000000000"
    calls = [
        lambda: sdk.companies.get(request={"company_id": nobody}),
        lambda: sdk.connections.get(request={"company_id": bank.company.id, "connection_id": nobody}),
        lambda: sdk.connections.create(
            request={"company_id": bank.company.id, "request_body": {"platform_key": "zzzz"}}
        ),
        lambda: sdk.source_accounts.delete(request={**bank.ids, "account_id": "acc-404"}),
        lambda: bank.operation(nobody),
        lambda: bank.push("acc-404", make_lines(1)),
    ]
    for call in calls:
        with pytest.raises(errors.ErrorMessage) as refused:
            call()
        assert refused.value.status_code == refused.value.data.status_code == 404
        assert refused.value.data.error


def test_an_account_that_nobody_has_linked_takes_no_lines(sdk: CodatBankFeeds) -> None:
    bank = Bank(sdk)
    sdk.source_accounts.create(request={**bank.ids, "request_body": _account("acc-001", "Trading", "10203040")})

    with pytest.raises(errors.ErrorMessage) as refused:
        bank.push("acc-001", make_lines(1))

    assert refused.value.status_code == 400
    assert "PendingAuth" in refused.value.data.validation.errors[0].message


def test_a_refusal_that_the_contract_does_not_type_is_the_sdks_plain_error(sdk: CodatBankFeeds) -> None:
    bank = Bank(sdk)
    with pytest.raises(errors.SDKError) as refused:
        sdk.connections.unlink(request={**bank.ids, "request_body": {"status": "Unlinked"}})
    assert refused.value.status_code == 400


def test_a_wrong_key_is_a_typed_401_and_is_not_tried_again(system: System) -> None:
    security = shared.Security(auth_header="Basic d3Jvbmc=")
    began = time.monotonic()
    with (
        CodatBankFeeds(server_url=system.api_url, security=security) as client,
        pytest.raises(errors.ErrorMessage) as refused,
    ):
        client.companies.list(request=operations.ListCompaniesRequest())
    assert refused.value.status_code == 401
    assert time.monotonic() - began < 2


def test_the_sdks_own_retry_carries_a_push_over_a_restart_of_the_platform(
    system: System, linked: tuple[Bank, str]
) -> None:
    """Refused connections are retried by the SDK; what it sends again is taken once."""
    bank, bank_account = linked
    lines = make_lines(20)
    system.judge.expect({_external_id(system, bank_account): lines})
    first = bank.push("acc-001", lines[:10])
    bank.follow(first.push_operation_key)
    system.kill_platform()
    back = threading.Thread(target=system.restart_platform)
    back.start()

    second = bank.push("acc-001", lines[10:])

    back.join()
    bank.follow(second.push_operation_key)
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)
