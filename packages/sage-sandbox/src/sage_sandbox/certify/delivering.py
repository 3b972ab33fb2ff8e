"""Items about statements: T10 to T13, and what goes wrong on the way (6.3, 6.4, 10.2)."""

import contextlib
import itertools
from datetime import datetime
from decimal import Decimal

from sage_sandbox.certify.hooks import HookRefused
from sage_sandbox.certify.outcome import Failed, Skipped
from sage_sandbox.certify.plan import Plan
from sage_sandbox.certify.run import DAYS, Account, Run
from sage_sandbox.certify.sandbox import wait_for

plan = Plan()
POST = "POST /v1/statements"
_OVER_LIMIT = 1001
_BACK_OFF_S = 0.2
_REFUSALS = 3
_ASKED_MIN = 2
"""A provider that has asked so often after a statement in flight knows that it is not finished, and has waited."""
_UNAUTHORISED, _TOO_MANY, _CONFLICT = 401, 429, 409


@plan.item("T10", "A credit and a debit arrive, totals 100 and -100", "6.3", "T9")
def delivered(run: Run) -> None:
    lines = run.deliver(run.account, 1, -1, ago=DAYS - 2)
    stored = {str(line["uniqueId"]): Decimal(str(line["transactionAmount"])) for line in _all(run, run.account)}
    wanted = [run.in_unit(line.amount) for line in lines]
    found = [stored[line.id] for line in lines]
    if found != wanted:
        seen = f"{', '.join(map(str, found))}"
        raise Failed(f"amounts {', '.join(map(str, wanted))}, in the unit agreed on with Sage", seen)
    known = [line.id for line in run.account.lines]
    if extra := [unique_id for unique_id in stored if unique_id not in known]:
        raise Failed(f"{len(known)} lines in all", f"{len(stored)}, among them {extra[0]}")


def _all(run: Run, account: Account) -> list[dict[str, object]]:
    return run.sandbox.lines(account.bank_account_id)


@plan.item("T11", "The provider asks for its statement until it is finished", "6.4", "T9")
def followed(run: Run) -> None:
    last = run.sandbox.statements(run.account.bank_account_id)[-1]
    finished = datetime.fromisoformat(last["finishedAt"])

    def asked() -> bool:
        calls = run.sandbox.since(run.begun, "in", "GET", f"/v1/statements/{last['statementId']}")
        return any(call["status"] == 200 and datetime.fromisoformat(call["at"]) >= finished for call in calls)  # noqa: PLR2004 - OK

    run.wait_for(asked, "GET /v1/statements/{id} until it is completed", "none after that")


@plan.item("T12", "The product reads each line once, on its day", "7.11, 6.3", "T10")
def read(run: Run) -> None:
    lines = run.deliver(run.account, 12, ago=DAYS - 3)
    run.rest()
    shown = [(str(each["uniqueId"]), str(each["datePosted"])[:10]) for each in _transactions(run)]
    wanted = [(line.id, line.on) for line in run.account.lines]
    if [id_ for id_, _ in shown] != [id_ for id_, _ in wanted]:
        extra = [id_ for id_, _ in shown if id_ not in {known for known, _ in wanted}]
        seen = f"{len(shown)} lines" + (f", among them {extra[0]}" if extra else "")
        raise Failed(f"{len(wanted)} lines, each once, in the order in which they were sent", seen)
    if shown != wanted:
        seen = next(f"{id_} on {on}" for (id_, on), meant in zip(shown, wanted, strict=True) if (id_, on) != meant)
        raise Failed(f"the lines' own days, {lines[0].id} on {lines[0].on}", seen)


def _transactions(run: Run) -> list[dict[str, object]]:
    return run.company.transactions(run.account.bank_account_id)


@plan.item("S3", "The ledger balance is the one after the last line, signed", "6.3", "T10")
def balanced(run: Run) -> None:
    run.deliver(run.account, -5000, ago=DAYS - 3)
    last = [each for each in run.sandbox.statements(run.account.bank_account_id) if each["balances"]][-1]
    seen = last["balances"].get("ledgerBalance")
    wanted = run.in_unit(run.account.balance)
    if seen is None or Decimal(str(seen)) != wanted:
        raise Failed(f"ledgerBalance {wanted}", str(seen))
    run.deliver(run.account, 6000, ago=DAYS - 3)


@plan.item("E1", "Lines known already do not stop new ones", "6.3", "T10")
def resent(run: Run) -> None:
    known, mark = run.account.lines[-1:], run.sandbox.mark()
    new = run.make(run.account, 15, ago=DAYS - 4)
    run.send(run.account, [*known, *new])
    run.arrive(run.account, new, mark)


@plan.item("E2", "A token that is refused is fetched anew", "3.1", "T10")
def token_renewed(run: Run) -> None:
    mark = run.sandbox.mark()
    with run.sandbox.with_fault(POST, action="status", status=_UNAUTHORISED, times=1):
        run.deliver(run.account, 16, ago=DAYS - 5)
    if not run.sandbox.statement_posts(mark, _UNAUTHORISED):
        raise Skipped("no statement was posted")
    if not run.sandbox.since(mark, "in", "POST", "/oauth/token"):
        raise Failed("a new token after 401", "the same statement again with the old one")


