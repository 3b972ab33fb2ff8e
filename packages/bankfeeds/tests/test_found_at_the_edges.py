"""Faults at the edges that a hostile reading found: keys, accounts, amounts, logs, clients, databases."""

import io
import random
import socket
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace as N

import httpx2
import pytest
import structlog

from bankfeeds import logs
from bankfeeds.domain.columns import read_columns
from bankfeeds.domain.errors import Forbidden, Invalid, NotFound, Refusal
from bankfeeds.domain.listing import AmountUnit
from bankfeeds.domain.source_account import AccountStatus, SourceAccount, shown_names
from bankfeeds.domain.transaction import TextLimits, read_lines
from bankfeeds.flows import accept, keys, listings, source_accounts
from bankfeeds.sage import translate
from bankfeeds.sage.client import Client, NoReply, Reply, _exchange
from bankfeeds.store import tables as t
from bankfeeds.store.engine import Database

from . import worlds


def raw(amount, line_id="t-1"):
    return N(
        id=line_id,
        date="2026-02-01",
        amount=amount,
        balance=b"1.00",
        description="Flour",
        transactionType=None,
        counterparty=None,
        reference=None,
    )


def test_exponent_text_of_a_four_decimal_currency_is_no_whole_number():
    assert translate._amounts(["1.5E+3"], "CLF", AmountUnit.minor) == [15_000_000]


def test_both_ways_of_reading_refuse_the_same_lengths():
    text = b"1." + b"0" * 100_000
    assert read_lines([raw(text)], 2, TextLimits()).flaws
    assert read_columns([raw(text)], 2, TextLimits()) is None


def test_two_accounts_never_look_the_same_in_sages_picker():
    def account(pk, **differing):
        fixed = {
            "external_id": f"e{pk}",
            "company_id": "c",
            "connection_id": "x",
            "id": str(pk),
            "version": 2,
            "name": "Trading",
            "type": "checking",
            "number": "10201234",
            "sort_code": None,
            "currency": "GBP",
            "balance": None,
            "balance_at": None,
            "modified_at": worlds.NOON,
            "status": AccountStatus.pending,
        }
        return SourceAccount(pk=pk, **{**fixed, **differing})

    for pair in (
        [account(1), account(2, number="99991234")],
        [account(1, name=None, number=None), account(2, name=None, number=None)],
    ):
        assert len(set(shown_names(pair).values())) == 2


def test_a_long_account_number_is_refused_by_its_field(new_postgresql):
    chance = random.Random(1)
    text = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(500))
    with (
        worlds.opened_world(worlds.migrated(new_postgresql()), worlds.MovableClock()) as world,
        pytest.raises(Invalid) as refusal,
    ):
        worlds.make_account(world, number=text, sort_code=text[::-1])
    assert {flaw.field for flaw in refusal.value.flaws} == {"accountNumber", "sortCode"}


def test_a_zero_with_a_huge_exponent_is_refused_as_an_accounts_balance(new_postgresql):
    with worlds.opened_world(worlds.migrated(new_postgresql()), worlds.MovableClock()) as world, pytest.raises(Invalid):
        worlds.make_account(world, balance=Decimal("0e-20000"))


def test_a_key_revoked_elsewhere_stops_though_it_is_used_twice_a_second(tmp_path):
    url = worlds.migrated(f"sqlite:///{tmp_path / 'b.db'}")
    clock = worlds.MovableClock()
    with worlds.opened_world(url, clock) as server, worlds.opened_world(url, clock) as cli:
        key, secret = keys.create(cli, "op", "bank")
        keys.verify(server, secret)
        keys.revoke(cli, "op", key.id)
        for _ in range(20):  # ten seconds
            clock.forward(seconds=0.5)
            try:
                keys.verify(server, secret)
            except Forbidden:
                return
        raise AssertionError("still let in ten seconds after its revocation")


def test_a_person_does_not_wait_for_a_workers_token():
    """The token service takes connections and says nothing; a worker waits for it while a person's call comes."""
    with socket.create_server(("127.0.0.1", 0)) as silent, httpx2.Client() as http:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        listing = N(token_url=f"{url}/t", provider_url=url, client_id="c", audience="a")
        client = Client(listing, lambda: N(client_secret="s", api_key="k"), http, lambda: datetime.now(UTC))
        worker = threading.Thread(target=client.call, args=("POST", "/v1/statements", b"{}", 5.0), daemon=True)
        worker.start()
        connection, _ = silent.accept()
        with connection:
            started = time.monotonic()
            answer = client.call("PATCH", "/v1/authorisations/x", b"{}", 1.0)
            took = time.monotonic() - started
        worker.join(10)
    assert isinstance(answer, NoReply)
    assert not answer.sent
    assert took < 3


