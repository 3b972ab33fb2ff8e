"""Companies over HTTP: what is answered, what is refused, what is left behind."""

import pytest

from ... import worlds

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def made(site, **body):
    answer = site.call("POST", "/companies", {"name": "Harbour Bakery", **body})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_company_is_answered_as_documented_with_its_name_cleaned(site, world):
    answer = site.call(
        "POST",
        "/companies",
        {"name": "Harbour Bakery (Ltd)", "description": "crm 8841", "tags": {"uid": "8841", "region": "uk"}},
    )

    assert answer.status_code == 200
    company = answer.json()
    company_id = company["id"]
    assert company == {
        "id": company_id,
        "name": "Harbour Bakery Ltd",
        "redirect": f"https://feeds.example/link/companies/{company_id}",
        "created": "2026-02-03T12:00:00Z",
        "products": ["bank-feeds"],
        "tags": {"uid": "8841", "region": "uk"},
        "ownerUserIds": [],
        "referenceSubsidiaryCompanies": [],
        "dataConnections": [],
        "description": "crm 8841",
    }
    assert b"null" not in answer.content
    assert site.call("GET", f"/companies/{company_id}").json() == company
    assert worlds.audited(world)[-1] == ("api:harbour", "company.create", f"company:{company_id}")


def test_put_clears_what_it_leaves_out(site):
    company = made(site, description="crm", tags={"a": "b"})

    answer = site.call("PUT", f"/companies/{company['id']}", {"name": "Harbour Group"})

    assert answer.status_code == 200
    assert answer.json()["name"] == "Harbour Group"
    assert "description" not in answer.json()
    assert answer.json()["tags"] == {}
    assert site.call("GET", f"/companies/{company['id']}").json() == answer.json()


@pytest.mark.parametrize("body", [{}, {"name": None, "description": None, "tags": None}, b""])
def test_patch_ignores_what_is_absent_or_null(site, world, body):
    company = made(site, description="crm", tags={"a": "b"})
    before = worlds.everything(world)

    answer = site.call("PATCH", f"/companies/{company['id']}", body)

    assert answer.status_code == 200
    assert answer.json() == company
    assert worlds.everything(world) == before


def test_patch_replaces_tags_as_a_whole_and_clears_them_with_an_empty_object(site):
    company = made(site, tags={"a": "b", "c": "d"})
    path = f"/companies/{company['id']}"

    assert site.call("PATCH", path, {"tags": {"e": "f"}}).json()["tags"] == {"e": "f"}
    assert site.call("PATCH", path, {"description": ""}).json()["tags"] == {"e": "f"}
    assert site.call("PATCH", path, {"tags": {}}).json()["tags"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": " ()[]{} "}, "name"),
        ({"name": "x" * 501}, "name"),
        ({"name": "a", "description": "x" * 1001}, "description"),
        ({"name": "a", "tags": {f"k{n}": "v" for n in range(11)}}, "tags"),
        ({"name": "a", "tags": {"": "v"}}, "tags."),
        ({"name": "a", "tags": {"k" * 28: "v"}}, "tags." + "k" * 28),
        ({"name": "a", "tags": {"k": "v" * 101}}, "tags.k"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_company_against_the_rules_is_400_naming_the_field_and_changes_nothing(site, world, method, body, field):
    path = "/companies" if method == "POST" else f"/companies/{made(site)['id']}"
    before = worlds.everything(world)

    answer = site.call(method, path, body)

    assert answer.status_code == 400
    assert [flaw["itemId"] for flaw in answer.json()["validation"]["errors"]] == [field]
    assert worlds.everything(world) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("company_id", [UNKNOWN, "not-a-uuid", "%00", UNKNOWN.upper().replace("0", "A")])
def test_an_unknown_company_is_404_whatever_is_asked_of_it(site, world, method, company_id):
    before = worlds.everything(world)
    body = {"name": "a"} if method in {"PUT", "PATCH"} else None

    answer = site.call(method, f"/companies/{company_id}", body)

    assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)
    assert worlds.everything(world) == before


def test_deleting_a_company_takes_its_connections_and_accounts_with_it_and_closes_their_feeds(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = f"/companies/{linked.company_id}"

    answer = site.call("DELETE", path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert site.call("GET", path).status_code == 404
    assert site.call("GET", f"{path}/connections/{linked.connection_id}").status_code == 404
    assert (
        site.call("GET", f"{path}/connections/{linked.connection_id}/connectionInfo/bankFeedAccounts").status_code
        == 404
    )
    assert site.call("DELETE", path).status_code == 404
    assert site.call("GET", "/companies").json()["results"] == []
    assert [action for _, action, _ in worlds.audited(world)][-3:] == [
        "feed.close",
        "connection.delete",
        "company.delete",
    ]


def test_companies_are_listed_newest_first_in_pages_with_links(site, clock):
    ids = []
    for number in range(5):
        clock.forward(seconds=1)
        ids.insert(0, made(site, name=f"Company {number}")["id"])

    first, middle = (site.call("GET", f"/companies?page={page}&pageSize=2").json() for page in (1, 2))

    assert [company["id"] for company in first["results"] + middle["results"]] == ids[:4]
    assert {key: middle[key] for key in ("pageNumber", "pageSize", "totalResults", "_links")} == {
        "pageNumber": 2,
        "pageSize": 2,
        "totalResults": 5,
        "_links": {
            "self": {"href": "/companies"},
            "current": {"href": "/companies?page=2&pageSize=2"},
            "next": {"href": "/companies?page=3&pageSize=2"},
            "previous": {"href": "/companies?page=1&pageSize=2"},
        },
    }
    assert "previous" not in first["_links"]
    assert "next" not in site.call("GET", "/companies?page=3&pageSize=2").json()["_links"]
    assert site.call("GET", "/companies?page=9").json()["results"] == []


def test_a_list_of_companies_carries_their_connections_with_no_query_for_each(site, world):
    for _ in range(3):
        company = made(site)
        site.call("POST", f"/companies/{company['id']}/connections", {"platformKey": "olpr"})

    with worlds.statements(world) as of_one:
        site.call("GET", "/companies?pageSize=1")
    with worlds.statements(world) as of_three:
        listed = site.call("GET", "/companies").json()["results"]

    assert len(of_one) == len(of_three)
    assert [len(company["dataConnections"]) for company in listed] == [1, 1, 1]
    for company in listed:
        assert site.call("GET", f"/companies/{company['id']}").json() == company


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=one", "page"),
        ("page=", "page"),
        ("page=1.0", "page"),
        ("page=%2B1", "page"),
        ("page=9999999999999999999", "page"),
        ("pageSize=0", "pageSize"),
        ("pageSize=5001", "pageSize"),
    ],
)
def test_a_parameter_out_of_range_is_400_by_name(site, query, field):
    answer = site.call("GET", f"/companies?{query}")

    assert answer.status_code == 400
    assert [flaw["itemId"] for flaw in answer.json()["validation"]["errors"]] == [field]
