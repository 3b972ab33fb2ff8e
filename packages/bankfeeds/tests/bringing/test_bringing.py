"""`import-codat` from one platform to another over HTTP: what arrives, what does not, and what is left alone."""

from dataclasses import replace
from datetime import date

import httpx2
import pytest
import sqlalchemy as sa

from bankfeeds.domain.bringing import Verdict
from bankfeeds.domain.connection import Connection, ConnectionStatus
from bankfeeds.flows import companies, connections, source_accounts
from bankfeeds.flows.bring import Order
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.flows.source_accounts import AccountChange
from bankfeeds.store import companies as company_rows
from bankfeeds.store import connections as connection_rows
from bankfeeds.store import feeds as feed_rows
from bankfeeds.store import tables as t
from bankfeeds.store import tables_webhooks as w

from .. import worlds
from .conftest import customers, one, picture

CUT_OVER = date(2026, 2, 10)
ALL = Order(CUT_OVER)
both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)


class Died(BaseException):
    """The process ends here."""


def verdicts(report, kind):
    return {verdict.value: report.counts[kind, verdict] for verdict in Verdict if report.counts[kind, verdict]}


def why(report, name):
    return next(each.why for each in report.troubles if each.name == name)


@both
def test_companies_connections_and_accounts_arrive_with_their_ids_and_all_that_is_told_of_them(move):
    made = customers(move.theirs)
    report = move.bring(ALL)

    assert report.is_whole
    there, here = picture(move.theirs), picture(move.ours)
    assert {id_: view[0] for id_, view in here.items()} == {id_: view[0] for id_, view in there.items()}
    for company_id, (_, theirs) in there.items():
        ours = here[company_id][1]
        assert {id_: x[0].created_at for id_, x in ours.items()} == {id_: x[0].created_at for id_, x in theirs.items()}
        for connection_id, (_, accounts) in theirs.items():
            for account_id, account in accounts.items():
                arrived = ours[connection_id][1][account_id]
                expected = replace(
                    account,
                    pk=arrived.pk,
                    external_id=arrived.external_id,
                    status=arrived.status,
                    feed_start_on=None,
                    cut_over_on=CUT_OVER,
                )
                assert arrived == expected
    assert [verdicts(report, kind) for kind in ("company", "connection", "account")] == [
        {"new": 3},
        {"new": 3},
        {"new": 4},
    ]
    assert len({account.external_id for account in all_accounts(move.ours)}) == len(made)


def all_accounts(world):
    return [
        account
        for _, theirs in picture(world).values()
        for _, accounts in theirs.values()
        for account in accounts.values()
    ]


@both
def test_nothing_is_linked_here_before_its_user_links_it_again_and_the_report_says_whom_to_ask(move):
    bakery, _, mill, gone = customers(move.theirs)
    report = move.bring(ALL)

    here = picture(move.ours)
    statuses = {
        made.company_id: here[made.company_id][1][made.connection_id][0].status for made in (bakery, mill, gone)
    }
    assert statuses == {
        bakery.company_id: ConnectionStatus.pending_auth,
        mill.company_id: ConnectionStatus.pending_auth,
        gone.company_id: ConnectionStatus.unlinked,
    }
    assert why(report, f"{bakery.company_id}/{bakery.connection_id}") == "Linked there, PendingAuth here"
    assert [account.status.value for account in here[bakery.company_id][1][bakery.connection_id][1].values()] == [
        "pending",
        "pending",
    ]
    assert here[gone.company_id][1][gone.connection_id][1]["acc-001"].status.value == "disconnected"
    assert [(each.company_id, each.connection_id, each.account_ids) for each in report.relinks] == [
        (bakery.company_id, bakery.connection_id, ("acc-001",))
    ]
    assert move.ours.db.read(lambda tx: tx.rows(sa.select(t.feeds))) == []


@both
def test_imported_again_nothing_changes(move):
    customers(move.theirs)
    move.bring(ALL)
    before = worlds.everything(move.ours)
    report = move.bring(Order(date(2027, 1, 1)))

    after = worlds.everything(move.ours)
    assert {**after, "audit": None} == {**before, "audit": None}
    assert report.is_whole
    assert verdicts(report, "account") == {"there": 4}


def test_the_other_server_is_only_read(move):
    customers(move.theirs)
    before = worlds.everything(move.theirs)
    move.bring(ALL)
    assert {request.method for request in move.wire.seen} == {"GET"}
    assert worlds.everything(move.theirs) == before