@plan.item("E3", "429 is answered with a pause", "6, 14", "T10")
def backed_off(run: Run) -> None:
    mark = run.sandbox.mark()
    with run.sandbox.with_fault(POST, action="status", status=_TOO_MANY, times=_REFUSALS):
        run.deliver(run.account, 17, ago=DAYS - 5)
    times = [datetime.fromisoformat(call["at"]) for call in run.sandbox.statement_posts(mark)]
    pauses = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    if min(pauses, default=_BACK_OFF_S) < _BACK_OFF_S:
        raise Failed(f"{_BACK_OFF_S:g} s or more before the next attempt", f"{min(pauses):.3f} s")


@plan.item("E4", "A statement that was not answered is sent again, and its lines arrive once", "6.3, 10.2", "T10")
def repeated_after_silence(run: Run) -> None:
    mark = run.sandbox.mark()
    with run.sandbox.with_fault(POST, action="cut_after", times=1):
        first = run.deliver(run.account, 18, 19, ago=DAYS - 5)
    second = run.make(run.account, 20, ago=DAYS - 5)
    run.send(run.account, second)
    run.arrive(run.account, [*first, *second], mark)
    known = {line.id for line in run.account.lines}
    if extra := [str(line["uniqueId"]) for line in _all(run, run.account) if line["uniqueId"] not in known]:
        raise Failed("the same lines with the same ids", f"{len(extra)} under other ids, {extra[0]} the first")


@plan.item("E5", "A statement answered 500 is sent again", "6.3, 10.2", "T10")
def repeated_after_error(run: Run) -> None:
    with run.sandbox.with_fault(POST, action="status", status=500, times=1):
        run.deliver(run.account, 21, ago=DAYS - 5)


@plan.item("E6", "More than 1,000 lines go as several statements, one after the other", "6.3, 10.2", "T10")
def split(run: Run) -> None:
    mark = run.sandbox.mark()
    run.deliver(run.account, *([1] * _OVER_LIMIT), ago=DAYS - 6)
    rules = {call["rule"]["code"] for call in run.sandbox.statement_posts(mark) if call["rule"]}
    if "TOO_MANY_TRANSACTIONS" in rules:
        raise Failed("at most 1,000 lines in a statement", "a statement refused for having more")


@plan.item("E7", "Counts and control sums are right in every statement", "6.3", "T9")
def summed(run: Run) -> None:
    refused = [call["rule"] for call in run.sandbox.statement_posts(run.begun) if call["rule"]]
    wrong = [rule for rule in refused if rule["code"] == "EXPECTED_MISMATCH"]
    if wrong:
        raise Failed("no statement refused for its control totals", f"{len(wrong)}; the first: {wrong[0]['message']}")


@plan.item("E8", "One statement of a bank account at a time", "6.3", "T10")
def one_at_a_time(run: Run) -> None:
    begun, account = run.sandbox.mark(), run.account
    with run.sandbox.with_fault(POST, action="stuck", bankAccountId=account.bank_account_id):
        first = run.make(account, 22, ago=0)
        run.send(account, first)
        in_flight = wait_for(lambda: _unfinished(run, account), run.provider.delivery_seconds, "a statement", "none")
        second, mark = run.make(account, 23, ago=0), run.sandbox.mark()
        run.send(account, second)
        with contextlib.suppress(Failed):  # it need not ask often; what it posted meanwhile counts all the same
            wait_for(
                lambda: (
                    run.sandbox.statement_posts(mark)
                    or len(run.sandbox.since(mark, "in", "GET", f"/v1/statements/{in_flight}")) >= _ASKED_MIN
                ),
                run.provider.delivery_seconds,
                "",
                "",
            )
    run.arrive(account, [*first, *second], begun)
    refused = run.sandbox.statement_posts(begun, _CONFLICT)
    if refused:
        raise Failed("the next statement once the one before is finished", f"{len(refused)} answered 409 in between")


def _unfinished(run: Run, account: Account) -> str | None:
    statements = run.sandbox.statements(account.bank_account_id)
    return next((each["statementId"] for each in statements if not each["finishedAt"]), None)


@plan.item("E9", "Lines dated before the start date stay where they are", "6.3, 10.2", "T15")
def kept_back(run: Run) -> None:
    account, mark = run.others[-1], run.sandbox.mark()
    early = run.make(account, 30, ago=DAYS)
    due = run.make(account, 31)
    try:
        run.send(account, [*early, *due])
    except HookRefused:
        run.send(account, due)
    run.arrive(account, due, mark)
    run.rest()
    stored = {str(line["uniqueId"]) for line in _all(run, account)}
    if early[0].id in stored:
        raise Failed(f"nothing before {account.start_on}", f"{early[0].id} of {early[0].on}")
