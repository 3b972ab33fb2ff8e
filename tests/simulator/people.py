"""The people of a simulation: users of Sage who link and unlink, operators who pause, skip and send again."""

from datetime import timedelta
from typing import Any

from grounds import NOON
from lives import LISTING, OPERATOR, WHY, Account, Life

from bankfeeds.domain.errors import Conflict, NotFound, Refusal
from bankfeeds.domain.feed import FeedStatus
from bankfeeds.flows import (
    authorise,
    operate,
    pausing,
    quarantine,
    reauthorise,
)
from bankfeeds.store import feeds
from bankfeeds.store import source_accounts as stored_accounts


class People(Life):
    # --- users of Sage ------------------------------------------------------------------------------------------

    def _users_act(self) -> None:
        chance = self.chance
        account = chance.choice(self.accounts)
        who = chance.randrange(2)
        if account.unheard:
            account.unheard = not self._live(account)
            return
        missing = [each for each in sorted(account.wanted_by) if each not in account.linked]
        if missing:
            self._link(account, missing[0])
        elif who not in account.wanted_by and not account.skipped:
            account.wanted_by.add(who)
            self.faults["second company"] += 1
            self._link(account, who)
        elif who in account.linked and chance.random() < 0.35 and not account.skipped:
            self._disconnect(account, who)
            if chance.random() < 0.5:
                self._link(account, who)

    def _link(self, account: Account, who: int) -> None:
        """From Connect Bank to a new bank account in Sage. May come to nothing; then it is tried again another time."""
        user, chance = self.users[who], self.chance
        authorised = self._authorised(account)
        if who not in authorised or chance.random() < 0.4:
            user.connect_bank()
            self.grounds.rest()
            state = self.grounds.judge.get("/authorisations")[-1]["state"]
            for _ in range(1 if not self.calm else 3):
                try:
                    self._survive(lambda: self._vouch(account, state))
                except Refusal as error:
                    self._tell(f"not authorised: {error}")
                self.advance(3)
                self._tend()
            if who not in self._authorised(account):
                return
        if (
            not self.calm
            and not account.linked
            and chance.random() < (0.6 if "recover" in " ".join(self.fated) else 0.1)
        ):
            self.faults["lost BankAccountCreated"] += 1
            self.grounds.judge.fault("BankAccountCreated", "drop", times=1)
            account.unheard = True
        start = NOON.date() - timedelta(days=chance.choice([60, 38, 20]))
        offered = authorised.get(who) or self._authorised(account)[who]
        account.linked[who] = user.add(offered, start.isoformat())
        account.ever_linked += 1
        self._tell(f"company {who} links {account.id} from {start}: {account.linked[who]}")
        self.grounds.rest()

    def _vouch(self, account: Account, state: str) -> object:
        return authorise.bind_by_api(self.api, "api:sim", account.company_id, account.connection_id, state, None)

    def _authorised(self, account: Account) -> dict[int, dict[str, Any]]:
        """By company: what Sage was told of the account."""
        found: dict[int, dict[str, Any]] = {}
        for candidate in self.grounds.world.book.candidates.values():
            if candidate.external_id == account.external_id:
                who = next(i for i, user in enumerate(self.users) if candidate.company_id in user._path)
                found[who] = {
                    "accountName": candidate.account_name,
                    "accountKey": candidate.candidate_id,
                    "accountIdentifier": candidate.account_identifier,
                    "bankIdentifier": candidate.bank_identifier,
                    "branchIdentifier": candidate.branch_identifier,
                }
        return found

    def _disconnect(self, account: Account, who: int) -> None:
        user, bank_account = self.users[who], account.linked.pop(who)
        self._tell(f"company {who} disconnects {account.id}: {bank_account}")
        self.faults["disconnected"] += 1
        account.excused = True
        answer = user._call("DELETE", f"{user._path}/bankaccounts/{bank_account}")
        assert answer.status_code == 204, answer.text
        self.grounds.rest()

    # --- operators ----------------------------------------------------------------------------------------------

    def _operators_act(self) -> None:
        usual = [self._pause, self._go_on, self._unpark, self._unpark, self._resend, self._renew]
        act = self.chance.choice([*usual, self._hold, self._hold, self._hold, self._look])
        try:
            self._survive(act)
        except (Conflict, NotFound) as error:
            self._tell(f"operator: {error}")

    def _pause(self) -> None:
        account = self.chance.choice(self.accounts)
        target = self.chance.choice(
            [
                pausing.Target(),
                pausing.Target(listing=LISTING),
                pausing.Target(company=account.company_id),
                pausing.Target(account=account.external_id),
            ]
        )
        self.faults["paused"] += 1
        pausing.pause(self.api, OPERATOR, target, WHY)
        self.paused.append(target)

    def _go_on(self) -> None:
        while self.paused:
            pausing.resume(self.api, OPERATOR, self.paused[0], WHY)
            self.paused.pop(0)

    def _hold(self) -> None:
        """One of the last pushes of an account, mostly one that has just come."""
        account = self.chance.choice(self.accounts)
        if self.chance.random() < 0.7:
            self._push(account)
        if account.operations:
            key, _ = self.chance.choice(account.operations[-2:])
            quarantine.hold(self.api, OPERATOR, key, WHY)
            self.faults["held in quarantine"] += 1
            self._tell(f"holds {key} of {account.id}")

    def _look(self) -> None:
        """Everything in quarantine is released or dropped."""
        for held in self._asked(lambda: quarantine.every(self.api)):
            account = next(each for each in self.accounts if each.external_id == held.external_id)
            lines = {line.id for line in account.lines[held.first_seq - 1 : held.last_seq]}
            if self.chance.random() < 0.8 and self._may_be_left_out(account, lines):
                self._drop(account, held.push_key, lines)
            else:
                quarantine.release(self.api, OPERATOR, held.push_key, WHY)
                self.faults["released from quarantine"] += 1

    def _drop(self, account: Account, push: str, lines: set[str]) -> None:
        """The database may go after it took it: then too it is dropped."""
        self._survive(lambda: quarantine.drop(self.api, OPERATOR, push, WHY))
        if self._asked(lambda: quarantine.of_push(self.api, push)) is None:
            self.faults["dropped in quarantine"] += 1
            self._tell(f"drops {push} of {account.id}: {sorted(lines)}")
            account.skipped |= lines
            account.excused = True

    def _may_be_left_out(self, account: Account, lines: set[str]) -> bool:
        """Where no bank account that is gone may have had them, and Sage has none of them, nor gets them any more."""
        self.grounds.wire.deliver_late()
        in_sage = {line for bank_account in account.linked.values() for line in self._in_sage(bank_account)}
        return account.ever_linked == len(account.linked) and not lines & in_sage

    def _live(self, account: Account) -> list[Any]:
        def read(tx: Any) -> list[Any]:
            found = stored_accounts.by_external_id(tx, account.external_id)
            return [] if found is None else feeds.live_of_account(tx, found.pk)

        return self._asked(lambda: self.api.db.read(read))

    def _unpark(self) -> None:
        for account in self.accounts:
            for feed in self._live(account):
                if feed.status is FeedStatus.parked:
                    self._decide(account, feed)

    def _decide(self, account: Account, feed: Any) -> None:
        """Skips a line worth nothing now and then, where no other bank account has to have it and a look into Sage shows
        that it did not arrive with a statement whose answer was lost (seed 1257); else resumes.
        """
        line = account.lines[feed.parked_seq - 1] if feed.parked_seq is not None else None
        nobody_else_waits = account.ever_linked == 1 and account.wanted_by <= account.linked.keys()
        is_alone = nobody_else_waits and not self.grounds.wire.late and not self.depth
        is_worthless = not self.calm and line is not None and line.amount == 0 and is_alone
        if is_worthless and self.chance.random() < 0.6 and line.id not in self._in_sage(feed.bank_account_id):
            self.faults["skipped"] += 1
            operate.skip(self.api, OPERATOR, feed.bank_account_id, line.id, WHY)
            account.skipped.add(line.id)
            account.excused = True
            return
        self.faults["resumed"] += 1
        operate.resume(self.api, OPERATOR, feed.bank_account_id, WHY)

    def _in_sage(self, bank_account_id: str) -> set[str]:
        return {each["uniqueId"] for each in self.grounds.judge.get("/transactions", bankAccountId=bank_account_id)}

    def _resend(self) -> None:
        account = self.chance.choice(self.accounts)
        for feed in self._live(account):
            if feed.cursor:
                self.faults["resent"] += 1
                line = account.lines[self.chance.randrange(feed.cursor)]
                operate.resend(self.api, OPERATOR, feed.bank_account_id, line.id, WHY)

    def _renew(self) -> None:
        """An account is authorised again, at once or only in the end."""
        account = self.chance.choice(self.accounts)
        if not account.linked:
            return
        self.faults["reauthorised"] += 1
        if not self._needs_renewal(account):
            reauthorise.ask(self.api, OPERATOR, account.external_id, WHY)
        for _ in range(4):
            self._work()
            self.advance(2)
        self._renewed(account)

    def _needs_renewal(self, account: Account) -> bool:
        def read(tx: Any) -> Any:
            return stored_accounts.by_external_id(tx, account.external_id)

        found = self._asked(lambda: self.api.db.read(read))
        return found is not None and found.needs_reauthorisation

    def _renewed(self, account: Account) -> None:
        """The user goes through Sage's renewal, on behalf of any of its bank accounts."""
        who, bank_account = min(account.linked.items())
        user = self.users[who]
        answer = user._call("GET", f"{user._path}/bankaccounts/{bank_account}/indirectauth?web=true")
        if answer.status_code != 302:
            self._tell(f"no renewal: {answer.text}")
            return
        self.grounds.rest()
        state = self.grounds.judge.get("/authorisations")[-1]["state"]
        try:
            self._survive(lambda: self._vouch(account, state))
        except Refusal as error:
            self._tell(f"not renewed: {error}")
