"""Statement files through the API: taken, held, refused whole, and never twice."""

import gzip
import json
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from urllib.parse import quote

import pytest

from bankfeeds.flows import take_file, taken_files, trace
from bankfeeds.flows.accept import STORED_AT_ONCE_MAX
from bankfeeds.readers import original, read_drafts
from bankfeeds.web.statement_file import UNPACKED_BYTES_MAX

from ... import worlds
from ...readers.documents import Booked, bal, document, ntry, statement_of, stmt
from ...readers.swift import message

pytestmark = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
LINES = [
    Booked(date(2026, 2, 1), Decimal("-3.50"), "Coffee"),
    Booked(date(2026, 2, 1), Decimal("-3.50"), "Coffee"),
    Booked(date(2026, 2, 2), Decimal("20.00"), "Till"),
]


@pytest.fixture
def linked(world):
    made = worlds.make_account(world, sort_code="000099", number="31926819")
    worlds.link(world, made)
    return made


def send(site, linked, text, query="", account="acc-001", method="POST", **options):
    base = f"/companies/{linked.company_id}/connections/{linked.connection_id}"
    path = f"{base}/connectionInfo/bankFeedAccounts/{account}/statementFiles{query}"
    return site.call(method, path, text.encode() if isinstance(text, str) else text, **options)


def errors(answer):
    assert answer.status_code == 400
    return " ".join(each["message"] for each in answer.json()["validation"]["errors"])


def test_the_lines_of_a_file_become_a_push_operation(site, world, linked):
    text = document(statement_of(LINES))
    answer = send(site, linked, text, headers={"content-type": "application/xml"})
    assert answer.status_code == 200
    told = answer.json()
    (push,) = told.pop("pushOperations")
    assert told == {
        "id": told["id"],
        "sha256": sha256(text.encode()).hexdigest(),
        "accountNumber": "GB83DEMO00009931926819",
        "currency": "GBP",
        "proof": "proved",
        "lines": 3,
        "accepted": 3,
        "duplicates": 0,
        "late": [],
        "pending": 0,
        "warnings": [],
        "openingBalance": 100.0,
        "closingBalance": 113.0,
    }
    got = site.call("GET", f"/companies/{linked.company_id}/push/{push['pushOperationKey']}").json()
    assert got["status"] == "Pending"


def test_sent_again_or_in_another_format_it_adds_nothing(site, world, linked):
    send(site, linked, document(statement_of(LINES)))
    before = worlds.everything(world)["lines"]
    for text in (document(statement_of(LINES)), message([replace(one, text="other words") for one in LINES])):
        told = send(site, linked, text).json()
        assert (told["accepted"], told["duplicates"], told["pushOperations"]) == (0, 3, [])
    assert worlds.everything(world)["lines"] == before


def test_a_file_taken_is_on_record_with_the_pushes_it_became_and_known_when_it_comes_again(site, world, linked):
    now = world.clock().isoformat().replace("+00:00", "Z")
    text = message([replace(LINES[2], text=f"Till {number}") for number in range(1001)])
    first = send(site, linked, text, "?fileName=january%00.sta").json()
    other = send(site, linked, document(statement_of(LINES[:1], Decimal(0), "S0")), "?acceptUnproved=true&reason=ok")
    again = send(site, linked, text).json()
    assert again["takenBefore"] == {"id": first["id"], "at": now}
    listed = send(site, linked, None, method="GET").json()
    assert listed["totalResults"] == 3
    assert [each["id"] for each in listed["results"]] == [again["id"], other.json()["id"], first["id"]]
    assert listed["results"][2] == {
        "id": first["id"],
        "name": "january .sta",
        "format": "MT940",
        "sizeBytes": len(text.encode()),
        "sha256": first["sha256"],
        "takenAt": now,
        "takenBy": listed["results"][2]["takenBy"],
        "proof": "proved",
        "lines": 1001,
        "accepted": 1001,
        "duplicates": 0,
        "late": 0,
        "pending": 0,
        "pushOperationKeys": [each["pushOperationKey"] for each in first["pushOperations"]],
        "openingBalance": first["openingBalance"],
        "closingBalance": first["closingBalance"],
    }
    assert (listed["results"][0]["accepted"], listed["results"][0]["duplicates"]) == (0, 1001)
    assert len(send(site, linked, None, "?page=2&pageSize=2", method="GET").json()["results"]) == 1
    assert send(site, linked, None, method="GET", account="acc-009").status_code == 404


