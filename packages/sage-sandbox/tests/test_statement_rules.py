"""What POST statements refuses at once, each code of 6.6, and that a refusal stores nothing."""

import copy
import json

import pytest


@pytest.fixture
def refused(wired, account):
    """Post something, see it refused and nothing stored, give status and errors."""

    def post(body):
        response = wired.papi("POST", "/v1/statements", body)
        assert response.status_code >= 400, response.text
        assert wired.admin("GET", "/statements") == []
        assert wired.admin("GET", "/transactions") == []
        return response.status_code, response.json()["errors"]

    return post


@pytest.fixture
def good(account, make):
    return make.statement(account, [make.line("a", 100), make.line("b", -100)], balance=0)


def changed(body, path, value):
    """A copy of a body with one member set, or removed by ..."""
    body = copy.deepcopy(body)
    at = body
    *way, last = path
    for step in way:
        at = at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return body


def test_the_example_of_the_contract_is_taken(wired, account):
    account_id = account["bankAccountId"]
    line = {
        "transactionStatus": "posted",
        "datePosted": "2019-11-24T12:00:00.000Z",
        "description": "string",
        "bankAccountId": account_id,
    }
    example = {
        "data": {
            "required": None,
            "principalId": account_id,
            "bankId": account["bankId"],
            "expected": {
                "transactionDetailsCount": 2,
                "accountDetailsCount": 1,
                "transactionCreditSum": 100,
                "transactionDebitSum": -100,
            },
            "accountDetails": [
                {
                    "bankAccountId": account_id,
                    "status": "active",
                    "balances": {
                        "ledgerBalance": 0,
                        "ledgerBalanceDate": "2019-11-24T12:00:00.000Z",
                        "availableBalance": 0,
                        "availableBalanceDate": "2019-11-24T12:00:00.000Z",
                    },
                }
            ],
            "transactionDetails": [
                line
                | {
                    "uniqueId": "7f7b",
                    "transactionAmount": 100,
                    "transactionType": "CREDIT",
                    "dateUserInitiated": "2019-11-24T12:00:00.000Z",
                    "exchangeCurrency": "EUR",
                    "exchangeAmount": 120,
                    "checkNumber": "string",
                    "referenceNumber": "string",
                    "narrative1": "string",
                    "narrative2": "string",
                    "payee": {
                        "payeeDescription": "string",
                        "address1": "string",
                        "address2": "string",
                        "address3": "string",
                        "city": "string",
                        "state": "string",
                        "postalCode": "string",
                        "country": "USA",
                        "phoneNumber": "string",
                        "payeeBankId": "string",
                        "payeeAccountId": "string",
                    },
                    "coordinates": {"lat": 54.5, "long": -1.25},
                    "category": {
                        "topLevelCategory": "string",
                        "subCategory": "string",
                        "categoryId": 5,
                        "standardIndustrialCode": "string",
                    },
                },
                line | {"uniqueId": "7f7c", "transactionAmount": -100, "transactionType": "DEBIT"},
            ],
        }
    }
    response = wired.papi("POST", "/v1/statements", example)
    assert response.status_code == 201
    data = response.json()["data"]
    assert (data["principalId"], data["bankId"], data["status"], data["expected"]) == (
        account_id,
        account["bankId"],
        "pending",
        example["data"]["expected"],
    )
    done = wired.finished(data["_id"])
    assert done["status"] == "completed"
    stored = wired.admin("GET", f"/transactions?bankAccountId={account_id}")
    assert stored[0]["payee"]["payeeDescription"] == "string"
    assert str(stored[0]["coordinates"]["lat"]) == "54.5"
    assert [t["transactionId"] for t in stored] == [1, 2]