def test_a_dry_run_says_the_same_and_stores_nothing(move):
    customers(move.theirs)
    before = worlds.everything(move.ours)
    rehearsed = move.bring(replace(ALL, dry_run=True))
    assert worlds.everything(move.ours) == before
    assert rehearsed == move.bring(ALL)


@both
def test_cut_off_anywhere_and_run_again_it_ends_as_if_it_had_not_been(move):
    customers(move.theirs)
    for last in range(1, 5):

        def die(number, _request, last=last):
            if number == last:
                raise Died

        move.wire.seen.clear()
        move.wire.before = die
        with pytest.raises(Died):
            move.bring(ALL)
    half = len(picture(move.ours))
    move.wire.before = lambda number, request: None
    assert move.bring(ALL).is_whole
    assert half == 2
    assert set(picture(move.ours)) == set(picture(move.theirs))
    assert len(all_accounts(move.ours)) == 4


def test_after_a_cut_only_what_is_new_need_be_asked_for(move):
    bakery, _, mill, _ = customers(move.theirs)
    move.bring(Order(CUT_OVER, only=(bakery.company_id,)))
    move.wire.seen.clear()
    report = move.bring(replace(ALL, only_new=True))
    assert report.is_whole
    assert not [path for path in move.asked() if bakery.connection_id in path]
    assert [path for path in move.asked() if mill.connection_id in path]


@both
def test_what_is_here_with_another_content_is_left_as_it_is_and_told(move):
    bakery, _, mill, gone = customers(move.theirs)
    move.bring(ALL)
    companies.update(move.ours, "test", bakery.company_id, CompanyDraft("Harbour Bakery Group", None, {"region": "ie"}))
    source_accounts.update(
        move.ours, "test", mill.company_id, mill.connection_id, "acc-001", AccountChange(name="Mine")
    )
    source_accounts.delete(move.ours, "test", bakery.company_id, bakery.connection_id, "acc-001")
    companies.delete(move.ours, "test", gone.company_id)
    before = picture(move.ours)
    report = move.bring(ALL)

    assert not report.is_whole
    assert picture(move.ours) == before
    assert why(report, bakery.company_id) == "is here with another name and tags; it was left as it is here"
    assert why(report, f"{mill.connection_id}/acc-001") == "is here with another name; it was left as it is here"
    assert why(report, f"{bakery.connection_id}/acc-001") == "was deleted here; what was deleted is not brought back"
    assert why(report, gone.company_id) == "was deleted here; what was deleted is not brought back"


def test_a_connection_that_is_another_company_s_here_is_left_there(move):
    company_id, connection_id = one(move.theirs)
    other = companies.create(move.ours, "test", CompanyDraft("Other", None, None)).company
    foreign = replace(other, id="99999999-9999-4999-8999-999999999999")
    move.ours.db.write(lambda tx: company_rows.insert(tx, foreign))
    theirs = Connection(connection_id, foreign.id, ConnectionStatus.pending_auth, move.ours.clock())
    move.ours.db.write(lambda tx: connection_rows.insert(tx, theirs))
    report = move.bring(ALL)
    assert why(report, f"{company_id}/{connection_id}") == f"here it is one of company {foreign.id}"
    assert connections.get(move.ours, foreign.id, connection_id) == theirs


def test_accounts_made_there_since_are_brought_by_the_next_run(move):
    bakery, *_ = customers(move.theirs)
    move.bring(ALL)
    worlds.add_account(move.theirs, bakery.company_id, bakery.connection_id, "acc-003")
    report = move.bring(ALL)
    assert verdicts(report, "account") == {"new": 1, "there": 4}
    assert len(all_accounts(move.ours)) == 5


@both
def test_what_breaks_a_rule_here_is_refused_alone_and_named(move):
    bakery, *_ = customers(move.theirs)

    def spoil(_number, request):
        if not request.url.path.endswith("bankFeedAccounts") or bakery.connection_id not in request.url.path:
            return None
        accounts = [
            {"id": "a", "accountName": "No currency", "accountNumber": "1"},
            {"id": "b", "accountName": "Good", "accountNumber": "2", "currency": "USD"},
            {"id": "c", "accountName": "Same number", "accountNumber": "2", "currency": "USD"},
            {"id": "b", "accountName": "Twice", "accountNumber": "3", "currency": "USD"},
            {"id": "d\u0000", "accountName": "NUL", "accountNumber": "4", "currency": "USD"},
            {"id": "e", "accountNumber": "5", "currency": "USD", "routingInfo": {"type": "telepathy"}},
        ]
        return httpx2.Response(200, json=accounts)

    move.wire.before = spoil
    report = move.bring(ALL)
    assert not report.is_whole
    assert list(picture(move.ours)[bakery.company_id][1][bakery.connection_id][1]) == ["b"]
    assert why(report, f"{bakery.connection_id}/a").startswith("currency: is missing")
    assert "is that of account 'b'" in why(report, f"{bakery.connection_id}/c")
    assert why(report, f"{bakery.connection_id}/b") == "id: 'b' is already used on this connection"
    assert "NUL" in why(report, f"{bakery.connection_id}/d\0")
    assert "routingInfo.type" in why(report, f"{bakery.connection_id}/e")
    assert verdicts(report, "company") == {"new": 3}


