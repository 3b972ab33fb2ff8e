"""Source accounts: made one by one or in a batch, listed, changed, deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from bankfeeds.domain.account_draft import BATCH_MAX, AccountDraft, balance_flaw, check, name_flaw, opened_on
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict, Invalid, NotFound, Refusal, one_flaw
from bankfeeds.domain.source_account import AccountEvent, AccountStatus, SourceAccount, next_status
from bankfeeds.flows import announce, feeds
from bankfeeds.flows import connections as connection_flows
from bankfeeds.flows.context import World
from bankfeeds.store import audit, connections, source_accounts
from bankfeeds.store import feeds as feed_rows
from bankfeeds.store.engine import Read, Write


@dataclass(frozen=True, slots=True)
class AccountChange:
    """None leaves as it is. `status` may only be `disconnected`, or what it is already."""

    id: str | None = None
    name: str | None = None
    status: str | None = None
    balance: Decimal | None = None


@dataclass(slots=True)
class Taken:
    """What the accounts of a connection use up; the connection's lock keeps it true."""

    ids: set[str]
    identifiers: dict[str, str]


def create(world: World, actor: str, company_id: str, connection_id: str, draft: AccountDraft) -> SourceAccount:
    """Conflict if the id is taken; Invalid if the draft is no account."""
    now = world.clock()
    check(draft)

    def run(tx: Write) -> SourceAccount:
        connection_flows.lock(tx, company_id, connection_id)
        account = _insert(tx, drafted(world, company_id, connection_id, draft, now), taken_of(tx, connection_id))
        audit.record(tx, AuditEntry(now, actor, "source_account.create", _subject(account)))
        return account

    return world.db.write(run)


def create_batch(
    world: World, actor: str, company_id: str, connection_id: str, drafts: Sequence[AccountDraft]
) -> list[SourceAccount | Refusal]:
    """Each on its own, in order: the account made, or why not. Invalid if the batch as a whole is none."""
    now = world.clock()
    _check_batch(drafts)

    def run(tx: Write) -> list[SourceAccount | Refusal]:
        connection_flows.lock(tx, company_id, connection_id)
        taken = taken_of(tx, connection_id)
        results: list[SourceAccount | Refusal] = []
        for draft in drafts:
            try:
                check(draft)
                results.append(_insert(tx, drafted(world, company_id, connection_id, draft, now), taken))
            except Refusal as refusal:
                results.append(refusal)
        made = [result.id for result in results if isinstance(result, SourceAccount)]
        if made:
            entry = AuditEntry(
                now, actor, "source_account.create_batch", f"connection:{connection_id}", detail={"ids": made}
            )
            audit.record(tx, entry)
        return results

    return world.db.write(run)


def every(world: World, company_id: str, connection_id: str) -> list[SourceAccount]:
    """In the order they were made."""

    def read(tx: Read) -> list[SourceAccount]:
        if connections.find(tx, company_id, connection_id) is None:
            raise connection_flows.unknown(connection_id)
        return _with_starts(tx, source_accounts.of_connection(tx, connection_id))

    return world.db.read(read)


def get(world: World, company_id: str, connection_id: str, account_id: str) -> SourceAccount:
    def read(tx: Read) -> SourceAccount:
        if connections.find(tx, company_id, connection_id) is None:
            raise connection_flows.unknown(connection_id)
        account = source_accounts.find(tx, company_id, connection_id, account_id)
        if account is None:
            raise unknown(account_id)
        return _with_starts(tx, [account])[0]

    return world.db.read(read)


def update(
    world: World, actor: str, company_id: str, connection_id: str, account_id: str, change: AccountChange
) -> SourceAccount:
    """Never reaches the account in Sage; disconnecting closes its feeds."""
    now = world.clock()

    def run(tx: Write) -> SourceAccount:
        account = _find_and_lock(tx, company_id, connection_id, account_id)
        changed = _changes(account, change, now)
        if not changed:
            return _with_starts(tx, [account])[0]
        if account.status is AccountStatus.connected and "status" in changed:
            feeds.close_feeds(tx, account, now, "source account disconnected", actor)
        elif "status" in changed:
            announce.account_moved(tx, account, changed["status"], now)
        source_accounts.update(tx, account.pk, **changed)
        entry = AuditEntry(now, actor, "source_account.update", _subject(account), detail={"fields": sorted(changed)})
        audit.record(tx, entry)
        return _with_starts(tx, [replace(account, **changed)])[0]

    return world.db.write(run)


