"""Everything that can go wrong between the platform and Sage, one thing at a time; the judge has the last word.

Each trouble is a fault of the sandbox that strikes while lines are on their way. Afterwards every line must be in Sage
once, in order, in the right account, none before the start date.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from bank_lines import days_ago, make_lines, parts_of
from institutions import Customer
from processes import wait_until
from sage_users import SageCompany
from systems import System, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

POST, FOLLOW, TOKEN = "POST /v1/statements", "GET /v1/statements", "POST /oauth/token"
CLIENT_TIMEOUT_MS = 20_000
"""As long as the platform listens for an answer."""


@pytest.fixture(scope="module")
def _bent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("faults"), LEASE_S="10") as system:
        yield system


@pytest.fixture
def system(_bent: System) -> Iterator[System]:
    _bent.fresh(strictOrder=True, notificationRetrySeconds=1)
    yield _bent
    _bent.check_balances()


def deliver_through(system: System, *faults: dict[str, Any], start_on: str | None = None) -> list[dict[str, Any]]:
    """Two companies' lines are pushed while the faults strike; the judge is content; the statements of the first."""
    linked: list[str] = []
    expected = {}
    customers = [Customer(system, "Bakery"), Customer(system, "Garage")]
    for customer in customers:
        customer.open_account()
        sage = SageCompany(system, customer.name)
        linked.append(sage.link(customer, start_on=start_on))
        expected[sage.external_id(linked[-1])] = make_lines(60, prefix=customer.name)
    for bank_account in linked:
        system.judge.wait_active(bank_account)
    system.judge.expect(expected)
    ids = [system.judge.fault(**fault) for fault in faults]

    for customer, lines in zip(customers, expected.values(), strict=True):
        customer.follow(*[customer.push(part) for part in parts_of(lines, 20)])

    hits = system.judge.hits()
    assert all(hits[fault_id] for fault_id in ids), f"a fault never struck: {hits}"
    for bank_account, lines in zip(linked, expected.values(), strict=True):
        wanted = [line.id for line in lines if line.on >= (start_on or "")]
        assert system.judge.stored(bank_account) == wanted
    system.judge.find_clean(*linked)
    return system.judge.statements(linked[0])


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([{"on": POST, "action": "cut_after", "times": 2}], id="the answer to a statement is lost"),
        pytest.param([{"on": POST, "action": "cut_before", "times": 2}], id="a statement is lost"),
        pytest.param([{"on": FOLLOW, "action": "cut_after", "times": 2}], id="the answer to a question is lost"),
        pytest.param([{"on": POST, "action": "status", "status": 500, "times": 2}], id="500"),
        pytest.param([{"on": POST, "action": "status", "status": 503, "times": 2}], id="503"),
        pytest.param([{"on": POST, "action": "status", "status": 429, "times": 2}], id="429"),
        pytest.param([{"on": FOLLOW, "action": "status", "status": 500, "times": 2}], id="500 to a question"),
        pytest.param([{"on": FOLLOW, "action": "status", "status": 429, "times": 2}], id="429 to a question"),
        pytest.param([{"on": POST, "action": "status", "status": 401, "times": 1}], id="a token refused once"),
        pytest.param([{"on": POST, "action": "fail", "times": 2}], id="processing fails for no reason"),
        pytest.param(
            [
                {"on": POST, "action": "cut_after", "probability": 0.3, "seed": 7, "times": 4},
                {"on": POST, "action": "status", "status": 500, "probability": 0.3, "seed": 8, "times": 4},
                {"on": FOLLOW, "action": "status", "status": 503, "probability": 0.3, "seed": 9, "times": 4},
                {"on": POST, "action": "delay", "delayMs": 150},
            ],
            id="many troubles at once",
        ),
    ],
)
def test_every_line_arrives_once_although(system: System, faults: Sequence[dict[str, Any]]) -> None:
    deliver_through(system, *faults, start_on=days_ago(4))


def test_every_line_arrives_once_although_the_token_has_run_out(system: System) -> None:
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    bank_account = sage.link(customer)
    lines = make_lines(40)
    system.judge.expect({sage.external_id(bank_account): lines})
    customer.follow(customer.push(lines[:20]))

    system.judge.advance(9 * 3600)

    customer.follow(customer.push(lines[20:]))
    refused = [c for c in system.judge.get("/calls") if c["status"] == 401 and c["url"].startswith("/papi/v1/")]
    assert len(refused) == 1, "the old token was refused once, and never used again"
    assert system.judge.stored(bank_account) == [line.id for line in lines]
    system.judge.find_clean(bank_account)


def test_every_line_arrives_once_although_sage_is_slow(system: System) -> None:
    system.judge.set(processingMs=2500)
    statements = deliver_through(system)
    assert len([each for each in statements if each["transactionDetailsCount"]]) <= 3, "what waits goes together"


def test_every_line_arrives_once_although_an_answer_comes_after_we_have_stopped_listening(system: System) -> None:
    """The late statement reaches Sage when the same lines are there already: it fails there, and stores nothing."""
    late = {"on": POST, "action": "delay", "delayMs": CLIENT_TIMEOUT_MS + 2500, "times": 1}
    deliver_through(system, late)
    wait_until(
        lambda: [c for c in system.judge.get("/calls") if c["durationMs"] > CLIENT_TIMEOUT_MS],
        "the late statement has reached Sage",
    )
    wait_until(
        lambda: all(each["status"] in {"completed", "failed"} for each in system.judge.get("/statements")),
        "and is processed",
    )
    system.judge.find_clean()


