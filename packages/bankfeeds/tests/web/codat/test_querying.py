"""`query`, `orderBy` and `tags`: what they select, against an evaluation in plain Python, and what is refused."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankfeeds.domain.errors import Invalid
from bankfeeds.domain.query import CLAUSES_MAX, DEPTH_MAX, QUERY_LENGTH_MAX, WHOLE_NUMBER_MAX, read_query, read_tags
from bankfeeds.domain.selection import Selection
from bankfeeds.flows import companies, connections
from bankfeeds.flows.companies import CompanyDraft
from bankfeeds.web.codat.querying import COMPANIES

from ... import worlds

both = pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
NAMES = ["Harbour Bakery", "harbour bakery", "Mill & Co", "Åkers Bröd", "50 Percent", "50_Percent"]
TAGS = [{}, {"region": "uk"}, {"region": "ie", "team": "x"}, {'a"b': "1", "a.b": "uk=ie"}, {"region": "UK"}]
DESCRIPTIONS = [None, "crm 8841", "crm"]
STATUSES = ["PendingAuth", "Linked", "Unlinked", "Deauthorized"]


@pytest.fixture
def town(world, clock):
    """Companies of every sort, each as plain facts: name, description, created, tags, statuses of its connections."""
    known = {}
    for number, name in enumerate(NAMES):
        draft = CompanyDraft(name, DESCRIPTIONS[number % 3], TAGS[number % len(TAGS)])
        made = companies.create(world, "test", draft).company
        known[made.id] = [made, ["PendingAuth"] * (number % 3)]
        for _ in range(number % 3):
            connections.create(world, "test", made.id)
        clock.forward(days=1)
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    known[linked.company_id] = [companies.get(world, linked.company_id).company, ["Linked"]]
    return known


def compared(held, operator, value):
    """The reference, written once more: never asks the program."""
    if operator == "!=":
        return held is None or held != value
    if held is None:
        return False
    return {
        "=": lambda: held == value,
        "~": lambda: value in held,
        ">": lambda: held > value,
        "<": lambda: held < value,
        ">=": lambda: held >= value,
        "<=": lambda: held <= value,
    }[operator]()


def any_compared(held, operator, value):
    if operator == "!=":
        return value not in held
    return any(compared(each, operator, value) for each in held)


FIELDS = {
    "name": lambda made, _: made.name,
    "description": lambda made, _: made.description,
    "created": lambda made, _: made.created_at,
    "id": lambda made, _: made.id,
}
moments = st.sampled_from([worlds.NOON + timedelta(days=n, seconds=s) for n in range(7) for s in (-1, 0, 1)])
texts = st.sampled_from([*NAMES, "Bakery", "bakery", "%", "_", "50", "&", "crm", "ö", "nothing"])
comparisons = st.one_of(
    st.tuples(st.sampled_from(["name", "description", "id"]), st.sampled_from(["=", "!=", "~"]), texts),
    st.tuples(st.just("created"), st.sampled_from(["=", "!=", ">", "<", ">=", "<="]), moments),
    st.tuples(
        st.just("dataConnections.status"), st.sampled_from(["=", "!=", "~"]), st.sampled_from([*STATUSES, "Auth"])
    ),
    st.tuples(
        st.just("dataConnections.integrationKey"), st.sampled_from(["=", "!="]), st.sampled_from(["olpr", "gbol"])
    ),
)
trees = st.recursive(
    comparisons,
    lambda inner: st.tuples(st.sampled_from(["&&", "||"]), st.lists(inner, min_size=2, max_size=3)),
    max_leaves=8,
)


def is_leaf(tree):
    return len(tree) == 3


def rendered(tree, within=None):
    """With braces only where they are needed, so that precedence is tried too."""
    if is_leaf(tree):
        field, operator, value = tree
        return f"{field} {operator}{value.isoformat() if isinstance(value, datetime) else value}"
    joint, parts = tree
    text = f" {joint} ".join(rendered(part, joint) for part in parts)
    return f"{{{text}}}" if within == "&&" and joint == "||" else text


def expected(tree, made, statuses):
    if not is_leaf(tree):
        joint, parts = tree
        return (all if joint == "&&" else any)([expected(part, made, statuses) for part in parts])
    field, operator, value = tree
    if field == "dataConnections.status":
        return any_compared(statuses, operator, value)
    if field == "dataConnections.integrationKey":
        return any_compared(["olpr"] * bool(statuses), operator, value)
    return compared(FIELDS[field](made, statuses), operator, value)


@both
def test_a_query_selects_what_plain_python_selects(world, town):
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees)
    def ask(tree):
        wanted = Selection(read_query(rendered(tree), COMPANIES))
        found, total = companies.page(world, 0, 100, wanted)
        assert {view.company.id for view in found} == {key for key, facts in town.items() if expected(tree, *facts)}
        assert total == len(found)

    ask()


tag_comparisons = st.lists(
    st.tuples(
        st.sampled_from(["region", "team", 'a"b', "a.b", "absent", "$.region"]),
        st.sampled_from(["=", "!=", "~"]),
        st.sampled_from(["uk", "ie", "UK", "x", "1", "k", "%"]),
    ),
    min_size=1,
    max_size=3,
)


@both
def test_tags_select_what_plain_python_selects(world, town):
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tag_comparisons)
    def ask(wanted):
        condition = read_tags(" && ".join(f"{key}{operator}{value}" for key, operator, value in wanted))
        found, _ = companies.page(world, 0, 100, Selection(condition))
        assert {view.company.id for view in found} == {
            key
            for key, (made, _) in town.items()
            if all(compared(made.tags.get(tag), operator, value) for tag, operator, value in wanted)
        }

    ask()


@both
@pytest.mark.parametrize("field", ["name", "created", "id", "description"])
def test_a_list_is_ordered_by_one_field_either_way(site, world, town, field):
    def keys(order):
        return [
            FIELDS[field](town[each["id"]][0], [])
            for each in site.call("GET", f"/companies?orderBy={order}").json()["results"]
        ]

    rising = keys(field)
    assert rising == sorted(rising, key=lambda value: (value is not None, value or ""))
    assert keys(f"-{field}") == list(reversed(rising))


@both
def test_connections_and_push_operations_are_queried_too(site, world):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    company = f"/companies/{linked.company_id}"
    site.call("POST", f"{company}/connections", {"platformKey": "olpr"})
    line = {"id": "tx-1", "date": "2026-02-01", "description": "d", "amount": -1.5, "balance": 3}
    path = (
        f"{company}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions?timeoutInMinutes=10"
    )
    key = site.call("POST", path, {"accountId": "acc-001", "transactions": [line]}).json()["pushOperationKey"]

    def count(path, **query):
        answer = site.call("GET", path, params=query)
        assert answer.status_code == 200, answer.content
        assert answer.json()["totalResults"] == len(answer.json()["results"])
        return answer.json()["totalResults"]

    assert count(f"{company}/connections", query="status=Linked") == 1
    assert count(f"{company}/connections", query="integrationKey=olpr && status!=Linked", orderBy="-status") == 1
    assert count(f"{company}/connections", query="sourceType=Accounting") == 0
    assert count(f"{company}/push", query=f"pushOperationKey={key}") == 1
    assert count(f"{company}/push", query="status=Pending&&dataType=bankTransactions&&timeoutInMinutes>=10") == 1
    assert count(f"{company}/push", query="timeoutInMinutes<10||status=Failed") == 0
    assert count(f"{company}/push", query="completedOnUtc>2020-01-01") == 0
    assert count(f"{company}/push", query="requestedOnUtc<=2026-02-03T13:00:00+01:00", orderBy="-requestedOnUtc") == 1
    assert count("/integrations", query="enabled=true && sourceType=BankFeed && name~Sage") == 1
    assert count("/integrations", query="key=gbol || enabled!=true") == 0


def test_the_links_of_a_page_keep_what_was_asked_for(site):
    for number in range(3):
        site.call("POST", "/companies", {"name": f"Harbour {number}", "tags": {"region": "uk"}})

    asked = {"page": 2, "pageSize": 1, "query": "name~Harbour && name!=x", "orderBy": "name", "tags": "region=uk"}
    links = site.call("GET", "/companies", params=asked).json()["_links"]

    assert links["self"] == {"href": "/companies"}
    following = site.call("GET", links["next"]["href"]).json()
    assert [each["name"] for each in following["results"]] == ["Harbour 2"]
    before = site.call("GET", links["previous"]["href"]).json()
    assert [each["name"] for each in before["results"]] == ["Harbour 0"]


def test_a_query_encoded_twice_is_read_as_one_of_codat_s_samples_has_it(site):
    site.call("POST", "/companies", {"name": "Harbour"})

    assert site.call("GET", "/companies?query=name%253DHarbour").json()["totalResults"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "name",
        "name=",
        "=x",
        "name==x",
        "name=a &&",
        "&& name=a",
        "name=a || || name=b",
        "{name=a",
        "name=a}",
        "{}",
        "name=a name=b {",
        "colour=red",
        "Name=a",
        "dataConnections=1",
        "name>a",
        "created~2026",
        "created=yesterday",
        "created>0001-01-01",
        "created>9999-12-31T23:59:59-14:00",
        "name=a\x00",
        "{" * (DEPTH_MAX + 1) + "name=a" + "}" * (DEPTH_MAX + 1),
        "&&".join(["id=a"] * (CLAUSES_MAX + 1)),
        "name=" + "a" * QUERY_LENGTH_MAX,
        "{" * 2000,
    ],
)
def test_what_cannot_be_read_is_a_400_that_names_the_parameter(site, query):
    answer = site.call("GET", "/companies", params={"query": query})

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == "query"


@pytest.mark.parametrize("number", ["1.5", "ten", "-", "²", str(WHOLE_NUMBER_MAX + 1), "9" * 30])
def test_a_number_is_a_whole_one_within_bounds(site, world, number):
    made = worlds.make_account(world)

    answer = site.call("GET", f"/companies/{made.company_id}/push", params={"query": f"timeoutInMinutes={number}"})

    assert answer.status_code == 400


@both
def test_the_largest_query_is_answered(site, world):
    deep = "{" * DEPTH_MAX + "name=a" + "}" * DEPTH_MAX
    wide = "||".join(["dataConnections.status!=Linked"] * (CLAUSES_MAX - 1))

    assert site.call("GET", "/companies", params={"query": deep}).status_code == 200
    assert site.call("GET", "/companies", params={"query": wide}).status_code == 200
    assert site.call("GET", "/companies", params={"query": f"timeout={WHOLE_NUMBER_MAX}"}).status_code == 400


@pytest.mark.parametrize("name", ["query", "tags", "orderBy"])
def test_spaces_count_as_characters_do(site, name):
    """Found by the fuzzer's long run: 200 for more of them than the document allows."""
    at_most = {"params": {name: " " * QUERY_LENGTH_MAX}}
    assert site.call("GET", "/companies", **at_most).status_code == 200
    answer = site.call("GET", "/companies", params={name: " " * (QUERY_LENGTH_MAX + 1)})
    assert (answer.status_code, answer.json()["validation"]["errors"][0]["itemId"]) == (400, name)


@pytest.mark.parametrize("tags", ["region", "region>uk", "region=uk || team=x", "{region=uk}", "a=b\x00", "=uk"])
def test_tags_take_less_of_the_language(site, tags):
    answer = site.call("GET", "/companies", params={"tags": tags})

    assert answer.status_code == 400
    assert answer.json()["validation"]["errors"][0]["itemId"] == "tags"


@pytest.mark.parametrize("order", ["colour", "dataConnections.status", "-", "name,created", "--name", "integrationKey"])
def test_an_order_by_something_else_is_refused(site, order):
    assert site.call("GET", "/companies", params={"orderBy": order}).status_code == 400


@given(st.text(alphabet="{}&|=!~<> abname.\x00ö", max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(Invalid):
        read_query(text, COMPANIES)


def test_a_date_without_a_zone_is_utc():
    assert read_query("created=2026-02-03", COMPANIES).value == datetime(2026, 2, 3, tzinfo=UTC)