def delete(world: World, actor: str, company_id: str, connection_id: str, account_id: str) -> None:
    """The account in Sage stays; its feed stops."""
    now = world.clock()

    def run(tx: Write) -> None:
        account = _find_and_lock(tx, company_id, connection_id, account_id)
        if account.status is AccountStatus.connected:
            feeds.close_feeds(tx, account, now, "source account deleted", actor)
        source_accounts.mark_deleted(tx, [account.pk], now)
        audit.record(tx, AuditEntry(now, actor, "source_account.delete", _subject(account)))

    world.db.write(run)


def _with_starts(tx: Read, accounts: Sequence[SourceAccount]) -> list[SourceAccount]:
    starts = feed_rows.starts(tx, [account.pk for account in accounts])
    return [replace(account, requested_start_on=starts.get(account.pk)) for account in accounts]


def unknown(account_id: str) -> NotFound:
    return NotFound("source_account", f"Source account {account_id} was not found")


def _check_batch(drafts: Sequence[AccountDraft]) -> None:
    if not drafts:
        raise Invalid("batch", "the batch is empty; send at least one source account")
    if len(drafts) > BATCH_MAX:
        raise Invalid("batch", f"the batch has {len(drafts)} source accounts; send at most {BATCH_MAX} at a time")
    if len({draft.version for draft in drafts}) > 1:
        raise Invalid("batch", "the batch mixes v1 and v2 source accounts; send all of one version")


def _find_and_lock(tx: Write, company_id: str, connection_id: str, account_id: str) -> SourceAccount:
    connection_flows.lock(tx, company_id, connection_id)
    account = source_accounts.find_and_lock(tx, company_id, connection_id, account_id)
    if account is None:
        raise unknown(account_id)
    return account


def _changes(account: SourceAccount, change: AccountChange, now: datetime) -> dict[str, Any]:
    """Columns to set, empty if nothing changes."""
    changed: dict[str, Any] = {}
    if change.id is not None and change.id != account.id:
        raise one_flaw("id", f"differs from the account in the path, {account.id!r}; an id never changes")
    if change.name is not None and change.name != account.name:
        if flaw := name_flaw(change.name):
            raise one_flaw("accountName", flaw)
        changed["name"] = change.name
    if change.status is not None and change.status != account.status:
        if change.status != AccountStatus.disconnected:
            raise one_flaw("status", "can only be set to disconnected; Sage's user connects accounts")
        changed["status"] = next_status(account.status, AccountEvent.disconnected)
    if change.balance is not None and change.balance != account.balance:
        if account.status is AccountStatus.connected:
            raise one_flaw("balance", "cannot be set on a connected account; it follows its transactions")
        if flaw := balance_flaw(change.balance, account.currency):
            raise one_flaw("balance", flaw)
        changed |= {"balance": change.balance, "balance_at": now}
    return changed | {"modified_at": now} if changed else changed


def drafted(world: World, company_id: str, connection_id: str, draft: AccountDraft, now: datetime) -> SourceAccount:
    info = replace(draft.info, opened_on=opened_on(draft)) if draft.info else None
    return SourceAccount(
        pk=0,
        external_id=world.ids.external_id(),
        company_id=company_id,
        connection_id=connection_id,
        id=draft.id or "",
        version=draft.version,
        name=draft.name,
        type=draft.type,
        number=draft.number,
        sort_code=draft.sort_code,
        currency=draft.currency,
        balance=draft.balance,
        balance_at=None if draft.balance is None else now,
        modified_at=now,
        status=AccountStatus.pending,
        routing=draft.routing,
        info=info,
        info_at=now if info and info.available_balance is not None else None,
    )


def taken_of(tx: Read, connection_id: str) -> Taken:
    present = source_accounts.of_connection(tx, connection_id)
    return Taken({account.id for account in present}, {account.identifier: account.id for account in present})


def claim(account: SourceAccount, taken: Taken) -> None:
    """From here on it counts among what is taken; refused if its id or its number is already."""
    if account.id in taken.ids:
        raise Conflict("account_id_taken", f"id: {account.id!r} is already used on this connection")
    namesake = taken.identifiers.get(account.identifier)
    if namesake is not None:
        raise one_flaw(
            "accountNumber",
            f"is that of account {namesake!r} on this connection, sort or bank code included; "
            "Sage tells accounts apart by it",
        )
    taken.ids.add(account.id)
    taken.identifiers[account.identifier] = account.id


def _insert(tx: Write, account: SourceAccount, taken: Taken) -> SourceAccount:
    claim(account, taken)
    pk = source_accounts.insert(tx, account, account.modified_at)
    return replace(account, pk=pk)


def _subject(account: SourceAccount) -> str:
    return f"source_account:{account.connection_id}/{account.id}"
