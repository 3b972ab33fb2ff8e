"""A release rolled out and taken back under load, each process at a time, on the newer schema: nothing lost or refused."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bank_lines import make_lines, parts_of
from fleets import Fleet, Member, running_fleet
from institutions import Customer
from processes import run, wait_until
from pushers import Pusher, pushing
from releases import make_next, unpack_previous
from sage_users import SageCompany
from systems import System, running

from bankfeeds.store import schema

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MEMBERS = {"api-1": ("api", "sage"), "api-2": ("api", "sage"), "worker-1": ("worker",), "worker-2": ("worker",)}
LINES, PART = 4000, 5


@pytest.fixture(params=["a release to come", "the release before"])
def releases(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path | None, Path | None]:
    """Where the older and the newer program are; None: here."""
    if request.param == "a release to come":
        return None, make_next(tmp_path / "next")
    previous = unpack_previous(tmp_path / "previous")
    if previous is None:
        pytest.skip("the repository's history is not here; a release to come is tried all the same")
    return previous, None


def paths(release: Path | None) -> dict[str, str]:
    return {"PYTHONPATH": "" if release is None else str(release)}


def migrate(system: System, release: Path | None) -> str:
    return run([sys.executable, "-m", "bankfeeds", "migrate"], {**system.settings, **paths(release)})


def replace_each(fleet: Fleet, release: Path | None) -> None:
    """One process after the other, each asked to end and replaced on the same port once it has."""
    for name, member in fleet.members.items():
        assert member.child is not None
        assert member.child.stop() == 0, member.child.last_words()
        member.prefix = ["env", *(f"{key}={value}" for key, value in paths(release).items())]
        fleet.start(name)
        wait_until(lambda at=member: is_ready(fleet, at.port), f"{name} is ready")


def is_ready(fleet: Fleet, port: int) -> bool:
    return fleet.http.get(f"http://127.0.0.1:{port}/readyz").status_code == 200


def test_it_is_rolled_out_and_taken_back_one_process_at_a_time(
    tmp_path: Path, releases: tuple[Path | None, Path | None], new_postgresql: Callable[[], str]
) -> None:
    older, newer = releases
    url = new_postgresql()
    members = {
        name: Member(roles, ["env", *(f"{k}={v}" for k, v in paths(older).items())]) for name, roles in MEMBERS.items()
    }
    with running_fleet(tmp_path, url, members, release=older) as fleet:
        fleet.fresh(strictOrder=True)
        customer = Customer(fleet, "Harbour Bakery")
        customer.open_account()
        company = SageCompany(fleet)
        bank_account = company.link(customer)
        lines = make_lines(LINES)
        pusher = Pusher(customer, parts_of(lines, PART))
        with pushing(pusher):
            wait_until(lambda: len(pusher.operations) > 5, "pushes are under way")
            assert migrate(fleet, newer) == "migrated"
            replace_each(fleet, newer)
            among = len(pusher.operations)
            replace_each(fleet, older)
            wait_until(lambda: len(pusher.operations) > among + 5, "pushes go on")
            pusher.enough()
            pusher.finish()
        sent = lines[: len(pusher.operations) * PART]
        assert LINES > len(sent) > 15 * PART
        fleet.judge.expect({company.external_id(bank_account): sent})
        customer.follow(*pusher.operations[-1:])
        customer.follow(*pusher.operations)
        fleet.judge.find_clean(bank_account)


@pytest.mark.parametrize("releases", ["a release to come"], indirect=True)
def test_on_sqlite_the_program_is_replaced_and_taken_back_on_the_newer_schema(
    tmp_path: Path, releases: tuple[Path | None, Path | None]
) -> None:
    older, newer = releases
    directory = tmp_path / "system"
    directory.mkdir()
    with running(directory, release=older) as system:
        system.fresh(strictOrder=True)
        customer = Customer(system, "Harbour Bakery")
        customer.open_account()
        company = SageCompany(system)
        bank_account = company.link(customer)
        lines = make_lines(60)
        pushed = []
        for part, release in zip(parts_of(lines, 20), (older, newer, older), strict=True):
            system.stop_platform()
            system.settings = {**system.settings, **paths(release)}
            system.restart_platform()
            pushed.append(customer.push(part))
        customer.follow(*pushed)
        system.judge.expect({company.external_id(bank_account): lines})
        system.judge.find_clean(bank_account)


def test_a_newer_schema_that_does_not_admit_this_program_stops_it(tmp_path: Path) -> None:
    release = make_next(tmp_path / "next")
    revision = f"{int(schema.versions()[-1]) + 1:04d}"
    (migration,) = release.glob(f"**/{revision}_made_up.py")
    raised = f"    op.execute(\"UPDATE schema_state SET runs_from = '{revision}'\")"  # noqa: S608 - ours
    breaking = f"{raised}\n\n\ndef downgrade"
    migration.write_text(migration.read_text().replace("\n\ndef downgrade", breaking, 1))
    directory = tmp_path / "system"
    directory.mkdir()
    with running(directory) as system:
        assert migrate(system, release) == "migrated"
        wait_until(
            lambda: system.http.get(system.api_url + "/readyz").status_code == 503, "the running program is not ready"
        )