@pytest.mark.parametrize(
    ("way", "value", "path"),
    [
        (["data"], ..., "data"),
        (["data", "principalId"], ..., "data.principalId"),
        (["data", "bankId"], ..., "data.bankId"),
        (["data", "expected"], ..., "data.expected"),
        (["data", "expected", "transactionDetailsCount"], ..., "data.expected.transactionDetailsCount"),
        (["data", "expected", "accountDetailsCount"], ..., "data.expected.accountDetailsCount"),
        (["data", "expected", "transactionCreditSum"], ..., "data.expected.transactionCreditSum"),
        (["data", "expected", "transactionDebitSum"], "-100", "data.expected.transactionDebitSum"),
        (["data", "accountDetails"], ..., "data.accountDetails"),
        (["data", "transactionDetails"], ..., "data.transactionDetails"),
        (["data", "accountDetails", 0, "bankAccountId"], ..., "data.accountDetails[0].bankAccountId"),
        (["data", "accountDetails", 0, "status"], ..., "data.accountDetails[0].status"),
        (["data", "accountDetails", 0, "status"], "cancelled", "data.accountDetails[0].status"),
        (["data", "accountDetails", 0, "balances"], ..., "data.accountDetails[0].balances.ledgerBalance"),
        (
            ["data", "accountDetails", 0, "balances", "availableBalance"],
            ...,
            "data.accountDetails[0].balances.availableBalance",
        ),
        (
            ["data", "accountDetails", 0, "balances", "ledgerBalance"],
            1.5,
            "data.accountDetails[0].balances.ledgerBalance",
        ),
        (["data", "transactionDetails", 1, "uniqueId"], ..., "data.transactionDetails[1].uniqueId"),
        (["data", "transactionDetails", 1, "uniqueId"], "", "data.transactionDetails[1].uniqueId"),
        (["data", "transactionDetails", 1, "bankAccountId"], ..., "data.transactionDetails[1].bankAccountId"),
        (["data", "transactionDetails", 1, "transactionAmount"], ..., "data.transactionDetails[1].transactionAmount"),
        (
            ["data", "transactionDetails", 1, "transactionAmount"],
            "-100",
            "data.transactionDetails[1].transactionAmount",
        ),
        (["data", "transactionDetails", 1, "transactionAmount"], "NaN", "data.transactionDetails[1].transactionAmount"),
        (["data", "transactionDetails", 1, "transactionAmount"], None, "data.transactionDetails[1].transactionAmount"),
        (["data", "transactionDetails", 1, "transactionAmount"], True, "data.transactionDetails[1].transactionAmount"),
        (["data", "transactionDetails", 1, "transactionAmount"], -99.5, "data.transactionDetails[1].transactionAmount"),
        (
            ["data", "transactionDetails", 1, "transactionAmount"],
            10**18,
            "data.transactionDetails[1].transactionAmount",
        ),
        (["data", "transactionDetails", 1, "exchangeAmount"], 1.5, "data.transactionDetails[1].exchangeAmount"),
        (["data", "transactionDetails", 1, "transactionType"], "debit", "data.transactionDetails[1].transactionType"),
        (["data", "transactionDetails", 1, "transactionType"], ..., "data.transactionDetails[1].transactionType"),
        (
            ["data", "transactionDetails", 1, "transactionStatus"],
            "pending",
            "data.transactionDetails[1].transactionStatus",
        ),
        (["data", "transactionDetails", 1, "transactionStatus"], ..., "data.transactionDetails[1].transactionStatus"),
        (["data", "transactionDetails", 1, "datePosted"], ..., "data.transactionDetails[1].datePosted"),
        (["data", "transactionDetails", 1, "datePosted"], "yesterday", "data.transactionDetails[1].datePosted"),
        (["data", "transactionDetails", 1, "description"], ..., "data.transactionDetails[1].description"),
        (["data", "transactionDetails", 1, "payee"], {"city": 7}, "data.transactionDetails[1].payee.city"),
    ],
)
def test_a_malformed_statement_is_schema_invalid_and_names_the_field(refused, good, way, value, path):
    status, errors = refused(changed(good, way, value))
    assert (status, errors[0]["code"]) == (400, "SCHEMA_INVALID")
    assert path in {error["path"] for error in errors}
    assert errors[0]["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"data":{"principalId":"\xff"}}'])
def test_what_is_not_a_json_object_is_refused(refused, raw):
    status, errors = refused(raw)
    assert (status, errors[0]["code"]) == (400, "SCHEMA_INVALID")


@pytest.mark.parametrize("number", ["1e400", "1E+99", "0.000000001", "-1e-400", "123456789012345678901234567890"])
def test_numbers_that_no_account_holds_are_refused(refused, good, number):
    raw = json.dumps(good).replace('"transactionAmount": 100', f'"transactionAmount": {number}').encode()
    status, errors = refused(raw)
    assert (status, errors[0]["path"]) == (400, "data.transactionDetails[0].transactionAmount")


def test_every_malformed_line_is_named(refused, good, make):
    body = changed(
        changed(good, ["data", "transactionDetails", 0, "uniqueId"], 5),
        ["data", "transactionDetails", 1, "datePosted"],
        ...,
    )
    _, errors = refused(body)
    assert [e["path"] for e in errors] == [
        "data.transactionDetails[0].uniqueId",
        "data.transactionDetails[1].datePosted",
    ]


def test_more_than_a_thousand_lines_are_too_many(refused, account, make):
    status, errors = refused(make.statement(account, make.lines(1001)))
    assert (status, errors[0]["code"], errors[0]["path"]) == (400, "TOO_MANY_TRANSACTIONS", "data.transactionDetails")


def test_a_thousand_lines_are_taken(wired, account, make):
    assert wired.deliver(account, make.lines(1000))["status"] == "completed"
    assert len(wired.admin("GET", "/transactions")) == 1000


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_exactly_one_account_detail(refused, good, count):
    details = good["data"]["accountDetails"] * count
    status, errors = refused(changed(good, ["data", "accountDetails"], details))
    assert (status, errors[0]["code"], errors[0]["path"]) == (400, "ACCOUNT_DETAILS_COUNT", "data.accountDetails")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transactionDetailsCount", 3),
        ("accountDetailsCount", 2),
        ("transactionCreditSum", 99),
        ("transactionDebitSum", 100),
    ],
)
def test_control_totals_must_match(refused, good, name, value):
    status, errors = refused(changed(good, ["data", "expected", name], value))
    assert (status, errors) == (400, [errors[0]])
    assert (errors[0]["code"], errors[0]["path"]) == ("EXPECTED_MISMATCH", f"data.expected.{name}")


