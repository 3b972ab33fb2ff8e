"""The log of calls: both directions, bounded, without secrets."""


def test_calls_of_both_directions_are_logged(wired, account, make):
    wired.deliver(account, [make.line("a")])
    calls = wired.admin("GET", "/calls")
    assert {c["direction"] for c in calls} == {"in", "out"}
    posted = next(c for c in calls if c["url"] == "/papi/v1/statements")
    assert (posted["method"], posted["status"]) == ("POST", 201)
    assert '"uniqueId": "a"' in posted["requestBody"]
    assert "_id" in posted["responseBody"]
    notified = next(c for c in calls if c["direction"] == "out" and c["method"] == "POST")
    assert notified["status"] == 200


def test_bodies_are_cut_at_four_kilobytes_and_calls_at_a_thousand(wired, account, make):
    wired.deliver(account, make.lines(100))
    posted = next(c for c in wired.admin("GET", "/calls") if c["url"] == "/papi/v1/statements")
    assert len(posted["requestBody"]) == 4096
    for _ in range(1001):
        wired.papi("GET", "/v1/banks")
    calls = wired.admin("GET", "/calls")
    assert len(calls) == 1000
    assert calls[-1]["callId"] - calls[0]["callId"] == 999


def test_secrets_are_not_logged(wired, product):
    wired.get_token()
    text = wired.http.get(f"{wired.details['adminUrl']}/admin/calls").text
    for secret in (
        wired.details["clientSecret"],
        wired.details["providerApiKey"],
        wired.token or "",
        product.key,
        product.jwt,
    ):
        assert not secret or secret not in text


def test_a_call_names_the_fault_that_struck_it(wired):
    fault_id = wired.fault("GET /v1/banks", "status", status=500)
    wired.papi("GET", "/v1/banks")
    assert wired.admin("GET", "/calls")[-1]["faultId"] == fault_id
