"""Schemathesis over our own OpenAPI document: whatever it sends, no 500, and every answer as the document says."""

import subprocess
import sys

import pytest

from ... import worlds

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,negative_data_rejection,unsupported_method,use_after_free,ignored_auth"
)
ENDING = ("delete-company", "delete-connection", "delete-source-account", "unlink-connection")
"""Left to the run that makes up what it names: after them the other finds nothing any more."""


def fuzz(site, seconds, tmp_path, phases, excluded, named):
    """`named` are values of path parameters; those left out are made up."""
    config = tmp_path / "schemathesis.toml"
    config.write_text("[parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in named.items()))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
    command += ["run", f"{site.url}/openapi.json", "--url", site.url, "--max-time", str(seconds)]
    command += ["--header", f"Authorization:{site.authorization}", "--checks", CHECKS, "--phases", phases]
    command += ["--request-timeout", "10", "--max-response-time", "10", "--no-color", "--generation-database", "none"]
    for operation in ("delete-api-key", *excluded):  # it would find its own key, and be locked out
        command += ["--exclude-operation-id", operation]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=seconds + 120, check=False)
    with (tmp_path / "told.txt").open("a", encoding="utf-8") as told:  # how many cases it tried
        told.write(run.stdout)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr


def fuzz_both_ways(site, world, tmp_path, seconds):
    linked = worlds.make_account(world)
    worlds.link(world, linked)
    path = (
        f"/companies/{linked.company_id}/connections/{linked.connection_id}/push/bankAccounts/acc-001/bankTransactions"
    )
    line = {"id": "tx-1", "date": "2026-02-01", "amount": 1, "balance": 1}
    pushed = site.call("POST", path, {"accountId": "acc-001", "transactions": [line]}).json()
    there = {
        "companyId": linked.company_id,
        "connectionId": linked.connection_id,
        "accountId": "acc-001",
        "pushOperationKey": pushed["pushOperationKey"],
    }
    fuzz(site, seconds, tmp_path, "coverage,fuzzing", ENDING, there)
    fuzz(site, seconds // 2, tmp_path, "fuzzing,stateful", (), {})


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_fuzzer_finds_nothing_in_a_minute(site, world, tmp_path):
    fuzz_both_ways(site, world, tmp_path, 40)


@pytest.mark.soak
@pytest.mark.parametrize("world", worlds.BOTH, indirect=True)
def test_a_fuzzer_finds_nothing_in_a_quarter_of_an_hour(site, world, tmp_path):
    fuzz_both_ways(site, world, tmp_path, 600)