def test_died_between_two_transactions_the_record_says_what_never_came_and_the_file_taken_again_brings_it(
    world, linked
):
    lines, durable = 7500, 1000 * STORED_AT_ONCE_MAX
    text = message([replace(LINES[2], text=f"Till {number}") for number in range(lines)]).encode()
    deaths = iter([False, True])

    def die(point):
        if point == "accept: before store" and next(deaths):
            raise SystemExit

    def looked(in_world):
        file = original(BytesIO(text), "january.sta")
        return take_file.look(in_world, file, list(read_drafts(BytesIO(text))), take_file.by_number)

    (taking,) = take_file.put_down(world, "cli", looked(world))
    with pytest.raises(SystemExit):
        list(take_file.take(replace(world, crash=die), "cli", taking))
    (part,) = taken_files.get(world, taking.file_id).parts
    assert part.missing_keys == list(taking.push_keys[STORED_AT_ONCE_MAX:])

    (again,) = take_file.put_down(world, "cli", looked(world))
    assert (again.plan.sorted.known, len(again.plan.sorted.new)) == (durable, lines - durable)
    assert again.plan.taken_before == taken_files.get(world, taking.file_id).file
    pushes = list(take_file.take(world, "cli", again))
    assert [push.key for push in pushes] == list(again.push_keys)
    assert taken_files.get(world, again.file_id).is_whole
    assert len(worlds.everything(world)["lines"]) == lines
    line = again.plan.sorted.new[-1].id
    assert trace.line(world, f"{linked.connection_id}/acc-001", line).file == taken_files.get(world, again.file_id).file


def test_more_than_a_thousand_lines_are_several_push_operations(site, world, linked):
    many = [replace(LINES[2], text=f"Till {number}") for number in range(1500)]
    told = send(site, linked, message(many)).json()
    assert (told["accepted"], len(told["pushOperations"])) == (1500, 2)


def test_nothing_is_taken_of_what_is_refused(site, world, linked):
    before = worlds.everything(world)
    own = document(statement_of(LINES))
    assert "Stmt[1]/Ntry[1]/Amt" in errors(send(site, linked, own.replace(">3.50<", ">3,50<")))
    assert "this is no statement file" in errors(send(site, linked, "words"))
    assert "the file is empty" in errors(send(site, linked, b""))
    assert "without any account" in errors(send(site, linked, "01,A,B,260201,0800,1,80,1,2/\n99,0,0,2/\n"))
    assert "the file names GB00OTHER" in errors(send(site, linked, message(LINES, account="GB00OTHER00000000000001")))
    assert "bankfeeds csv-profile" in errors(send(site, linked, "Date,Amount\n2026-02-01,1.00\n"))
    assert "must be one of" in errors(send(site, linked, own, "?encoding=klingon"))
    assert send(site, linked, own, account="acc-999").status_code == 404
    assert worlds.everything(world) == before


def test_a_file_that_its_balances_do_not_prove_is_held_until_somebody_says_why(site, world, linked):
    wrong = document(
        stmt(bal("OPBD", "100"), bal("CLBD", "90"), ntry("10.00", booked="<BookgDt><Dt>2026-02-01</Dt></BookgDt>"))
    )
    before = worlds.everything(world)
    assert "money in and money out are mixed up" in errors(send(site, linked, wrong))
    assert "held" in errors(send(site, linked, wrong, "?acceptUnproved=true"))
    assert worlds.everything(world) == before
    told = send(site, linked, wrong, "?acceptUnproved=true&reason=checked%20by%20hand").json()
    assert told["accepted"] == 1
    assert any(action == "file.accept_unproved" for _, action, _ in worlds.audited(world))


def test_rehearsed_it_stores_nothing(site, world, linked):
    before = worlds.everything(world)
    told = send(site, linked, document(statement_of(LINES)), "?dryRun=true").json()
    assert (told["accepted"], told["pushOperations"]) == (3, [])
    assert worlds.everything(world) == before


def test_lines_that_come_too_late_are_named_and_left_out(site, world, linked):
    send(site, linked, document(statement_of(LINES[2:])))
    told = send(site, linked, document(statement_of(LINES[:2], name="S0"))).json()
    assert (told["accepted"], len(told["late"])) == (0, 2)