def test_an_answer_that_drips_ends_in_time():
    with socket.create_server(("127.0.0.1", 0)) as server, httpx2.Client() as http:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        answers = []
        caller = threading.Thread(
            target=lambda: answers.append(_exchange(http, "GET", url, {}, None, 1.0)), daemon=True
        )
        caller.start()
        connection, _ = server.accept()
        with connection:
            connection.recv(9999)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
            deadline = time.monotonic() + 5
            while caller.is_alive() and time.monotonic() < deadline:
                try:
                    connection.sendall(b" ")
                except OSError:
                    break
                caller.join(0.3)
        caller.join(5)
    assert isinstance(answers[0], NoReply)


def test_a_write_to_a_database_that_cannot_be_opened_fails_and_does_not_hang(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'no' / 'where.db'}")
    out = []

    def go():
        try:
            out.append(db.write(lambda tx: 1))
        except BaseException as e:  # noqa: BLE001 - whatever it is, the writer heard of it
            out.append(e)

    th = threading.Thread(target=go, daemon=True)
    th.start()
    th.join(5)
    assert out, "the write hangs"


def test_nul_in_the_listings_name_is_no_bug_on_postgresql(new_postgresql):
    with worlds.opened_world(worlds.migrated(new_postgresql()), worlds.MovableClock()) as w, pytest.raises(NotFound):
        listings.get(w, "a\0b")


def test_a_push_to_an_account_made_anew_is_accepted_when_sent_again(tmp_path):
    with worlds.opened_world(worlds.migrated(f"sqlite:///{tmp_path / 'b.db'}"), worlds.MovableClock()) as w:
        made = worlds.make_account(w)
        worlds.link(w, made, "sage-1", "2026-01-01")

        def push(i, amount="1.00"):
            item = raw(amount.encode(), i)
            return accept.accept(
                w, "t", accept.PushRequest(made.company_id, made.connection_id, "acc-001", "acc-001", [item])
            )

        push("t-1")
        source_accounts.delete(w, "t", made.company_id, made.connection_id, "acc-001")
        again = worlds.add_account(w, made.company_id, made.connection_id, "acc-001", currency="KWD")
        worlds.link(w, again, "sage-2", "2026-01-01")
        answers = []
        for _n in range(3):
            try:
                push("t-2", "1.125")
                answers.append("ok")
            except Refusal as e:
                answers.append(str(e))
        assert "ok" in answers


def test_a_database_error_logs_no_bound_values(tmp_path):
    with worlds.opened_world(worlds.migrated(f"sqlite:///{tmp_path / 'b.db'}"), worlds.MovableClock()) as w:
        out = io.StringIO()
        logs.set_up("info", "json", out)
        values = {"id": "x", "name": "n", "digest": "DIGEST-OF-A-KEY", "hint": "h", "created_at": worlds.NOON}
        try:
            for _ in range(2):
                w.db.write(lambda tx: tx.run(t.api_keys.insert().values(**values)))
        except Exception:  # noqa: BLE001 - as the endpoint does
            structlog.get_logger("bankfeeds.web").exception("bug")
    assert "DIGEST-OF-A-KEY" not in out.getvalue()


class H(BaseHTTPRequestHandler):
    def do_POST(self):
        b = b'{"access_token":"t"}'
        self.send_response(200)
        self.send_header("content-length", str(len(b)))
        self.end_headers()
        self.wfile.write(b)

    def log_message(self, *a):
        pass


def test_a_key_that_no_header_can_carry_is_an_answer_not_a_crash():
    s = ThreadingHTTPServer(("127.0.0.1", 0), H)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{s.server_port}"
    with httpx2.Client() as http:
        c = Client(
            N(token_url=url, provider_url=url, client_id="c", audience="a"),
            lambda: N(client_secret="s", api_key="clé"),
            http,
            lambda: datetime.now(UTC),
        )
        r = c.call("POST", "/v1/statements", b"{}")
    s.shutdown()
    s.server_close()
    assert isinstance(r, (Reply, NoReply))
