"""The sandbox, asked what Sage was asked: with accounts, authorisations and credentials of its own."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import httpx2
import msgspec

from sage_sandbox.certify.product import Company, Session
from sage_sandbox.certify.sandbox import Sandbox, wait_for
from sage_sandbox.diff.receiver import ACCOUNTS
from sage_sandbox.diff.transcript import Call, Half

_FINISHED_WITHIN_S = 5.0
_PAUSE_S = 0.05
_OK, _FORBIDDEN, _NOT_FOUND, _GONE, _SERVER_ERROR = 200, 403, 404, 410, 500
_PASSING = frozenset({401, 408, 429})
"""Answers that say how a moment was, not what the contract is."""
_PATCHED = {
    "bankAccountExternalId": "externalId",
    "accountName": "accountName",
    "bankIdentifier": "bankIdentifier",
    "accountIdentifier": "accountIdentifier",
}
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class Provider:
    """A provider of the sandbox's: its credentials, and accounts that it has had linked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._details = sandbox.details
        self.company = Company(sandbox, "Diff Ltd")
        self._token = ""

    def send(self, method: str, path: str, body: Any, *, is_form: bool = False) -> tuple[int, Any]:
        """Status and JSON; `path` begins with /v1, or is that of the token endpoint."""
        if is_form:
            response = self._sandbox.http.post(f"{self._details['cloudIdUrl']}{path}", data=body)
        else:
            response = self._sandbox.http.request(
                method,
                f"{self._details['providerUrl']}{path}",
                content=None if body is None else _encoder.encode(body),
                headers={**self._credentials(), "content-type": "application/json"},
            )
        return response.status_code, _json(response)

    def grant(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self._details["clientId"],
            "client_secret": self._details["clientSecret"],
            "audience": self._details["audience"],
        }

    def _credentials(self) -> dict[str, str]:
        if not self._token:
            self._token = self.send("POST", "/oauth/token", self.grant(), is_form=True)[1]["access_token"]
        return {"authorization": f"Bearer {self._token}", "x-api-key": self._details["providerApiKey"]}

    @property
    def bank_id(self) -> str:
        return str(self._details["bankId"])

    def consent(self, session: Session, accounts: list[dict[str, str]] | None) -> None:
        data: dict[str, object] = {"status": "success"}
        if accounts is not None:
            data["bankAccounts"] = [{ours: each[theirs] for ours, theirs in _PATCHED.items()} for each in accounts]
        self.send("PATCH", f"/v1/authorisations/{session.id}", {"data": data})

    def link(self, external_id: str, start_on: str) -> str:
        """A bank account of the sandbox's, from Connect bank on; its id."""
        session = self.company.connect()
        self.consent(session, [{**ACCOUNTS[0], "externalId": external_id, "accountIdentifier": external_id}])
        self.company.come_back(session)
        return str(self.company.add(self.company.poll(session)["account"], start_on)["bankAccountId"])

    def activate(self, bank_account_id: str, on: str) -> None:
        """Sends a line, and waits until it has been taken."""
        line = {
            "uniqueId": "diff-1",
            "bankAccountId": bank_account_id,
            "transactionAmount": 1,
            "transactionType": "CREDIT",
            "transactionStatus": "posted",
            "datePosted": f"{on}T10:00:00.000Z",
            "description": "diff",
        }
        balances = {
            "ledgerBalance": 1,
            "ledgerBalanceDate": line["datePosted"],
            "availableBalance": 1,
            "availableBalanceDate": line["datePosted"],
        }
        data = {
            "principalId": bank_account_id,
            "bankId": self.bank_id,
            "expected": {
                "transactionDetailsCount": 1,
                "accountDetailsCount": 1,
                "transactionCreditSum": 1,
                "transactionDebitSum": 0,
            },
            "accountDetails": [{"bankAccountId": bank_account_id, "status": "active", "balances": balances}],
            "transactionDetails": [line],
        }
        self.send("POST", "/v1/statements", {"data": data})
        wait_for(
            lambda: self._sandbox.status(bank_account_id) == "active",
            _FINISHED_WITHIN_S,
            "the bank account is active",
            "it is not",
        )


def go_through_every_call(provider: Provider) -> None:
    """Has the sandbox make each of Sage's calls once: all three ways to link, a renewal, an end."""
    today = datetime.now(UTC).date().isoformat()
    session = provider.company.connect()
    provider.company.open_page(session)
    provider.consent(session, list(ACCOUNTS))
    provider.company.come_back(session)
    linked = str(provider.company.add(provider.company.poll(session)["account"], today)["bankAccountId"])
    provider.activate(linked, today)
    for candidate in provider.company.available(linked):
        if not candidate["metadata"]["connected"]:
            provider.company.link_available(candidate["bankAccountCandidateId"], today)
            break
    renewal = provider.company.renew(linked)
    provider.company.open_page(renewal)
    provider.consent(renewal, None)
    provider.company.remove(linked)


