"""`bankfeeds demo`: one bank statement file, from the institution's side to Sage's, told while it happens."""

import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import httpx2

from bankfeeds.demo import pair
from bankfeeds.demo.bank_file import Asked, opened
from bankfeeds.demo.institution import Institution, Prepared, batches, needs_sort_code
from bankfeeds.demo.judge import Judge
from bankfeeds.demo.pair import Pair
from bankfeeds.demo.programs import DemoFailed
from bankfeeds.demo.sage_user import Linked, SageUser
from bankfeeds.demo.show import Row, Screen, plural
from bankfeeds.domain.statement_file import AccountLines, FileLine, Proof
from bankfeeds.domain.transaction import latest_day
from bankfeeds.readers import accounts_of

SAMPLE = Path(__file__).with_name("sample.camt053.xml")
ARRIVE_S = 240.0
_POLL_S = 0.15
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Journey:
    """One account's lines on their way."""

    lines: AccountLines
    prepared: Prepared
    user: SageUser
    linked: Linked


def run(asked: Asked, *, is_once: bool) -> int:
    """0 if every line arrived and the judge is content. A file that cannot be read is refused before all else."""
    screen = Screen()
    screen.title(f"The bank statement: {asked.path.name}")
    accounts = accounts_of(opened(screen, asked, input if screen.is_terminal and sys.stdin.isatty() else None))
    for lines in accounts:
        screen.account(lines)
    check_days(accounts, datetime.now(UTC).date())
    data = Path(tempfile.mkdtemp(prefix="bankfeeds-demo-"))
    try:
        with ending_on_signals():
            is_clean = _run_both(screen, data, accounts, is_once=is_once)
    except DemoFailed as error:
        screen.fail(str(error))
        is_clean = False
    except KeyboardInterrupt:
        screen.note("stopped")
        is_clean = True
    if is_clean:
        shutil.rmtree(data, ignore_errors=True)
    else:
        screen.note(f"Logs and data: {data}")
    return 0 if is_clean else 1


def _run_both(screen: Screen, data: Path, accounts: Sequence[AccountLines], *, is_once: bool) -> bool:
    began = time.monotonic()
    with pair.running(data, 0, 0) as both, httpx2.Client(timeout=_TIMEOUT_S, trust_env=False) as client:
        is_clean = _travel(screen, both, client, accounts)
        _conclude(screen, accounts, is_clean=is_clean, took_s=time.monotonic() - began)
        if screen.is_terminal and not is_once:
            _keep_serving(screen, both)
    return is_clean


def check_days(accounts: Sequence[AccountLines], today: date) -> None:
    """The platform would refuse it too, but only once two programs run."""
    latest_on = latest_day(today)
    for lines in accounts:
        if lines.lines and lines.lines[-1].date > latest_on:
            told = f"{lines.lines[-1].date} {lines.lines[-1].description}"
            raise DemoFailed(f"{lines.account.id}: {told}: this day is in the future; only booked lines can be sent")


def _travel(screen: Screen, both: Pair, client: httpx2.Client, accounts: Sequence[AccountLines]) -> bool:
    screen.title("Two programs start, on free ports of this machine")
    screen.step("Bankfeeds", both.api_url, "the platform, run by the institution")
    screen.step("Sage sandbox", both.details["sandbox"]["adminUrl"], "stands in for Sage")
    judge = Judge(client, both.sandbox_part.admin_url)
    judge.hurry()
    institution = Institution(client, both.api_url, both.details["platform"]["authorization"])
    under_way: list[Journey] = []
    for lines in accounts:
        if not lines.lines:
            screen.warn(f"{lines.account.id}: the file has no booked entries for this account; nothing to send")
            continue
        under_way.append(_link(screen, both, client, institution, lines))
        judge.expect([(each.linked.external_id, each.lines.lines) for each in under_way])
        _send(screen, institution, under_way[-1])
    apart = [each for each in under_way if not _show_received(screen, judge, each)]
    return (_judge(screen, judge, under_way) and not apart) if under_way else True


