"""The audit trail, read: newest first, by who, what and whom, a page at a time, with an index on both databases."""

import re
from pathlib import Path

import pytest

import bankfeeds
from bankfeeds.domain.audit import AuditEntry, AuditFilter
from bankfeeds.domain.errors import Invalid
from bankfeeds.flows import auditing
from bankfeeds.flows.auditing import ENTRIES_PER_PAGE, entries
from bankfeeds.store import audit
from bankfeeds.store import tables as t
from bankfeeds.web.portal.audit import KINDS

from .. import worlds

on_both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


@pytest.fixture
def write(world, clock):
    def write(action, actor="operator:ann", subject="company:1", reason=None, **detail):
        clock.forward(seconds=1)
        entry = AuditEntry(clock(), actor, action, subject, reason, detail)
        world.db.write(lambda tx: audit.record(tx, entry))
        return entry

    return write


@on_both
def test_the_newest_comes_first_and_pushes_only_if_they_are_asked_for(world, write):
    first = write("company.create", reason="a new customer", name="Harbour Bakery")
    push = write("push.accept", actor="api:nightly", subject="source_account:acc-001", lines=3)
    last = write("feed.skip", subject="feed:ba-1", reason="a test")

    assert entries(world, AuditFilter()).entries == [last, first]
    assert entries(world, AuditFilter(with_pushes=True)).entries == [last, push, first]


@on_both
def test_it_is_read_by_who_by_what_and_by_whom(world, write):
    made = write("company.create")
    skipped = write("feed.skip", actor="operator:bob", subject="feed:ba-1")
    opened = write("feed.open", actor="sage:default", subject="feed:ba-1")
    write("feedback.note")

    assert entries(world, AuditFilter(actor="operator:ann", action="company")).entries == [made]
    assert entries(world, AuditFilter(action="feed")).entries == [opened, skipped]
    assert entries(world, AuditFilter(action="feed.skip")).entries == [skipped]
    assert entries(world, AuditFilter(subject="feed:ba-1")).entries == [opened, skipped]
    assert entries(world, AuditFilter(actor="nobody")).entries == []
    assert entries(world, AuditFilter(action="%")).entries == []


@on_both
def test_pushes_are_found_beside_the_acts_of_one_actor_or_on_one_subject(world, write):
    made = write("company.create", actor="api:nightly", subject="account:1")
    push = write("push.accept", actor="api:nightly", subject="account:1")
    write("push.accept", actor="api:other", subject="account:2")
    write("company.create", actor="operator:ann", subject="account:2")

    for wanted in (
        AuditFilter(actor="api:nightly", with_pushes=True),
        AuditFilter(subject="account:1", with_pushes=True),
        AuditFilter(actor="api:nightly", subject="account:1", with_pushes=True),
    ):
        assert entries(world, wanted).entries == [push, made]
    assert entries(world, AuditFilter(action="push", with_pushes=True)).entries[1] == push
    assert entries(world, AuditFilter(action="company", actor="api:nightly", with_pushes=True)).entries == [made]


@on_both
def test_pushes_of_one_actor_are_looked_for_among_the_newest_entries(world, write):
    act = write("company.create", actor="api:nightly")
    write("push.accept", actor="api:nightly")
    world.db.write(
        lambda tx: tx.run(
            t.audit.insert().values(
                pk=audit.PUSHES_LOOKED_THROUGH + 100, at=worlds.NOON, actor="x", action="y.z", subject="s"
            )
        )
    )
    assert entries(world, AuditFilter(actor="api:nightly", with_pushes=True)).entries == [act]


def test_pages_follow_each_other_without_a_gap_while_new_ones_come(world, write):
    written = [write("company.update") for _ in range(ENTRIES_PER_PAGE + 1)]

    first = entries(world, AuditFilter())
    write("company.update")
    second = entries(world, AuditFilter(), first.before)

    assert [*first.entries, *second.entries] == written[::-1]
    assert (len(first.entries), second.before) == (ENTRIES_PER_PAGE, None)


@pytest.mark.parametrize("field", ["actor", "action", "subject"])
@pytest.mark.parametrize("text", ["x" * 201, "a\0b", "\ud800"])
def test_a_text_that_no_entry_can_have_is_refused_by_name(world, field, text):
    with pytest.raises(Invalid, match=f"{field}: is at most 200"):
        auditing.entries(world, AuditFilter(**{field: text}))


@on_both
def test_the_newest_page_is_found_by_its_index_among_many_pushes(world, clock):
    pushes = [{"at": clock(), "actor": "api:x", "action": "push.accept", "subject": f"a:{n}"} for n in range(5000)]
    query = "SELECT * FROM audit WHERE audit.action <> 'push.accept' ORDER BY pk DESC LIMIT 51"
    explain = "EXPLAIN " if world.db.is_postgresql else "EXPLAIN QUERY PLAN "

    def plan(tx):
        tx.connection.execute(t.audit.insert(), pushes)
        tx.connection.exec_driver_sql("ANALYZE audit")
        return str(tx.connection.exec_driver_sql(explain + query).fetchall())

    assert "ix_audit_newest" in world.db.write(plan)


def test_every_kind_of_entry_that_the_program_writes_can_be_asked_for():
    source = Path(bankfeeds.__file__).parent
    written = {
        kind
        for folder in ("flows", "app", "work")
        for module in (source / folder).rglob("*.py")
        for kind in re.findall(r"AuditEntry\([^()]*?f?\"([a-z_]+)\.[a-z_{]+", module.read_text(encoding="utf-8"))
    }
    assert len(written) > 8
    assert written - {"push"} <= set(KINDS)
