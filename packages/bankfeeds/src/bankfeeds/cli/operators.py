"""`bankfeeds operators`: the people who work in the portal."""

import getpass
import secrets
import sys

from cyclopts import App

from bankfeeds.cli import opening, output
from bankfeeds.domain.operator import Role
from bankfeeds.flows import operators

app = App(name="operators", help="Operators: the people who work in the portal.")


@app.command
def add(
    name: str,
    *,
    role: Role = Role.administrator,
    generate: bool = False,
    no_password: bool = False,
    reason: str | None = None,
) -> None:
    """Let a person sign in to the portal; the password is asked for, or read from standard input.

    Args:
        name: what they sign in with, such as ann or ann@bank.example.
        role: `viewer` looks; `developer` also keeps API keys; `administrator` changes everything.
        generate: make a password and print it, alone; it is shown this once.
        no_password: they sign in with OpenID Connect only.
        reason: why, for the audit trail.
    """
    password = None if no_password else _password(name, generate=generate)
    with opening.world() as world:
        operators.add(world, opening.actor(), name, role, password, reason)
    output.show_line(password if generate and password else f"{name} may sign in as {role.value}")


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List the operators, removed ones too.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = operators.every(world)
    if json:
        output.show_json([output.fields_of(each) for each in found])
        return
    rows = [
        (
            each.name,
            each.role.value,
            "removed" if each.removed_at else "active",
            output.instant(each.signed_in_at) if each.signed_in_at else "never",
        )
        for each in found
    ]
    output.show_table(("name", "role", "state", "signed in"), rows)


@app.command
def role(name: str, role: Role, *, reason: str | None = None) -> None:
    """Give a person another role.

    Args:
        name: as `operators list` shows it.
        role: viewer, developer or administrator.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        operators.set_role(world, opening.actor(), name, role, reason)


@app.command
def password(name: str, *, generate: bool = False, reason: str | None = None) -> None:
    """Set a new password, asked for or read from standard input; signs the person out everywhere, and unlocks.

    Args:
        name: as `operators list` shows it.
        generate: make a password and print it, alone; it is shown this once.
        reason: why, for the audit trail.
    """
    new = _password(name, generate=generate)
    with opening.world() as world:
        operators.set_password(world, opening.actor(), name, new, reason)
    if generate:
        output.show_line(new)


@app.command
def unlock(name: str, *, reason: str | None = None) -> None:
    """Let a person try again at once, after too many wrong passwords.

    Args:
        name: as `operators list` shows it.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        operators.unlock(world, opening.actor(), name, reason)


@app.command(name=["remove", "disable"])
def remove(name: str, *, reason: str | None = None) -> None:
    """Let a person in no longer; who is signed in is out at once. The audit trail keeps the name.

    Args:
        name: as `operators list` shows it.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        operators.remove(world, opening.actor(), name, reason)


def _password(name: str, *, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(18)
    if sys.stdin.isatty():
        return getpass.getpass(f"Password for {name}: ")
    return sys.stdin.readline().rstrip("\r\n")