@pytest.mark.parametrize("name", ["AuthorisationCreated", "BankAccountCreated"])
def test_a_notification_that_comes_twice_has_its_effect_once(system: System, name: str) -> None:
    system.judge.fault(name, "duplicate")
    deliver_through(system)
    feeds = system.judge.get("/bankaccounts")
    assert len(feeds) == 2


@pytest.mark.parametrize("action", ["cut_before", "cut_after"])
def test_a_notification_that_is_lost_or_whose_answer_is_lost_comes_again(system: System, action: str) -> None:
    system.judge.fault("BankAccountCreated", action, times=2)
    deliver_through(system)
    created = [n for n in system.judge.get("/notifications") if n["resourceType"] == "bankAccount"]
    assert {n["status"] for n in created} == {"delivered"}
    assert sum(n["attempts"] for n in created) == 4


def test_sage_at_ten_requests_a_second_is_never_asked_for_more_than_it_can_bear(tmp_path_factory: Any) -> None:
    with running(tmp_path_factory.mktemp("throttled"), REQUESTS_PER_SECOND="10") as system:
        system.judge.set(processingMs=0, requestsPerSecond=10)
        deliver_through(system)
        refused = [call for call in system.judge.get("/calls") if call["status"] == 429]
        assert len(refused) <= 2, f"{len(refused)} calls were refused"


# --- and the judge would have noticed ---------------------------------------------------------------------------------


@pytest.fixture
def delivered(system: System) -> Iterator[tuple[System, str, str]]:
    """Lines tx-1 to tx-20 pushed and arrived; the judge's content; the bank account and its external id. What is planted
    there is gone in the end.
    """
    customer, sage = Customer(system, "Harbour Bakery"), SageCompany(system)
    customer.open_account()
    bank_account = sage.link(customer, start_on=days_ago(9))
    external_id = sage.external_id(bank_account)
    system.judge.expect({external_id: make_lines(20)})
    customer.follow(customer.push(make_lines(20)))
    system.judge.find_clean(bank_account)
    yield system, bank_account, external_id
    system.judge.reset()


def offence(system: System, bank_account: str) -> dict[str, Any]:
    verdict = system.judge.verdict()
    assert verdict["clean"] is False
    with pytest.raises(AssertionError):
        system.judge.find_clean(bank_account)
    return next(each for each in verdict["accounts"] if each["bankAccountId"] == bank_account)


def plant(system: System, bank_account: str, unique_id: str, on: str, amount: int = 100) -> None:
    line = {"uniqueId": unique_id, "transactionAmount": amount, "datePosted": f"{on}T10:00:00Z"}
    system.judge.send("POST", "/plant", {"bankAccountId": bank_account, "transactions": [line]})


def test_the_judge_sees_a_line_that_was_never_offered(delivered: tuple[System, str, str]) -> None:
    system, bank_account, external_id = delivered
    system.judge.expect({external_id: make_lines(21)})
    assert offence(system, bank_account)["lost"] == ["tx-21"]


def test_the_judge_sees_a_double(delivered: tuple[System, str, str]) -> None:
    system, bank_account, _ = delivered
    plant(system, bank_account, "tx-20", days_ago(0))
    assert offence(system, bank_account)["doubled"] == ["tx-20"]


def test_the_comparison_that_ends_every_journey_sees_what_nobody_pushed(delivered: tuple[System, str, str]) -> None:
    system, bank_account, _ = delivered
    system.check_balances()
    plant(system, bank_account, "tx-planted", days_ago(5))
    with pytest.raises(AssertionError, match="at the institution"):
        system.check_balances()


def test_the_judge_sees_disorder(delivered: tuple[System, str, str]) -> None:
    system, bank_account, external_id = delivered
    lines = make_lines(20)
    system.judge.expect({external_id: [lines[1], lines[0], *lines[2:]]})
    assert offence(system, bank_account)["outOfOrder"] == ["tx-2"]


def test_the_judge_sees_an_early_line(delivered: tuple[System, str, str]) -> None:
    system, bank_account, _ = delivered
    plant(system, bank_account, "tx-0", days_ago(30))
    assert offence(system, bank_account)["early"] == ["tx-0"]


def test_the_judge_sees_a_line_in_the_wrong_account(delivered: tuple[System, str, str]) -> None:
    system, bank_account, external_id = delivered
    lines = make_lines(20)
    system.judge.expect({external_id: lines[1:], "somebody-else": lines[:1]})
    assert offence(system, bank_account)["misrouted"] == ["tx-1"]


def test_the_judge_sees_a_wrong_amount(delivered: tuple[System, str, str]) -> None:
    system, bank_account, external_id = delivered
    lines = make_lines(20)
    wrong = type(lines[0])(lines[4].id, lines[4].on, lines[4].amount * 100, lines[4].balance)
    system.judge.expect({external_id: [*lines[:4], wrong, *lines[5:]]})
    assert offence(system, bank_account)["sums"][0]["uniqueIds"] == ["tx-5"]
