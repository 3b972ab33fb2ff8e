"""`bankfeeds import-codat`: companies, connections and source accounts of another Codat-compatible server."""

import getpass
import os
import sys
from typing import Any

import httpx2

from bankfeeds.app import facts
from bankfeeds.app.world import http_client
from bankfeeds.cli import opening, output
from bankfeeds.cli.accounts import cut_over_day
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.codat.client import Client, checked_address
from bankfeeds.codat.source import CodatSource
from bankfeeds.domain.bringing import Verdict
from bankfeeds.flows import bring as flow

KEY = "CODAT_API_KEY"
DONE, NOT_ALL = 0, 1
SHOWN_MAX = 50
_KINDS = (("company", "companies"), ("connection", "connections"), ("account", "accounts"))
_SAID = {
    Verdict.new: "brought over",
    Verdict.there: "there already",
    Verdict.differs: "differing",
    Verdict.refused: "refused",
    Verdict.left: "left out",
}


def import_codat(
    source: str,
    *,
    cut_over: str,
    company: tuple[str, ...] = (),
    only_new: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Bring over companies, connections and source accounts with their ids from another Codat-compatible server.

    The API key is read from the environment as CODAT_API_KEY, else from standard input. Nothing is changed at that
    server. What is here already stays as it is, so that it can be run again. Connections that are linked there are not
    linked here: their users have to link again. Exit code 1: something was not taken, or the server could not be read.

    Args:
        source: where that server's API answers, such as https://api.codat.io
        cut_over: the first day whose lines go to Sage from here, such as 2026-01-31; `none` if none went from there.
        company: only this one; may be repeated.
        only_new: ask for the accounts of connections that are not here yet only; quicker after an import was cut off.
        dry_run: say what would be done, and do nothing.
        json: for programs.
    """
    address, day = checked_address(source), cut_over_day("--cut-over", cut_over)
    key = _key()
    order = flow.Order(day, company, only_new, dry_run)
    with opening.world() as world, http_client() as http:
        read = CodatSource(_client(address, key, http))
        report = flow.bring(world, opening.actor(), read, order, _quiet if json else _progress)
    if json:
        output.show_json(_fields(report, dry_run=dry_run))
    else:
        _tell(report, dry_run=dry_run)
    return DONE if report.is_whole else NOT_ALL


def _client(address: str, key: str, http: httpx2.Client) -> Client:
    return Client(address, key, http, facts.now)


def _key() -> str:
    found = os.environ.get(KEY, "")
    if not found:
        found = getpass.getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
    key = found.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise WrongUsage(f"the API key is missing: set {KEY}, or write it to standard input, on one line")
    return key


def _progress(seen: int, total: int) -> None:
    output.show_line(f"{seen} of {total} companies looked at")


def _quiet(_seen: int, _total: int) -> None:
    """Programs read the report."""


def _tell(report: flow.Report, *, dry_run: bool) -> None:
    for kind, plural in _KINDS:
        counts = [(_SAID[verdict], report.counts[kind, verdict]) for verdict in Verdict]
        told = ", ".join(f"{count} {said}" for said, count in counts if count)
        output.show_line(f"{plural}: {told or 'none'}")
    for each in report.troubles[:SHOWN_MAX]:
        output.show_line(f"{each.kind} {each.name}: {_SAID[each.verdict]}: {each.why}")
    if len(report.troubles) > SHOWN_MAX:
        output.show_line(f"{len(report.troubles) - SHOWN_MAX} more are in the report that --json writes")
    if report.relinks:
        accounts = sum(len(each.account_ids) for each in report.relinks)
        output.show_line(
            f"linked there: {accounts} accounts on {len(report.relinks)} connections; "
            "their users have to link them again, here: Sage's side of the link is that server's"
        )
    if report.stopped is not None:
        output.show_line(f"stopped: {report.stopped}")
    if dry_run:
        output.show_line("--dry-run: nothing was done")


def _fields(report: flow.Report, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dryRun": dry_run,
        "whole": report.is_whole,
        "stopped": report.stopped,
        "counts": {
            plural: {verdict.value: report.counts[kind, verdict] for verdict in Verdict} for kind, plural in _KINDS
        },
        "troubles": [output.fields_of(each) for each in report.troubles],
        "relink": [output.fields_of(each) for each in report.relinks],
    }