def _link(screen: Screen, both: Pair, client: httpx2.Client, institution: Institution, lines: AccountLines) -> Journey:
    account = lines.account
    screen.title(f"The institution prepares the feed of {account.id}")
    prepared = institution.prepare(lines)
    screen.step("institution → Bankfeeds", "POST /companies", prepared.company_name)
    screen.step("institution → Bankfeeds", "POST …/connections", f"Connection ID {prepared.connection_id}")
    screen.step("institution → Bankfeeds", "POST …/bankFeedAccounts", f"{prepared.account_name}, {account.currency}")
    if needs_sort_code(account):
        screen.warn("the file names no sort code; Sage wants one for GBP, so zeros were given")
    otp = institution.one_time_password(prepared)
    screen.step("institution → Bankfeeds", "POST …/bankFeeds/otp", f"one-time password {otp}, shown to the customer")
    return _play_user(screen, SageUser(client, both.sandbox_part), institution, prepared, otp, lines)


def _play_user(
    screen: Screen, user: SageUser, institution: Institution, prepared: Prepared, otp: str, lines: AccountLines
) -> Journey:
    screen.title("The customer connects the bank, in Sage")
    user.sign_up(prepared.company_name)
    link = user.connect_bank()
    screen.step("Sage product → Sage", "GET indirectlinkaccount", "the customer chose this bank")
    page = user.open_authorisation(link)
    screen.step("Sage → Bankfeeds", "POST notification, GET auth", "the authorisation page opens in the browser")
    picker = user.authorise(page, prepared.connection_id, otp)
    screen.step("browser → Bankfeeds", "POST Connection ID, password", "accepted")
    screen.step("Bankfeeds → Sage", "PATCH /v1/authorisations", "the customer's accounts, reported")
    start_on = lines.lines[0].date
    user.pick(picker, prepared.account_name, start_on)
    picked = user.poll(link)
    screen.step("browser → Sage", "account and start date picked", f"{picked['accountName']}, from {start_on}")
    linked = user.add_account(picked, lines.account.currency, start_on)
    screen.step("Sage product → Sage", "POST bankaccounts", f"bank account {linked.bank_account_id}")
    institution.wait_connected(prepared)
    screen.step("Sage → Bankfeeds", "POST notification", "account linked: it is connected now")
    return Journey(lines, prepared, user, linked)


def _send(screen: Screen, institution: Institution, journey: Journey) -> None:
    lines = journey.lines.lines
    screen.title(f"{plural(len(lines), 'transaction travels', 'transactions travel')} to Sage")
    parts = batches(lines)
    operations = institution.push(journey.prepared, lines)
    for part, operation in zip(parts, operations, strict=True):
        screen.step(
            "institution → Bankfeeds",
            "POST …/bankTransactions",
            f"{plural(len(part), 'line', 'lines')}, {operation['status']} at once",
        )
    with screen.waiting("Bankfeeds → Sage", len(lines)) as note:
        _wait_arrived(journey, len(lines), note)
        ended = [
            institution.follow(journey.prepared.company_id, each["pushOperationKey"], lambda: None)
            for each in operations
        ]
    for operation in ended:
        if operation["status"] != "Success":
            raise DemoFailed(f"the push ended as {operation['status']}: {operation.get('errorMessage') or operation}")
    screen.step("Bankfeeds → Sage", "POST, GET /v1/statements", "every statement completed")
    screen.step("institution → Bankfeeds", "GET …/push", "Success")


def _wait_arrived(journey: Journey, wanted: int, note: Callable[[int], None]) -> None:
    """Until the Sage product can read them all."""
    deadline = time.monotonic() + ARRIVE_S
    while True:
        total = journey.user.transaction_count(journey.linked)
        note(total)
        if total >= wanted:
            return
        if time.monotonic() > deadline:
            raise DemoFailed(f"only {total} of {wanted} lines are readable in Sage after {ARRIVE_S:.0f} s")
        time.sleep(_POLL_S)