def test_every_item_must_be_about_the_principal(refused, good):
    body = changed(good, ["data", "transactionDetails", 1, "bankAccountId"], "another")
    body = changed(body, ["data", "accountDetails", 0, "bankAccountId"], "another")
    body = changed(body, ["data", "bankId"], "another")
    status, errors = refused(body)
    assert status == 400
    assert {(e["code"], e["path"]) for e in errors} == {
        ("BANK_ACCOUNT_MISMATCH", "data.bankId"),
        ("BANK_ACCOUNT_MISMATCH", "data.accountDetails[0].bankAccountId"),
        ("BANK_ACCOUNT_MISMATCH", "data.transactionDetails[1].bankAccountId"),
    }


def test_an_id_twice_in_a_statement_is_refused(refused, account, make):
    status, errors = refused(make.statement(account, [make.line("a"), make.line("b"), make.line("a")]))
    assert (status, errors[0]["code"], errors[0]["path"]) == (
        400,
        "DUPLICATE_IN_STATEMENT",
        "data.transactionDetails[2].uniqueId",
    )


def test_an_unknown_bank_account_is_not_found(refused, good):
    status, errors = refused(changed(good, ["data", "principalId"], "another"))
    assert (status, errors[0]["code"], errors[0]["path"]) == (404, "BANK_ACCOUNT_NOT_FOUND", "data.principalId")


def test_a_number_is_kept_as_it_was_sent(wired, account, make):
    wired.settings(amountUnit="major")
    line = make.line("a", 0)
    raw = (
        json.dumps(make.statement(account, [line]))
        .replace('"transactionAmount": 0', '"transactionAmount": 1234567890123456.78')
        .replace('"transactionCreditSum": 0', '"transactionCreditSum": 1234567890123456.78')
    )
    assert wired.papi("POST", "/v1/statements", raw.encode()).status_code == 201
    text = wired.http.get(f"{wired.details['adminUrl']}/admin/transactions").text
    assert '"transactionAmount":1234567890123456.78' in text
