"""Where webhooks do not go, whoever asks and however the address is spelled; and TLS, which is always verified."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.target import may_reach, url_flaw
from bankfeeds.domain.webhook import ConsumerDraft, checked, checked_headers
from bankfeeds.domain.webhook_delivery import Answered, Parcel
from bankfeeds.webhooks.receivers import HttpReceivers

from .receiving import Receiver, receiving

NEVER = (
    "169.254.169.254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",  # noqa: S104 - not bound to
    "::",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::127.0.0.1",
    "fec0::1",  # addresses of a site, before fc00::/7
    "168.63.129.16",  # public in form, and answered by the cloud's own host
    "fd00:ec2::254",
    "not an address",
)
PRIVATE = (
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "fd00::1",
)
PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called(address: str) -> None:
    assert not may_reach(address, allows_private=False)
    assert not may_reach(address, allows_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_called_only_where_the_setting_allows_it(address: str) -> None:
    assert not may_reach(address, allows_private=False)
    assert may_reach(address, allows_private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address: str) -> None:
    assert may_reach(address, allows_private=False)
    assert may_reach(address, allows_private=True)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_called_is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if may_reach(str(address), allows_private=False):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/hook",
        "https://",
        "https:///hook",
        "ftp://bank.example",
        "https://user:secret@bank.example/hook",
        "https://bank.example/hook#part",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://10.0.0.1:8443/",
        "https://bank.example:99999/",
        "https://bank.example/" + "a" * 2048,
        "https://bank.example/a b",
        "https://bank.example/\r\nx-injected: 1",
        "https://bänk.example/",
        "",
    ],
)
def test_an_address_that_is_none_or_leads_inside_is_refused_where_it_is_given(url: str) -> None:
    assert url_flaw(url, allows_private=False)
    with pytest.raises(Invalid, match="url"):
        checked(ConsumerDraft(url, ["company.created"]), allows_private=False)


def test_headers_that_are_ours_or_break_out_are_refused() -> None:
    for name, value in [
        ("Webhook-Id", "1"),
        ("svix-signature", "1"),
        ("Host", "a"),
        ("Content-Length", "1"),
        ("x\r\ny", "1"),
        ("x", "1\r\ny: 2"),
        ("x", "é"),
        ("", "1"),
    ]:
        with pytest.raises(Invalid, match="headers"):
            checked_headers({name: value})
    with pytest.raises(Invalid, match="at most 10"):
        checked_headers({f"x-{n}": "1" for n in range(11)})
    assert checked_headers({"Authorization": "Bearer 1"}) == {"authorization": "Bearer 1"}


def post(url: str, *, allows_private: bool, **options: Any) -> Answered:
    async def run() -> Answered:
        receivers = HttpReceivers(lambda: datetime.now(UTC), allows_private=allows_private, timeout_s=5.0, **options)
        try:
            return await receivers.post(Parcel(url, "msg_1", b"{}", ("whsec_c2VjcmV0",), {}))
        finally:
            await receivers.close()

    return asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_a_name_that_leads_inside_is_not_called_however_it_is_spelled(receiver: Receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    refused = post(url, allows_private=False)
    assert refused.status_code is None
    assert (refused.error or "").startswith("refused by us: ")
    assert receiver.connections == 0
    assert post(url, allows_private=True).is_success


def test_a_name_with_one_address_inside_is_not_called_at_all(receiver: Receiver) -> None:
    async def theirs(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    answered = post(receiver.url.replace("127.0.0.1", "rebound.example"), allows_private=False, resolve=theirs)
    assert (answered.error or "").startswith("refused by us: rebound.example leads to 127.0.0.1")
    assert receiver.connections == 0


def test_a_name_is_resolved_once_and_what_was_judged_is_what_is_called(receiver: Receiver) -> None:
    """A name server that says something else the second time gains nothing."""
    asked: list[str] = []

    async def theirs(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    assert post(url, allows_private=True, resolve=theirs).is_success
    assert asked == ["rebinding.example"]
    assert receiver.got[0].headers["host"] == url.split("/")[2]


def test_a_name_that_is_not_found_and_a_port_where_nobody_is_are_failures() -> None:
    assert post("https://nobody.invalid/hook", allows_private=False).error == "nobody.invalid is not found"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/", allows_private=True).status_code is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of `localhost`, signed by itself: certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "key.pem").write_bytes(private)
    return directory / "cert.pem", directory / "key.pem"


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> Generator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with receiving(context) as running:
        yield running


def test_a_certificate_that_nobody_trusts_is_a_failure_and_one_for_the_name_is_not(
    encrypted: Receiver, certificate: tuple[Path, Path]
) -> None:
    named = encrypted.url.replace("127.0.0.1", "localhost")
    untrusted = post(named, allows_private=True)
    assert untrusted.status_code is None
    assert "certificate" in (untrusted.error or "").lower()
    trust = ssl.create_default_context(cafile=certificate[0])
    assert post(named, allows_private=True, trust=trust).is_success
    wrong_name = post(encrypted.url, allows_private=True, trust=trust)
    assert wrong_name.status_code is None
    assert len(encrypted.got) == 1


def test_one_that_answers_something_else_than_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-nothing\r\n")

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        answered = post(f"http://127.0.0.1:{listener.getsockname()[1]}/", allows_private=True)
        thread.join(10)
    assert answered.status_code is None
    assert answered.error


def test_one_that_drips_its_answer_is_cut_off_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                while not over.wait(0.2):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        answered = post(f"http://127.0.0.1:{listener.getsockname()[1]}/", allows_private=True)
        over.set()
        thread.join(10)
    assert answered.error == "no answer within 5 s"
