"""What the app has to be told: where Bankfeeds is, its key, and which hosts are Sage's."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SAGE_HOSTS = ("*.sagebankdrive.com", "*.sage.com", "*.intacct.com", "*.sageone.com")


@dataclass(frozen=True)
class Config:
    """`hosts` may show this app in a frame and have the customer back: `[scheme://]host[:port]`, https unless given.

    `listed_as`: the name by which a customer finds the bank in Sage.
    """

    api_url: str
    authorization: str
    data: Path
    hosts: tuple[str, ...] = SAGE_HOSTS
    listed_as: str = "Harbour Bank"
    journey_s: int = 600


def from_environment(environ: Mapping[str, str], data: Path) -> Config:
    """BANK_APP_API_URL, BANK_APP_API_KEY, BANK_APP_LISTED_AS and, for tests only, BANK_APP_MORE_HOSTS."""
    key = base64.b64encode(environ["BANK_APP_API_KEY"].encode()).decode()
    more = tuple(environ.get("BANK_APP_MORE_HOSTS", "").split())
    listed_as = environ.get("BANK_APP_LISTED_AS", "Harbour Bank")
    return Config(environ["BANK_APP_API_URL"].rstrip("/"), f"Basic {key}", data, SAGE_HOSTS + more, listed_as)


def from_details(details: Mapping[str, Any], data: Path) -> Config:
    """Of `make dev`: the sandbox stands in for Sage, under names of this machine."""
    platform, sandbox = details["platform"], details["sandbox"]
    port = urlsplit(str(sandbox["uiUrl"])).port
    more = tuple(f"http://{host}:{port}" for host in ("127.0.0.1", "localhost", "*.localhost"))
    return Config(platform["apiUrl"], platform["authorization"], data, SAGE_HOSTS + more, "Bankfeeds")
