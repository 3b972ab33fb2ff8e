"""What a verb's process is made of: nothing that only a server or a migration needs."""

import subprocess
import sys

import pytest

SERVERS_OWN = {"alembic", "mako", "uvicorn", "uvloop", "prometheus_client", "jinja2", "argon2", "opentelemetry"}


@pytest.mark.parametrize("verb", ["importing", "feeds", "quarantine"])
def test_a_verb_starts_without_what_only_serving_and_migrating_need(verb):
    """They cost it a quarter of a second and 12 MB."""
    told = "import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    started = subprocess.run(
        [sys.executable, "-c", f"import bankfeeds.cli.{verb}; {told}"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not SERVERS_OWN & set(started.stdout.split())
