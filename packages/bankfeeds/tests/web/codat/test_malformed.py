"""Malformed requests over a raw socket, to the protocol as it is served: never a 500, never a hang, memory bounded."""

import gc
import json
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import uvicorn

from bankfeeds.app.protocol import HEAD_BYTES_MAX, BoundedProtocol

from ... import worlds

GIVES_UP_AFTER_S = 1.0
PATIENCE_S = 30
EXTRA_BYTES_MAX = 50 * 1024 * 1024


class HastyProtocol(BoundedProtocol):
    head_s = GIVES_UP_AFTER_S


@pytest.fixture
def raw(world):
    """The platform behind the protocol that it is served with, in more of a hurry."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(4) as pool:
        server = worlds.Server(f"http://127.0.0.1:{listener.getsockname()[1]}", pool)
        config = uvicorn.Config(server, http=HastyProtocol, ws="none", log_config=None, lifespan="off")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with server.serving(world, body_s=GIVES_UP_AFTER_S) as site:
            yield site
        running.should_exit = True
        thread.join(PATIENCE_S)


@contextmanager
def connected(site):
    host, port = site.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        yield connection


def answers(site, *parts):
    """All that comes back until the server hangs up; whatever cannot be sent any more is not."""
    with connected(site) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass
        return heard(connection)


def heard(connection):
    told = b""
    try:
        while part := connection.recv(65536):
            told += part
    except ConnectionResetError:
        pass
    return told


def head(site, *headers, line="POST /companies HTTP/1.1"):
    lines = [line, "Host: feeds.example", f"Authorization: {site.authorization}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunked(*chunks):
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
DEEP = b"[" * 100_000
BODIES = {
    "deep nesting": b'{"name": ' + DEEP,
    "deep nesting of objects": b'{"tags":' * 50_000 + b"1" + b"}" * 50_000,
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "an escaped NUL": b'{"name": "\\u0000"}',
    "no JSON": b"name=Harbour",
    "half of it": b'{"name": "Har',
    "a byte order mark": b'\xef\xbb\xbf{"name": "Harbour"}',
    "UTF-16": '{"name": "Harbour"}'.encode("utf-16"),
    "a number too large": b'{"name": 1e999999999}',
    "a number too long": b'{"name": ' + b"9" * 100_000 + b"}",
    "an array for an object": b"[1, 2]",
    "null": b"null",
    "a very long name": json.dumps({"name": "x" * 1_000_000}).encode(),
    "many tags": json.dumps({"name": "x", "tags": {str(n): "" for n in range(20_000)}}).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_makes_no_sense_is_refused(raw, body):
    told = answers(raw, head(raw, JSON, f"Content-Length: {len(body)}"), body)
    assert told.startswith(b"HTTP/1.1 400 "), told[:200]
    assert raw.call("GET", "/companies").json()["totalResults"] == 0


def test_of_a_member_given_twice_the_last_counts(raw):
    body = b'{"name": "First", "name": "Last"}'
    told = answers(raw, head(raw, JSON, f"Content-Length: {len(body)}"), body)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert raw.call("GET", "/companies").json()["results"][0]["name"] == "Last"


FRAMES = {
    "no length of a chunk": b"\r\nx\r\n",
    "a length that is no number": b"xyz\r\nabc\r\n0\r\n\r\n",
    "a length below nothing": b"-5\r\nabcde\r\n0\r\n\r\n",
    "a length past all bounds": b"fffffffffffffffff\r\nabc\r\n",
    "a chunk longer than it says": b"3\r\nabcdefgh\r\n0\r\n\r\n",
    "extensions without end": b"3;" + b"x" * (HEAD_BYTES_MAX * 4),
    "trailers without end": b"0\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1000) for n in range(200)),
}


@pytest.mark.parametrize("body", FRAMES.values(), ids=FRAMES)
def test_bad_chunking_is_refused_or_hung_up_on(raw, body):
    told = answers(raw, head(raw, JSON, CHUNKED), body)
    assert told[:13] in {b"", b"HTTP/1.1 400 ", b"HTTP/1.1 408 "}, told[:200]
    assert raw.call("GET", "/companies").json()["totalResults"] == 0


HEADS = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "binary": bytes(range(256)) * 10,
    "a version that nobody speaks": b"GET / HTTP/9.9\r\n\r\n",
    "a space in a header's name": b"GET /companies HTTP/1.1\r\nBad Name: x\r\n\r\n",
    "a NUL in a header": b"GET /companies HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    "two lengths": b"POST /companies HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST /companies HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is no number": b"POST /companies HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    "a length below nothing": b"POST /companies HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a header without end": b"GET /companies HTTP/1.1\r\nX: " + b"a" * (HEAD_BYTES_MAX * 4),
    "headers without end": b"GET /companies HTTP/1.1\r\n" + b"X: y\r\n" * HEAD_BYTES_MAX,
    "an address without end": b"GET /" + b"a" * (HEAD_BYTES_MAX * 4),
    "a head that stops": b"GET /companies HTTP/1.1\r\nHost: feeds",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", HEADS.values(), ids=HEADS)
def test_a_head_that_makes_no_sense_is_refused_or_hung_up_on(raw, sent):
    told = answers(raw, sent)
    assert told[:13] in {b"", b"HTTP/1.1 400 ", b"HTTP/1.1 401 "}, told[:200]
    assert raw.call("GET", "/companies").status_code == 200


PATHS = {
    "escapes that are no UTF-8": "/companies/%ff%fe",
    "half an escape": "/companies/%",
    "a NUL": "/companies/%00",
    "dots": "/companies/../../etc/passwd",
    "a query of NULs": "/companies?query=%00%00",
    "a query nested too deep": "/companies?query=" + "{" * 1000,
    "a page past all bounds": "/companies?page=99999999999999999999",
    "tags that are none": "/companies?tags==&&",
    "raw bytes": "/companies/\xff\xfe",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_an_address_that_makes_no_sense_is_refused(raw, path):
    told = answers(raw, head(raw, line=f"GET {path} HTTP/1.1"))
    assert told[:13] in {b"HTTP/1.1 400 ", b"HTTP/1.1 404 "}, told[:200]


def test_a_body_that_does_not_come_is_given_up_and_says_so(raw):
    started = time.monotonic()
    told = answers(raw, head(raw, JSON, "Content-Length: 100"), b'{"name"')
    assert told.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started >= GIVES_UP_AFTER_S


def test_a_body_that_comes_a_byte_at_a_time_is_given_up_too(raw):
    with connected(raw) as connection:
        connection.sendall(head(raw, JSON, "Content-Length: 100000"))
        try:
            for _ in range(PATIENCE_S * 20):
                connection.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            return
        pytest.fail("the server has more patience than it says")


def test_a_flood_of_bad_requests_takes_little_memory(raw):
    """In this very process, which is the server too."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = b'{"name": ' + DEEP
    for _ in range(20):
        answers(raw, head(raw, JSON, f"Content-Length: {len(body)}"), body)
        answers(raw, b"GET /companies HTTP/1.1\r\nX: " + b"a" * 5_000_000)
        answers(raw, head(raw, JSON, CHUNKED), chunked(b" " * worlds.BODY_BYTES_MAX, b"x"))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) * 1024 < EXTRA_BYTES_MAX
