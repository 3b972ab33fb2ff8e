"""One simulated life of a platform, decided by one seed: the real flows, the real Sage client, the real sandbox.

Several workers share a database and take turns on one thread. At every named crash point one of them may die, or stall
for longer than its lease while the others go on, or lose its database. Meanwhile users link, unlink and link again,
institutions push and push again, operators pause, resume, skip, resend, hold in quarantine, release and drop, and the wire
and Sage misbehave. In the end all troubles cease, everything drains, and the judge is asked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import reconciled
from bank_lines import Line
from grounds import NOON
from lives import LEASE_S, Account, Bad, Item, Late
from people import People

from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.push_operation import PushOperation, PushStatus
from bankfeeds.flows import (
    accept,
    authorise,
    complain,
    confirm,
    late_queue,
    pushes,
    quarantine,
    recover,
)
from bankfeeds.flows.context import World
from bankfeeds.flows.crash_points import TIMEOUTS, commit
from bankfeeds.store import feeds
from bankfeeds.store.engine import Database
from bankfeeds.store.feeds import Claim

EVENTS = 90
LATEST_START_DAYS = 20
"""Before the first day of the story: no user of Sage chooses a later start, see `people.py`."""
FAVOURS_MAX = 40
"""How often what is rare is tried before it is left to chance."""
DRAIN_ROUNDS = 5000
"""A feed linked at the end sends 1,005 lines in statements of five, some 15 rounds each."""
CALM_WAITS_S = (0.6, 5, 61, 300, 1300, 4000)


class Simulation(People):
    def run(self) -> None:
        """Bad if anything is wrong at the end."""
        grounds = self.grounds
        grounds.begin(self.seed)
        self.url = self.databases.fresh()
        self.http = httpx2.Client(transport=grounds.wire, timeout=20)
        self.db = Database(self.url)
        try:
            self._begin()
            for number in range(EVENTS):
                if number % 30 == 15:
                    self._favour()
                self._event()
            self._drain()
            self._judge()
        except Bad:
            self._describe()
            raise
        finally:
            grounds.platform = None
            self.db.close()
            self.databases.drop(self.url)

    # --- what happens ---------------------------------------------------------------------------------------

    def _favour(self) -> None:
        """Brings about what is rare, if this seed is to die in it."""
        fated = " ".join(self.fated)
        if "complain" in fated:
            failing = self.grounds.judge.fault("POST /v1/statements", "fail")
            for _ in range(FAVOURS_MAX):
                self._push()
                self._work()
                self.advance(8)
                if "complain" not in " ".join(self.fated):
                    break
                self._unpark()
            self.grounds.judge.send("DELETE", f"/faults/{failing}")
        if "recover" in fated:
            self.advance(1300)
            self._tend()
            self._tend()

    def meanwhile(self) -> list[Callable[[], None]]:
        return [self._push, self._work, self._work, self._work, self._short_time]

    def _event(self) -> None:
        acts = {
            self._push: 22,
            self._push_late: 6,
            self._work: 40,
            self._short_time: 14,
            self._tend: 6,
            self._fault: 8,
            self._wire_trouble: 10,
            self._users_act: 9,
            self._operators_act: 8,
            self._long_time: 2,
            self._skew: 1,
            self._database_restarts: 1,
        }
        self.chance.choices(list(acts), list(acts.values()))[0]()

    def _short_time(self) -> None:
        self.advance(self.chance.choice([0.1, 0.5, 1, 3, 10, 30]))

    def _long_time(self) -> None:
        """Tokens run out, notifications are given up, leases end."""
        self.advance(self.chance.choice([LEASE_S + 1, 1000, 3600, 9 * 3600]))
        self.faults["long time"] += 1

    def _skew(self) -> None:
        """The platform's clock jumps, to and fro."""
        self.skew = timedelta(seconds=self.chance.choice([0, 0, 40, -40, 1800, -600]))
        self.faults["clock jump"] += 1
        self._tell(f"skew {self.skew}")

    def _database_restarts(self) -> None:
        self._tell("database restarts")
        self.faults["database restart"] += 1
        self.databases.cut(self.url)
        self.db.close()
        self.db = Database(self.url)
        self._start_processes()

    def _make_lines(self, account: Account, count: int) -> None:
        chance = self.chance
        last = min(self.clock().date(), NOON.date() + self.grounds.world.clock.advanced)
        for _ in range(count):
            account.day = max(account.day, min(account.day + timedelta(days=chance.choice([0, 0, 0, 1, 5])), last))
            amount = Decimal(0) if chance.random() < 0.3 else Decimal(chance.randrange(-99_999, 99_999)).scaleb(-2)
            account.balance += amount
            name = f"{account.id}-{len(account.lines) + 1}"
            account.lines.append(Line(name, account.day.isoformat(), amount, account.balance))

    def _push(self, account: Account | None = None) -> None:
        account = account or self.chance.choice(self.accounts)
        if account.accepted == account.sent:
            self._make_lines(account, self.chance.choice([1, 1, 2, 5, 12, 30]))
        self._push_rest(account)

    def _push_rest(self, account: Account) -> None:
        """Everything not answered yet, now and then with what was sent before."""
        chance = self.chance
        first = account.accepted
        if self._waits_for_the_clock(account):
            return
        if not self.calm and first and chance.random() < 0.15:
            first -= chance.randrange(1, min(first, 10) + 1)
            self.faults["repeated push"] += 1
        batch = account.lines[first : self._end_of_batch(account)]
        minutes = chance.choice([1, 30]) if not self.calm and chance.random() < 0.05 else None
        end = first + len(batch)
        if not batch:
            return
        request = accept.PushRequest(
            account.company_id, account.connection_id, account.id, account.id,
            [Item(line, account.late.get(line.id)) for line in batch], minutes,
        )  # fmt: skip
        account.sent = max(account.sent, end)
        account.may_time_out |= minutes is not None
        try:
            push = self._survive(lambda: self._accepted(request))
        except Invalid as error:
            if any(flaw.field.startswith("transactions") for flaw in error.flaws):
                raise Bad(f"a good push was refused: {error}") from error
            self._tell(f"push of {account.id} refused: {error}")
            return
        if push is None:
            self.faults["push without answer"] += 1
            return
        account.accepted = max(account.accepted, end)
        account.operations.append((push.key, end))
        self._place_late(account)

    def _push_late(self) -> None:
        """A line of an earlier day, which no feed began after; the platform is to present it on the day it comes."""
        account = self.chance.choice(self.accounts)
        first_on = NOON.date() - timedelta(days=LATEST_START_DAYS)
        if self.skew or account.accepted != len(account.lines) or account.day <= first_on:
            return
        on = account.day - timedelta(days=self.chance.randrange((account.day - first_on).days) + 1)
        amount = Decimal(self.chance.randrange(1, 99_999)).scaleb(-2)
        account.balance += amount
        line = Line(f"{account.id}-{len(account.lines) + 1}", on.isoformat(), amount, account.balance)
        account.lines.append(line)
        account.late[line.id] = Late(on)
        self.faults["late line"] += 1
        self._tell(f"late line {line.id} of {on}")
        self._push_rest(account)

    def _waits_for_the_clock(self, account: Account) -> bool:
        """On which day a late line is presented is known for sure only while the platform's clock is right."""
        late = account.late.get(account.lines[account.accepted].id) if account.accepted < len(account.lines) else None
        if late is not None and not self.skew:
            late.asked.add(self.clock().date())
        return late is not None and bool(self.skew)

    def _end_of_batch(self, account: Account) -> int:
        """A late line goes alone, or behind lines that are known: its day is before theirs."""
        at = account.accepted
        rest = account.lines[at : at + 1000]
        if rest and rest[0].id in account.late:
            return at + 1
        return at + next((n for n, line in enumerate(rest) if line.id in account.late), len(rest))

    def _place_late(self, account: Account) -> None:
        """Where a late line stands is told by the platform; it must be a day on which it was asked to take it."""
        line = account.lines[account.accepted - 1]
        if line.id not in account.late or line.on != account.late[line.id].on.isoformat():
            return
        found = self._asked(lambda: late_queue.of_account(self.api, account.external_id)).lines
        (on,) = [each.presented_on for each in found if each.id == line.id]
        if on not in {max(day, account.day) for day in account.late[line.id].asked}:
            raise Bad(f"late line {line.id} stands on {on}, and was pushed on {account.late[line.id].asked}")
        account.day = on
        account.lines[account.accepted - 1] = replace(line, on=on.isoformat())

    def _accepted(self, request: accept.PushRequest) -> PushOperation:
        """As the API does it: begun without waiting where it can be."""
        begun = accept.begin(self.api, "api:sim", request)
        push = begun.end(begun.stored.result()) if begun else None
        return push or accept.accept(self.api, "api:sim", request)

    def _work(self) -> None:
        """One worker claims and moves on what it got; sometimes it dies before it begins."""
        at = self.chance.randrange(len(self.workers))
        world = self.workers[at]
        count = self.chance.choice([1, 2, 8])
        claims = self._survive(lambda: self._claim(world, f"w{at}", count))
        for claim in claims or []:
            if not self.calm and self.chance.random() < 0.02:
                self.faults["claimed and died"] += 1
                continue
            self._survive(lambda claim=claim: self._step(world, claim))
        self.grounds.rest()

    def _claim(self, world: World, owner: str, count: int) -> list[Claim]:
        now = self.clock()
        return world.db.write(lambda tx: feeds.claim_due(tx, owner, now, timedelta(seconds=LEASE_S), count))

    def _step(self, world: World, claim: Claim) -> None:
        parked = self.step(world, claim)
        if parked is not None:
            self._tell(f"parked: {parked.cause}")
            self.faults["parked"] += 1
            complain.report(world, parked)

    def _tend(self) -> None:
        world = self.chance.choice(self.workers)
        now = self.clock()
        self._survive(lambda: commit(world, TIMEOUTS, lambda tx: confirm.time_out_pushes(tx, now)))
        self._survive(lambda: authorise.report_due(world, now))
        self._survive(lambda: recover.check_reported(world))
        self.grounds.rest()

    # --- Sage and the wire ------------------------------------------------------------------------------------

    def _fault(self) -> None:
        chance = self.chance
        post, follow, query = "POST /v1/statements", "GET /v1/statements", "POST /v1/accountqueries"
        on, action, how = chance.choice(
            [
                (post, "cut_after", {}),
                (post, "cut_before", {}),
                (post, "fail", {}),
                (post, "fail", {"times": 9}),
                (post, "stuck", {}),
                (post, "status", {"status": 500}),
                (post, "status", {"status": 503}),
                (post, "status", {"status": 429}),
                (post, "status", {"status": 401}),
                (post, "status", {"status": 403}),
                (post, "status", {"status": 408}),
                (follow, "cut_after", {}),
                (follow, "status", {"status": 500}),
                (follow, "status", {"status": 429}),
                (follow, "status", {"status": 404}),
                (query, "status", {"status": 500}),
                ("POST /oauth/token", "status", {"status": 500}),
                ("PATCH /v1/authorisations", "cut_after", {}),
                ("PATCH /v1/authorisations", "status", {"status": 503}),
                ("notification", "duplicate", {}),
                ("notification", "cut_before", {}),
                ("notification", "cut_after", {}),
                ("notification", "status", {"status": 500}),
                ("N4", "drop", {}),
                ("N1", "drop", {}),
            ]
        )
        how = {"times": chance.randrange(1, 4), **how}
        if chance.random() < 0.2 and "oauth" not in on:
            how |= {"probability": 0.3, "seed": chance.randrange(1000), "times": 6}
        self.faults[f"{action} {how.get('status', '')} {on}"] += 1
        self._tell(f"fault {on} {action} {how}")
        self.grounds.judge.fault(on, action, **how)
        if action == "stuck" or chance.random() < 0.1:
            self._lift_later = True
        if getattr(self, "_lift_later", False) and chance.random() < 0.5:
            self._lift_later = False
            self.grounds.judge.send("DELETE", "/faults")

    def _wire_trouble(self) -> None:
        chance = self.chance
        if self.grounds.wire.late and chance.random() < 0.5:
            self._tell("late calls arrive")
            self.grounds.wire.deliver_late()
            return
        trouble = chance.choice(["lost", "no answer", "late", "twice", "unreachable"])
        self.faults[f"wire: {trouble}"] += 1
        self._tell(f"wire {trouble}")
        quiet = [""] * chance.randrange(3)
        self.grounds.wire.troubles += [*quiet, *[trouble] * chance.choice([1, 1, 1, 2, 6])]

    def _describe(self) -> None:
        """What is left, for whoever reads the story of a failure."""
        for account in self.accounts:
            for feed in self._live(account):
                self.story.append(str(feed))
            self.story.append(
                f"{account.id}: {account.accepted} of {len(account.lines)} lines accepted, {account.linked}"
            )
        self.story += [str(each) for each in self.grounds.judge.get("/bankaccounts")]
        self.story += [str(each) for each in self.grounds.judge.get("/notifications")][-6:]
        calls = self.grounds.judge.get("/calls")[-8:]
        self.story += [
            f"{each['method']} {each['url']} {each['status']} {each['responseBody'][:300]}" for each in calls
        ]

    # --- the end ------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """All troubles cease; what was begun is finished; everything accepted has to arrive."""
        self._tell("drain")
        self.calm = True
        wire = self.grounds.wire
        wire.troubles.clear()
        self.grounds.judge.send("DELETE", "/faults")
        wire.deliver_late()
        self.skew = timedelta(0)
        self.advance(1900)
        while self.paused:
            self._survive(self._go_on)
        while self._asked(lambda: quarantine.every(self.api)):
            self._survive(self._look)
        quiet = 0
        for _ in range(DRAIN_ROUNDS):
            busy = self._claim_and_step_all()
            quiet = 0 if busy else quiet + 1
            if quiet == len(CALM_WAITS_S):
                if self._all_linked_and_pushed():
                    return
                quiet = 0
            if quiet:
                self._unpark()
                self._tend()
            self.advance(0.5 if quiet == 0 else CALM_WAITS_S[quiet - 1])
        raise Bad("the platform does not come to rest")

    def _claim_and_step_all(self) -> int:
        world = self.workers[0]
        claims = self._asked(lambda: self._claim(world, "w0", 100))
        for claim in claims:
            self._survive(lambda claim=claim: self._step(world, claim))
        self.grounds.rest()
        return len(claims)

    def _all_linked_and_pushed(self) -> bool:
        """True if nothing was left to do."""
        done = True
        for account in self.accounts:
            if account.linked and self._needs_renewal(account):
                self._renewed(account)
                done = False
            done = self._all_heard_of(account) and done
            for who in sorted(account.wanted_by - set(account.linked)):
                self._link(account, who)
                done = False
            if account.accepted < len(account.lines):
                self._push_rest(account)
                done = False
        return done

    def _all_heard_of(self, account: Account) -> bool:
        """A link that Sage could not tell of in time, and that no account query finds, is made anew by its user."""
        known = {feed.bank_account_id for feed in self._live(account)}
        told = {n["resourceId"]: n["status"] for n in self.grounds.judge.get("/notifications") if n["name"] == "N2"}
        unheard = [who for who, bank_account in sorted(account.linked.items()) if bank_account not in known]
        for who in unheard:
            if told[account.linked[who]] == "delivered":
                raise Bad(f"the platform was told of {account.linked[who]} and has no feed for it")
            self.faults["linked anew, never heard of"] += 1
            self._disconnect(account, who)
        return not unheard

    def _judge(self) -> None:
        expected = {
            account.external_id: [line for line in account.lines if line.id not in account.skipped]
            for account in self.accounts
        }
        self.grounds.judge.expect(expected)
        verdict = self.grounds.judge.verdict()
        called = {account.external_id: account for account in self.accounts}
        offended = [each for each in verdict["accounts"] if each.get("firstOffence")]
        if bad := [_short(each) for each in offended if not reconciled.is_named(called[each["externalId"]], each)]:
            raise Bad(str(bad))
        if not verdict["clean"]:
            self.faults["gap in the balances, named"] += len(offended)
            if not offended:
                raise Bad(str(verdict))
        judged = {each["bankAccountId"] for each in verdict["accounts"]}
        for account in self.accounts:
            if not set(account.linked.values()) <= judged:
                raise Bad(f"{account.id} was never judged")
            for key, _ in account.operations:
                self._judge_push(account, key)
            reconciled.check(self.api, self.grounds.judge, account)

    def _judge_push(self, account: Account, key: str) -> None:
        status = pushes.get(self.api, account.company_id, key).status
        allowed = {PushStatus.success}
        if account.may_time_out:
            allowed.add(PushStatus.timed_out)
        if account.excused:
            allowed.add(PushStatus.failed)
        if status not in allowed:
            raise Bad(f"push {key} of {account.id} ended as {status}")


def _short(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: found[:3] if isinstance(found, list) else found for name, found in verdict.items() if found}