def test_a_packed_file_is_taken_and_one_that_unpacks_to_too_much_is_refused(site, world, linked):
    packed = gzip.compress(document(statement_of(LINES)).encode())
    assert send(site, linked, packed).json()["accepted"] == 3
    assert send(site, linked, document(statement_of(LINES))).json()["duplicates"] == 3
    noise = f"<!--{random.Random(7).randbytes(5_000).hex()}-->"
    text = document(statement_of(LINES)).replace("<Stmt>", noise * (UNPACKED_BYTES_MAX // len(noise) + 1) + "<Stmt>")
    before = worlds.everything(world)
    assert f"more than {UNPACKED_BYTES_MAX} bytes" in errors(send(site, linked, gzip.compress(text.encode())))
    assert worlds.everything(world) == before


def test_of_a_damaged_file_the_statements_before_the_damage_are_taken_if_that_is_asked_for(site, world, linked):
    second = statement_of([Booked(date(2026, 2, 3), Decimal("1.00"), "Till")], name="S2", opening=Decimal("113.00"))
    damaged = document(statement_of(LINES), second.replace(">1.00<", ">1,00<"))
    before = worlds.everything(world)
    assert "Stmt[2]/Ntry[1]/Amt" in errors(send(site, linked, damaged))
    assert "is no statement file" in errors(send(site, linked, "words", "?partial=true"))
    assert worlds.everything(world) == before

    told = send(site, linked, damaged, "?partial=true").json()

    assert (told["accepted"], "Stmt[2]/Ntry[1]/Amt" in told["damage"]) == (3, True)
    told = send(site, linked, document(statement_of(LINES), second)).json()
    assert (told["accepted"], told["duplicates"], "damage" in told) == (1, 3, False)


def test_csv_is_read_by_the_profile_that_comes_with_it(site, world, linked):
    text = "Date,Text,Amount,Balance\n2026-02-01,Coffee,-3.50,96.50\n2026-02-02,Till,20.00,116.50\n"
    profile = {"columns": {"date": "Date", "description": ["Text"], "amount": "Amount", "balance": "Balance"}}
    asked = quote(json.dumps({**profile, "date_order": "ymd", "decimal": "."}))

    told = send(site, linked, text, f"?profile={asked}").json()

    assert (told["accepted"], told["proof"], told["currency"]) == (2, "proved", "GBP")
    before = worlds.everything(world)
    for wrong in ("{", quote(json.dumps({"columns": {"date": 1}})), quote(json.dumps(profile))):
        answer = send(site, linked, text, f"?profile={wrong}")
        assert answer.json()["validation"]["errors"][0]["itemId"] == "profile", answer.text
    assert worlds.everything(world) == before


def test_a_file_with_a_line_of_the_future_is_refused_whole_however_many_pushes_it_makes(site, world, linked):
    many = [replace(LINES[2], text=f"Till {number}") for number in range(1500)]
    before = worlds.everything(world)
    assert "2026-03-01 is in the future" in errors(
        send(site, linked, message([*many, replace(LINES[2], on=date(2026, 3, 1))]))
    )
    assert worlds.everything(world) == before


def ofx(lines, closing, on="20260210"):
    entries = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{line.on:%Y%m%d}<TRNAMT>{line.amount}<FITID>F{line.text}<MEMO>{line.text}</STMTTRN>"
        for line in lines
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\nCHARSET:NONE\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        f"<CURDEF>GBP<BANKACCTFROM><BANKID>000099<ACCTID>31926819<ACCTTYPE>CHECKING</BANKACCTFROM><BANKTRANLIST>{entries}"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{closing}<DTASOF>{on}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n"
    )


def day(number, amount):
    return Booked(date(2026, 2, number), Decimal(amount), f"Day {number}")


def test_a_file_that_only_closes_is_proved_by_what_was_accepted_before_and_the_first_one_by_nobody(site, world, linked):
    first = [day(1, "-3.50"), day(2, "20.00")]
    assert "held" in errors(send(site, linked, ofx(first, "266.50"))), "no balance was ever known by a line"
    assert send(site, linked, ofx(first, "266.50"), "?acceptUnproved=true&reason=checked").json()["proof"] == "unproved"

    told = send(site, linked, ofx([*first, day(3, "-6.50")], "260.00")).json()

    assert (told["proof"], told["accepted"], told["duplicates"], told["warnings"]) == ("proved", 1, 2, [])


@pytest.mark.parametrize(
    ("amount", "closing", "proof", "words"),
    [
        ("-6.50", "261.00", "unproved", "the last balance accepted, 266.50, and the new lines come to 260.00"),
        ("6.50", "260.00", "failed", "money in and money out are mixed up"),
    ],
)
def test_a_file_that_only_closes_and_does_not_fit_what_was_accepted_before_is_held(
    site, world, linked, amount, closing, proof, words
):
    first = [day(1, "-3.50"), day(2, "20.00")]
    send(site, linked, ofx(first, "266.50"), "?acceptUnproved=true&reason=checked")
    before = worlds.everything(world)

    answer = send(site, linked, ofx([*first, day(3, amount)], closing))

    assert words in errors(answer)
    seen = send(site, linked, ofx([*first, day(3, amount)], closing), "?dryRun=true&acceptUnproved=true&reason=checked")
    assert seen.json()["proof"] == proof
    assert worlds.everything(world) == before
