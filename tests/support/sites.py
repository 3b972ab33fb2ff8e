"""The example bank's web app beside a running system, and time that passes for the platform's authorisations."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from processes import Child
from systems import System

from bankfeeds.store.tables import authorisations, login_failures

ROOT = Path(__file__).parents[2]


class BankApp:
    """`url`: where its customers sign in. `path_of`: a customer's connection, in the platform's API."""

    def __init__(self, url: str, links: Path) -> None:
        self.url = url
        self._links = links

    def path_of(self, customer_id: str) -> str:
        return str(json.loads(self._links.read_text(encoding="utf-8"))[customer_id])


@contextmanager
def bank_app(system: System, directory: Path) -> Generator[BankApp]:
    details, links = directory / "details.json", directory / "links.json"
    platform = {"apiUrl": system.api_url, "authorization": system.authorization}
    details.write_text(json.dumps({"platform": platform, "sandbox": system.details}), encoding="utf-8")
    command = [sys.executable, str(ROOT / "examples/bank-web-app"), "--port", "0"]
    child = Child([*command, "--details", str(details), "--data", str(links)], {}, directory / "bank-web-app.log")
    try:
        yield BankApp(child.first_line().rsplit(" ", 1)[-1], links)
    finally:
        assert child.stop() == 0, child.last_words()


def end_sessions(system: System) -> None:
    """As if their 20 minutes had gone by at the platform."""
    now = datetime.now(UTC)
    old = sa.update(authorisations).where(authorisations.c.expires_at > now)
    _change(system, old.values(expires_at=now - timedelta(seconds=1)))


def forget_failures(system: System) -> None:
    """As if a day had gone by since each wrong password."""
    _change(system, sa.update(login_failures).values(at=datetime.now(UTC) - timedelta(days=1)))


def _change(system: System, statement: sa.Update) -> None:
    url = system.settings["BANKFEEDS_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()
