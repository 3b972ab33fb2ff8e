"""One correlation id from the institution's request, by its push operation, to the call to Sage: followed in the log."""

import json

import pytest
import wires
from bank_lines import make_lines
from institutions import Customer
from processes import wait_until
from sage_users import SageCompany
from systems import System

pytestmark = pytest.mark.slow


def test_a_request_is_found_again_in_the_call_to_sage_that_carried_its_lines(system: System) -> None:
    customer = Customer(system, "Harbour Bakery")
    customer.open_account()
    bank_account = SageCompany(system).link(customer)
    answers = [customer.try_push([line]) for line in make_lines(2)]
    customer.follow(*(wires.read(answer, 200) for answer in answers))

    told = {answer.headers["x-correlation-id"] for answer in answers}
    keys = {answer.json()["pushOperationKey"].replace("-", "") for answer in answers}
    assert told == keys

    def logged() -> dict[str, list[dict]]:
        lines = [json.loads(line) for line in system.running.log.read_text().splitlines() if line.startswith("{")]
        requests = [each for each in lines if each["event"] == "request" and each.get("correlation_id") in told]
        mine = [each for each in lines if each["event"] == "statement offered" and each["bank_account"] == bank_account]
        carried = [each for each in mine if told & set(each["correlation_ids"])]
        return {"requests": requests, "carried": carried}

    found = wait_until(lambda: logged() if len(logged()["requests"]) == 2 else {}, "both requests are in the log")
    assert {each for line in found["carried"] for each in line["correlation_ids"]} == told
    assert {line["outcome"] for line in found["carried"]} <= {"taken", "done"}
