"""What deploy/ gives to Prometheus and Grafana, asked of a real Prometheus that scrapes a platform at work."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from bank_lines import make_lines
from clusters import free_port
from institutions import Customer
from processes import Child, wait_until
from sage_users import SageCompany
from systems import System, running

pytestmark = pytest.mark.slow
DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "bankfeeds.rules.yml"
RULE_TESTS = DEPLOY / "prometheus" / "bankfeeds.rules.test.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "bankfeeds.json").read_text(encoding="utf-8"))
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
_COMPARISON = re.compile(r" (==|!=|>=|<=|>|<) (?=[\d.]+( |$))")
_METRIC = re.compile(r"\b(bankfeeds_\w+?)(?:_bucket|_count|_sum)?\b(?=[\[{) ]|$)")
ANSWERED_WITHIN_S = 60.0


def program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"these tests need {name}: sudo apt-get install prometheus"
    return path


def asked_as_figures(expression: str) -> str:
    """An alert's expression with data whether it fires or not: comparisons answer 0 or 1, `and` becomes a product."""
    return _COMPARISON.sub(r" \1 bool ", expression).replace("\nand ", " * ").replace(" and ", " * ")


def panels() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """With lines delivered, and requests answered."""
    with running(tmp_path_factory.mktemp("system"), METRICS_ADDRESS=f"127.0.0.1:{free_port()}") as system:
        system.fresh()
        customer = Customer(system, "Harbour Bakery")
        customer.open_account()
        SageCompany(system).link(customer)
        customer.follow(customer.push(make_lines(20)))
        yield system


@pytest.fixture(scope="module")
def prometheus(platform: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; it scrapes the platform once a second and evaluates our rules."""
    directory = tmp_path_factory.mktemp("prometheus")
    given = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    given["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    given["rule_files"] = [str(RULES)]
    given["scrape_configs"][0]["static_configs"] = [{"targets": [platform.settings["BANKFEEDS_METRICS_ADDRESS"]]}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        program("prometheus"),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
    ]
    child = Child(command, {}, directory / "prometheus.log")
    try:
        wait_until(lambda: _is_ready(address), "Prometheus is ready", 30)
        yield f"http://{address}"
    finally:
        child.stop()


def _is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"http://{address}/-/ready", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def ask(address: str, path: str, **query: str) -> Any:
    answer = httpx2.get(f"{address}/api/v1/{path}", params=query, trust_env=False).json()
    assert answer["status"] == "success", answer
    return answer["data"]


def test_every_expression_of_the_dashboard_and_of_the_alerts_is_answered_with_data(
    prometheus: str, platform: System
) -> None:
    expressions = panels() + [asked_as_figures(alert["expr"]) for alert in ALERTS if "absent(" not in alert["expr"]]
    unanswered = list(expressions)

    shown_first = panels()[:6]

    def is_answered(expression: str) -> bool:
        found = ask(prometheus, "query", query=expression)["result"]
        return bool(found) and (expression not in shown_first or found[0]["value"][1] != "NaN")

    def are_answered() -> bool:
        unanswered[:] = [each for each in unanswered if not is_answered(each)]
        platform.http.get(platform.api_url + "/companies", headers={"authorization": platform.authorization})
        return not unanswered

    try:
        wait_until(are_answered, "Prometheus has data for every expression", ANSWERED_WITHIN_S)
    finally:
        assert not unanswered
    assert len(expressions) > len(ALERTS)


def test_every_rule_is_evaluated_without_error_and_none_fires_on_a_platform_that_is_well(prometheus: str) -> None:
    def rules() -> list[dict[str, Any]]:
        found = [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
        return found if all(rule["health"] == "ok" for rule in found) else []

    found = wait_until(rules, "Prometheus has evaluated every rule")
    assert {rule["name"] for rule in found} == {alert["alert"] for alert in ALERTS}
    assert [rule["name"] for rule in found if rule["state"] == "firing"] == []


def test_each_alert_fires_in_promtools_rule_tests_and_is_silent_before() -> None:
    subprocess.run([program("promtool"), "test", "rules", RULE_TESTS.name], cwd=RULE_TESTS.parent, check=True)
    checked: dict[str, list[bool]] = {}
    for each in yaml.safe_load(RULE_TESTS.read_text(encoding="utf-8"))["tests"]:
        for test in each["alert_rule_test"]:
            checked.setdefault(test["alertname"], []).append(bool(test.get("exp_alerts")))
    assert checked == {alert["alert"]: [False, True] for alert in ALERTS}


def test_the_example_configuration_is_valid() -> None:
    config = DEPLOY / "prometheus" / "prometheus.yml"
    subprocess.run([program("promtool"), "check", "config", config.name], cwd=config.parent, check=True)


def test_every_metric_is_in_the_dashboard_or_in_an_alert_and_they_name_no_other() -> None:
    page = (DEPLOY.parent / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(bankfeeds_\w+)` \|", page, flags=re.MULTILINE))
    text = " ".join([*panels(), *(alert["expr"] for alert in ALERTS)])
    assert set(_METRIC.findall(text)) == documented
