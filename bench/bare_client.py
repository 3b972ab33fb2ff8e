"""The bound of delivery: a client that does nothing but post statements encoded beforehand and ask until they are done.

`python -m bench.bare_client` reads a Job as JSON from standard input and writes {"statements", "seconds"}. As Sage
requires: one statement in flight per bank account, and each is asked after until Sage has finished it.
"""

import asyncio
import json
import subprocess
import sys
import time
from urllib.parse import urlencode, urlsplit

import msgspec
import uvloop

from bench.lines import Push
from bench.seeding import Sage, bank_account_id

SIZE = 1000


class Job(msgspec.Struct):
    """Accounts `first_account` and on, each with the statements numbered from `first` on."""

    sage: Sage
    first_account: int
    accounts: int
    first: int
    statements: int
    connections: int


class Done(msgspec.Struct):
    statements: int
    seconds: float


def statement_body(bank_id: str, account: int, number: int) -> bytes:
    """As the platform would say it."""
    principal = bank_account_id(account)
    rows = Push(number, SIZE).rows()
    cents = [int(row[2] * 100) for row in rows]
    day = f"{rows[-1][1]}T10:00:00.000Z"
    balance = int(rows[-1][3] * 100)
    data = {
        "principalId": principal,
        "bankId": bank_id,
        "expected": {
            "transactionDetailsCount": len(rows), "accountDetailsCount": 1,
            "transactionCreditSum": sum(c for c in cents if c > 0),
            "transactionDebitSum": sum(c for c in cents if c < 0),
        },
        "accountDetails": [{
            "bankAccountId": principal, "status": "active",
            "balances": {"ledgerBalance": balance, "ledgerBalanceDate": day, "availableBalance": balance,
                         "availableBalanceDate": day},
        }],
        "transactionDetails": [
            {
                "uniqueId": line_id, "bankAccountId": principal, "transactionAmount": amount,
                "transactionType": kind.upper(), "transactionStatus": "posted", "datePosted": f"{on}T10:00:00.000Z",
                "description": text, **({"referenceNumber": ref} if ref else {}),
                **({"payee": {"payeeDescription": party}} if party else {}),
            }
            for (line_id, on, _, _, kind, text, party, ref), amount in zip(rows, cents, strict=True)
        ],
    }  # fmt: skip
    return msgspec.json.encode({"data": data})


class _Wire:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: str) -> None:
        self.reader, self.writer, self.headers = reader, writer, headers

    async def call(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> tuple[int, bytes]:
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{self.headers}Content-Type: {kind}\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = next(int(line[15:]) for line in answer.split(b"\r\n") if line.startswith(b"content-length:"))
        return int(answer[9:12]), await self.reader.readexactly(length)


async def _open(url: str, headers: str = "") -> _Wire:
    at = urlsplit(url)
    return _Wire(*await asyncio.open_connection(at.hostname, at.port, limit=2**22), headers)


async def _token(sage: Sage) -> str:
    wire = await _open(sage.token_url)
    form = {
        "grant_type": "client_credentials", "client_id": sage.client_id, "client_secret": sage.client_secret,
        "audience": sage.audience,
    }  # fmt: skip
    _, body = await wire.call(
        "POST", urlsplit(sage.token_url).path, urlencode(form).encode(), "application/x-www-form-urlencoded"
    )
    return json.loads(body)["access_token"]


async def _deliver(wire: _Wire, path: str, queues: list[list[bytes]]) -> None:
    """Account after account in turn: post, then ask until it is finished."""
    for bodies in queues:
        for body in bodies:
            status, answer = await wire.call("POST", path, body)
            assert status == 201, answer[:300]
            found = msgspec.json.decode(answer)["data"]
            while found["status"] != "completed":
                status, answer = await wire.call("GET", f"{path}/{found['_id']}")
                assert status == 200, answer[:300]
                found = msgspec.json.decode(answer)["data"]
                assert found["status"] != "failed", answer[:300]


async def _run(job: Job) -> Done:
    numbers = range(job.first_account, job.first_account + job.accounts)
    per_account = range(job.first, job.first + job.statements)
    queues = [[statement_body(job.sage.bank_id, account, n) for n in per_account] for account in numbers]
    headers = f"Authorization: Bearer {await _token(job.sage)}\r\nX-Api-Key: {job.sage.api_key}\r\n"
    wires = [await _open(job.sage.provider_url, headers) for _ in range(job.connections)]
    path = urlsplit(job.sage.provider_url).path + "/v1/statements"
    started = time.perf_counter()
    await asyncio.gather(*(_deliver(wire, path, queues[i :: job.connections]) for i, wire in enumerate(wires)))
    return Done(len(numbers) * len(per_account), time.perf_counter() - started)


def run(job: Job) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "bench.bare_client"], input=msgspec.json.encode(job), capture_output=True, check=False,
        timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2000:])
    return msgspec.json.decode(done.stdout, type=Done)


if __name__ == "__main__":
    sys.stdout.buffer.write(
        msgspec.json.encode(uvloop.run(_run(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))))
    )
