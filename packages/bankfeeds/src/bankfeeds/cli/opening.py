"""What a verb needs before it can begin: the settings in force, the world, and who is asking."""

import getpass
import os
from collections.abc import Generator
from contextlib import contextmanager

from bankfeeds import logs
from bankfeeds.app.listening import address_of
from bankfeeds.app.world import Opened, opened
from bankfeeds.flows.context import World
from bankfeeds.settings import Settings, load


def settings() -> Settings:
    """Read from the environment; logs are set up by them."""
    in_force = load(os.environ)
    logs.set_up(in_force.log_level, in_force.log_format)
    return in_force


@contextmanager
def office(*, any_key: bool = False) -> Generator[Opened]:
    """A world of its own beside whatever is serving, and what operators need; closed at the end.

    With `any_key` even where the secret key is not the database's.
    """
    with opened(settings(), any_key=any_key) as everything:
        yield everything


@contextmanager
def world() -> Generator[World]:
    with office() as everything:
        yield everything.world


def public_url() -> str:
    """Where Sage reaches the server that these settings start."""
    in_force = load(os.environ)
    return in_force.public_url or address_of(in_force.host, in_force.port)


def actor() -> str:
    """For the audit trail."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"operator:uid {os.getuid()}"