def test_companies_that_are_connected_to_others_only_are_left_out(move):
    company_id, connection_id = one(move.theirs)
    page = {
        "results": [
            {
                "id": company_id.upper(),
                "name": "Mill (Ltd)",
                "created": "2024-01-02T03:04:05.1234567",
                "dataConnections": [
                    {"id": connection_id, "integrationKey": "gbol", "status": "Linked"},
                    {"id": connection_id.replace("0", "a"), "sourceId": "98432954-a4fa-4640-a685-3af56909002a"},
                ],
            },
            {"id": "11111111-1111-4111-8111-111111111111", "dataConnections": [{"id": "x", "integrationKey": "hcws"}]},
            {"id": "22222222-2222-4222-8222-222222222222", "name": "New", "tags": None, "description": None},
            {"id": "acme", "name": "Acme"},
        ],
        "totalResults": 4,
    }

    def answer(_number, request):
        return httpx2.Response(200, json=page) if request.url.path == "/companies" else None

    move.wire.before = answer
    report = move.bring(ALL)
    here = picture(move.ours)
    assert [view[0].name for view in here.values()] == ["New", "Mill Ltd"]
    assert here[company_id][0].created_at.isoformat() == "2024-01-02T03:04:05.123456+00:00"
    assert why(report, company_id) == "its name is 'Mill Ltd' here"
    assert why(report, f"{company_id}/{connection_id}") == "is one to gbol"
    assert why(report, "11111111-1111-4111-8111-111111111111") == "is connected to hcws only"
    assert why(report, "acme") == "id: is no UUID"


@both
def test_nobody_hears_of_it_by_webhook_and_the_audit_trail_has_who_and_from_where(move):
    bakery, *_ = customers(move.theirs)
    move.bring(ALL)
    assert move.ours.db.read(lambda tx: tx.rows(sa.select(w.webhook_outbox))) == []
    rows = move.ours.db.read(lambda tx: tx.rows(sa.select(t.audit).order_by(t.audit.c.pk)))
    assert [(row.actor, row.action) for row in rows] == [("operator:ada", "company.import")] * 3 + [
        ("operator:ada", "codat.import")
    ]
    assert rows[0].subject == f"company:{bakery.company_id}"
    assert rows[0].detail == {
        "from": move.url,
        "connections": [bakery.connection_id],
        "accounts": [f"{bakery.connection_id}/acc-001", f"{bakery.connection_id}/acc 1/é"],
        "cutOverOn": "2026-02-10",
    }
    assert rows[-1].detail == {"company.new": 3, "connection.new": 3, "account.new": 4, "cutOverOn": "2026-02-10"}


@both
def test_an_imported_account_that_is_linked_sends_nothing_from_before_its_cut_over(move):
    bakery, *_ = customers(move.theirs)
    move.bring(ALL)
    account = source_accounts.get(move.ours, bakery.company_id, bakery.connection_id, "acc-001")
    worlds.link(move.ours, replace(bakery, account_pk=account.pk), "sage-9", start_on="2026-01-01")
    (feed,) = move.ours.db.read(lambda tx: feed_rows.live_of_account(tx, account.pk))
    assert feed.start_on == CUT_OVER
    assert connections.get(move.ours, bakery.company_id, bakery.connection_id).status is ConnectionStatus.linked


def test_an_import_of_named_companies_brings_these_and_names_those_that_are_not_there(move):
    _, _, mill, _ = customers(move.theirs)
    nobody = "99999999-9999-4999-8999-999999999999"
    report = move.bring(Order(CUT_OVER, only=(mill.company_id, nobody, mill.company_id)))
    assert list(picture(move.ours)) == [mill.company_id]
    assert verdicts(report, "company") == {"new": 1, "refused": 1}
    assert "404" in why(report, nobody)
    assert move.asked()[0] == f"GET /companies/{mill.company_id}"
