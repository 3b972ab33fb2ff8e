"""A real PostgreSQL for tests and benchmarks: made in a temporary directory, on a free port, ended by its process id.

PostgreSQL refuses to run as root; then it runs as the `postgres` user that Debian's package makes.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from glob import glob
from itertools import count
from pathlib import Path

import psycopg

READY_WITHIN_S = 90
STANDBY = "standby"
_numbers = count(1)


class NoPostgreSQLError(Exception):
    """The programs are not on this machine; the message says how to get them."""


def programs() -> Path:
    """The directory of initdb and postgres, the newest version found."""
    on_path = shutil.which("initdb")
    found = sorted(glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: int(p.split("/")[4]))  # noqa: PTH207
    if not found and on_path is None:
        raise NoPostgreSQLError("PostgreSQL is not installed: sudo apt-get install postgresql")
    return Path(found[-1] if found else str(on_path)).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """One server. `durable` False trades safety against a power cut for speed; a killed process loses nothing.
    `addresses` are where it listens.
    """

    def __init__(self, *, durable: bool = False, options: tuple[str, ...] = (), addresses: str = "127.0.0.1") -> None:
        self.addresses = addresses
        self.bin = programs()
        self.directory = Path(tempfile.mkdtemp(prefix="bankfeeds-pg-"))
        self.port = free_port()
        self.options = (*options, *(() if durable else ("fsync=off",)))
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user = _unprivileged()
        if self._as_user:
            os.chown(self.directory, self._as_user.pw_uid, self._as_user.pw_gid)
        self.data = self.directory / "data"

    def init(self) -> None:
        self.run("initdb", "-D", str(self.data), "-U", "bankfeeds", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")

    def trust(self, network: str) -> None:
        """Lets in who calls from there; before `start`."""
        with (self.data / "pg_hba.conf").open("a", encoding="ascii") as rules:
            rules.write(f"host all all {network} trust\n")

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._prefix(), str(self.bin / program), *arguments], check=True, capture_output=True, cwd=self.directory
        )

    def init_standby(self, primary: "Cluster") -> None:
        """A copy of the running primary, made to follow it; `start` it, then have the primary wait for it."""
        source = f"host=127.0.0.1 port={primary.port} user=bankfeeds application_name={STANDBY}"
        self.run("pg_basebackup", "-d", source, "-D", str(self.data), "-R", "-X", "stream", "--checkpoint=fast")

    def wait_for_standby(self) -> None:
        """From here on a commit is answered only when the standby has it on disk too."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'".encode())
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + READY_WITHIN_S
            query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            while connection.execute(query).fetchall() != [(1,)]:
                if time.monotonic() > deadline:
                    raise TimeoutError("the standby does not follow")
                time.sleep(0.05)

    def promote(self) -> None:
        """It is the primary from here on, and waits for nobody."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_promote(wait => true, wait_seconds => 30)")

    def start(self) -> None:
        options = (f"port={self.port}", f"listen_addresses={self.addresses}", f"unix_socket_directories={self.directory}",
                   "max_connections=200", *self.options)  # fmt: skip
        command = [*self._prefix(), str(self.bin / "postgres"), "-D", str(self.data)]
        for option in options:
            command += ["-c", option]
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            with (self.directory / "log").open("ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory)
            try:
                self.wait_ready()
            except psycopg.OperationalError:  # after a kill, its helpers may still hold on to the shared memory
                if self._process.poll() is None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def wait_ready(self, database: str = "postgres") -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                psycopg.connect(self.url(database), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                    raise
                time.sleep(0.05)
            else:
                return

    def url(self, database: str) -> str:
        return f"postgresql://bankfeeds@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """The address of a new database, a copy of the template."""
        name = f"db_{os.getpid()}_{next(_numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return self.url(name)

    def kill(self) -> None:
        """As a crash would: at once, without a checkpoint. Its helpers notice and end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(READY_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _prefix(self) -> list[str]:
        if self._as_user is None:
            return []
        user = self._as_user
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError as error:
        raise NoPostgreSQLError("PostgreSQL will not run as root and there is no user `postgres`") from error