def _show_received(screen: Screen, judge: Judge, journey: Journey) -> bool:
    """False if a day does not close in Sage as it does at the bank, whose own balances add up."""
    received = journey.user.transactions(journey.linked)
    currency = journey.lines.account.currency
    rows = [
        Row(str(each.number), each.on, each.description, judge.major(each.amount, currency), each.payee)
        for each in received.lines
    ]
    balance = f"{judge.major(received.balance, currency):,} {currency}" if received.balance is not None else "unknown"
    screen.received(journey.lines.account, rows, balance)
    gaps = closing_gaps(journey.lines.lines, rows)
    for on, at_bank, in_sage in gaps:
        screen.warn(f"{on} closes with {at_bank} at the bank, with {in_sage} in Sage: difference {at_bank - in_sage}")
    if not gaps:
        days = plural(len({line.date for line in journey.lines.lines}), "day closes", "days close")
        screen.note(f"{days} in Sage as at the bank: difference 0.00")
    return not gaps or journey.lines.proof is not Proof.proved


def closing_gaps(lines: Sequence[FileLine], rows: Sequence[Row]) -> list[tuple[date, Decimal, Decimal]]:
    """Days on which the bank's balance and what Sage's lines come to differ: the day, the one, the other."""
    at_bank = {line.date: line.balance for line in lines}
    moved: defaultdict[date, Decimal] = defaultdict(Decimal)
    for row in rows:
        moved[date.fromisoformat(row.on)] += row.amount
    running, gaps = lines[0].balance - lines[0].amount, list[tuple[date, Decimal, Decimal]]()
    for on in sorted({*at_bank, *moved}):
        running += moved[on]
        if on in at_bank and at_bank[on] != running:
            gaps.append((on, at_bank[on], running))
    return gaps


def _judge(screen: Screen, judge: Judge, journeys: Sequence[Journey]) -> bool:
    """The sandbox's own judgement. Balances that the file itself contradicts are told, not held against us."""
    screen.title("The verdict of the sandbox's judge, who knew what should arrive")
    verdict = judge.verdict()
    by_id = {each.linked.bank_account_id: each for each in journeys}
    is_clean = True
    for account in verdict["accounts"]:
        journey = by_id.get(account.get("bankAccountId") or "")
        offence = account.get("firstOffence")
        if offence is None:
            screen.step(
                "clean", account_label(journey), f"{plural(account['lines'], 'line', 'lines')}, each once, in order"
            )
        elif journey and journey.lines.proof is not Proof.proved and offence["kind"] == "balances":
            screen.warn(f"{account_label(journey)}: the balances do not follow, as in the file: {offence['message']}")
        else:
            is_clean = False
            screen.warn(f"{account_label(journey)}: {offence['kind']}: {offence['message']}")
    return is_clean


def account_label(journey: Journey | None) -> str:
    return journey.lines.account.id if journey else "an account of nobody"


def _conclude(screen: Screen, accounts: Sequence[AccountLines], *, is_clean: bool, took_s: float) -> None:
    count = sum(len(lines.lines) for lines in accounts)
    if not is_clean:
        screen.fail("what arrived is not what was sent")
    elif count:
        screen.success(f"{plural(count, 'booked entry', 'booked entries')} delivered to Sage in {took_s:.1f} s")
    else:
        screen.success("the file has no booked entries, so nothing was delivered")


def _keep_serving(screen: Screen, both: Pair) -> None:
    screen.title("Both keep running; Ctrl-C ends them")
    screen.note(f"Sage's side, as a user sees it   {both.details['sandbox']['uiUrl']}")
    screen.note(f"The platform's API               {both.api_url}/companies")
    screen.note(f"  with the header                Authorization: {both.details['platform']['authorization']}")
    both.wait()


@contextmanager
def ending_on_signals() -> Generator[None]:
    """SIGTERM and Ctrl-C end it alike, children included, also where a shell had SIGINT ignored."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