class Replay:
    """Sends recorded calls again, with ids of the sandbox's own where Sage had given its own."""

    def __init__(self, provider: Provider, calls: list[Call]) -> None:
        self._provider = provider
        self._ours: dict[str, str] = {}
        self._external = _external_ids(calls)
        self._start_on = _first_day(calls)
        self._last_word = {call.path: _word(call.answer.json) for call in calls if "/statements/" in call.path}

    def send(self, call: Call) -> Call | None:
        """The same call as the sandbox has it; None for one that says nothing of the contract."""
        if call.by != "provider" or call.status is None or call.status in _PASSING or call.status >= _SERVER_ERROR:
            return None
        head, _, tail = call.path.partition("/v1/")
        if call.request.form:
            given = self._provider.grant() if call.is_success else call.request.form
            answer = self._provider.send("POST", "/oauth/token", given, is_form=True)
        elif tail or head.endswith("/sync"):
            path = f"/v1/{tail}" if tail else "/sync"
            body = self._body(call, path)
            answer = self._ask(call, self._path(call, path), body)
        else:
            return None
        status, json = answer
        self._learn(call, json)
        return Call("provider", call.method, call.path, call.query, call.request, Half(json=json), status=status)

    def _ask(self, call: Call, path: str, body: Any) -> tuple[int, Any]:
        """A statement that Sage had finished is asked for until the sandbox has too."""
        until = time.monotonic() + _FINISHED_WITHIN_S
        answer = self._provider.send(call.method, path, body)
        finished = call.method == "GET" and _word(call.answer.json) == self._last_word.get(call.path)
        while finished and _is_under_way(answer[1]) and time.monotonic() < until:
            time.sleep(_PAUSE_S)
            answer = self._provider.send(call.method, path, body)
        return answer

    def _path(self, call: Call, path: str) -> str:
        before, _, last = path.rpartition("/")
        if (
            before.endswith("/authorisations")
            and call.status not in {_FORBIDDEN, _NOT_FOUND}
            and last not in self._ours
        ):
            self._ours[last] = self._session(call).id
        return f"{before}/{self._ours.get(last, last)}"

    def _session(self, call: Call) -> Session:
        """A renewal where no account is named and one is linked; else onboarding."""
        data = _data(call.request.json)
        company = self._provider.company
        if data.get("status") == "success" and not data.get("bankAccounts"):
            return company.renew(self._provider.link("diff-renewal", self._start_on))
        return company.connect()

    def _body(self, call: Call, path: str) -> Any:
        if call.request.json is None:
            return None
        body = _decoder.decode(_encoder.encode(call.request.json))
        data = _data(body)
        if path.startswith("/v1/statements"):
            self._wire_statement(call, data)
        elif path.startswith("/v1/accountqueries") and call.status == _OK:
            self._linked(str(_data(call.answer.json).get("bankAccountId")), str(data.get("externalId")))
        if "bankId" in data:
            data["bankId"] = self._provider.bank_id
        banks: list[dict[str, Any]] = data.get("toUpdate") or []
        for bank in banks:
            bank["principalId"] = self._provider.bank_id
        return body

    def _wire_statement(self, call: Call, data: dict[str, Any]) -> None:
        """Sums are made anew, for amounts have been hidden; of a refused statement they stay as they are."""
        theirs = str(data.get("principalId"))
        is_unknown = call.status in {_FORBIDDEN, _NOT_FOUND, _GONE}
        ours = theirs if is_unknown else self._linked(theirs, self._external.get(theirs, theirs))
        data["principalId"] = ours
        lines: list[dict[str, Any]] = data.get("transactionDetails") or []
        details: list[dict[str, Any]] = data.get("accountDetails") or []
        for part in [*details, *lines]:
            if part.get("bankAccountId") == theirs:
                part["bankAccountId"] = ours
        if "expected" in data and call.is_success:
            amounts = [Decimal(line["transactionAmount"]) for line in lines]
            data["expected"] |= {
                "transactionCreditSum": sum(amount for amount in amounts if amount > 0),
                "transactionDebitSum": sum(amount for amount in amounts if amount < 0),
            }

    def _linked(self, theirs: str, external_id: str) -> str:
        if theirs not in self._ours:
            self._ours[theirs] = self._provider.link(external_id, self._start_on)
        return self._ours[theirs]

    def _learn(self, call: Call, json: Any) -> None:
        theirs, ours = _id_of(call.answer.json), _id_of(json)
        if theirs and ours and call.method == "POST":
            self._ours[theirs] = ours


def has_decimals(calls: list[Call]) -> bool:
    """Whether amounts were sent in major units."""
    return any(isinstance(line.get("transactionAmount"), Decimal) for call in calls for line in _lines(call))


def _data(json: Any) -> dict[str, Any]:
    """What is wrapped in `data`; empty where there is no such thing."""
    data = cast("dict[str, Any]", json).get("data") if isinstance(json, dict) else None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


def _lines(call: Call) -> list[dict[str, Any]]:
    return _data(call.request.json).get("transactionDetails") or []


def _external_ids(calls: list[Call]) -> dict[str, str]:
    """External ids by bank account, from account queries."""
    asked = [call for call in calls if call.path.endswith("/accountqueries")]
    found = {str(_data(call.answer.json).get("bankAccountId") or ""): call for call in asked}
    return {theirs: str(_data(call.request.json).get("externalId")) for theirs, call in found.items() if theirs}


def _first_day(calls: list[Call]) -> str:
    """The oldest day of any line, so that none is too old for the account it goes to."""
    today = datetime.now(UTC).date().isoformat()
    return min([today, *(str(line.get("datePosted"))[:10] for call in calls for line in _lines(call))])


def _id_of(json: Any) -> str:
    return str(_data(json).get("_id") or "")


def _word(json: Any) -> str:
    return str(_data(json).get("status") or "")


def _is_under_way(json: Any) -> bool:
    return _word(json) in {"pending", "processing"}


def _json(response: httpx2.Response) -> Any:
    try:
        return _decoder.decode(response.content) if response.content else None
    except msgspec.DecodeError:
        return None
