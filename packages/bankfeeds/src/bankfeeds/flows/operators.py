"""Operators: added, changed, removed; signing in to the portal, and the session that follows.

An attempt is written down before the password is looked at, so that any number of attempts at once count as many.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bankfeeds.domain.address import neighbourhood
from bankfeeds.domain.audit import AuditEntry
from bankfeeds.domain.errors import Conflict, Forbidden, NotFound
from bankfeeds.domain.operator import (
    INITIAL_PASSWORD_LASTS,
    NAME_LENGTH_MAX,
    OPERATORS_MAX,
    PASSWORD_LENGTH_MAX,
    SEEN_EVERY,
    SESSION_LONGEST,
    SIGN_IN_FAILURES_MAX,
    Operator,
    Role,
    Sitting,
    check_password,
    clean_name,
)
from bankfeeds.domain.text import is_storable
from bankfeeds.flows.context import World
from bankfeeds.store import audit, operators, otps, passwords
from bankfeeds.store.engine import Read, Write

TOKEN_LENGTH_MAX = 200
INITIAL_PASSWORD_LENGTH = 20


class WrongSignIn(Forbidden):
    """Which of the two was wrong is not said."""


class InitialPasswordOver(WrongSignIn):
    """It was right, but is only good for so long after it was handed out."""


class SignInLocked(Forbidden):
    """Too many failures; nothing is tried before `until`."""

    def __init__(self, until: datetime) -> None:
        message = f"too many attempts at signing in; the next one is possible at {until:%Y-%m-%d %H:%M} UTC"
        super().__init__("sign_in_locked", message)
        self.until = until


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `csrf` goes with each form; who does not have the session cannot make it."""

    operator: Operator
    sitting: Sitting
    csrf: str


def add(
    world: World,
    actor: str,
    name: str,
    role: Role,
    password: str | None,
    reason: str | None = None,
    *,
    is_initial: bool = False,
) -> Operator:
    """Without a password they can sign in with OpenID Connect only. An initial one is good for INITIAL_PASSWORD_LASTS,
    and has to be replaced by who signs in with it. Conflict if the name is taken.
    """
    name = clean_name(name)
    password_hash = _checked_hash(password) if password is not None else None
    now = world.clock()
    until = now + INITIAL_PASSWORD_LASTS if is_initial else None

    def run(tx: Write) -> Operator:
        operators.lock(tx)
        live = [each for each in operators.every(tx) if each.removed_at is None]
        if any(each.name == name for each in live):
            raise Conflict("operator_taken", f"there is an operator {name} already; choose another name")
        if len(live) >= OPERATORS_MAX:
            raise Conflict("operators_max", f"there are {OPERATORS_MAX} operators already; remove one first")
        made = operators.insert(tx, name, role, password_hash, until, now)
        audit.record(tx, AuditEntry(now, actor, "operator.add", f"operator:{name}", reason, {"role": role.value}))
        return made

    return world.db.write(run)


def every(world: World) -> list[Operator]:
    """In the order of their names; removed ones too."""
    return world.db.read(operators.every)


def new_password(world: World) -> str:
    """One that nobody has thought of, to be handed to somebody."""
    return world.ids.secret()[:INITIAL_PASSWORD_LENGTH]


def set_password(
    world: World, actor: str, name: str, password: str, reason: str | None = None, *, is_initial: bool = False
) -> None:
    """Signs them out everywhere, and ends what locks the name. Initial ones: as `add` has them."""
    password_hash = _checked_hash(password)
    now = world.clock()
    until = now + INITIAL_PASSWORD_LASTS if is_initial else None

    def run(tx: Write) -> None:
        found = _find(tx, name)
        operators.set_password(tx, found.pk, password_hash, until)
        otps.forget_failures(tx, _of_name(found.name))
        audit.record(tx, AuditEntry(now, actor, "operator.password", f"operator:{found.name}", reason))

    world.db.write(run)


def change_password(world: World, session: Session, current: str, new: str, address: str) -> str:
    """Their own, by who is signed in; a new session's token, and every other session of theirs is over. WrongSignIn
    unless `current` is right, which is not asked of who signed in with an initial one. Wrong ones count as at the door.
    """
    password_hash = _checked_hash(new)
    operator = session.operator
    if operator.initial_until is None and not is_storable(current):
        raise _wrong()
    if operator.initial_until is None:
        _prove(world, operator.name, current, address)
    now = world.clock()

    def run(tx: Write) -> None:
        operators.set_password(tx, operator.pk, password_hash)
        audit.record(tx, AuditEntry(now, operator.actor, "operator.password", f"operator:{operator.name}"))

    world.db.write(run)
    return begin_session(world, operator)


def unlock(world: World, actor: str, name: str, reason: str | None = None) -> None:
    """Ends what too many wrong passwords locked."""
    now = world.clock()

    def run(tx: Write) -> None:
        found = _find(tx, name)
        otps.forget_failures(tx, _of_name(found.name))
        audit.record(tx, AuditEntry(now, actor, "operator.unlock", f"operator:{found.name}", reason))

    world.db.write(run)


def set_role(world: World, actor: str, name: str, role: Role, reason: str | None = None) -> None:
    """Conflict if nobody would be left who may change everything."""
    now = world.clock()

    def run(tx: Write) -> None:
        operators.lock(tx)
        found = _find(tx, name)
        if role is not Role.administrator:
            _keep_an_administrator(tx, found)
        operators.set_role(tx, found.pk, role)
        detail = {"role": [found.role.value, role.value]}
        audit.record(tx, AuditEntry(now, actor, "operator.role", f"operator:{found.name}", reason, detail))

    world.db.write(run)


def remove(world: World, actor: str, name: str, reason: str | None = None) -> None:
    """Signed out at once. Conflict if nobody would be left who may change everything."""
    now = world.clock()

    def run(tx: Write) -> None:
        operators.lock(tx)
        found = _find(tx, name)
        _keep_an_administrator(tx, found)
        operators.remove(tx, found.pk, now)
        audit.record(tx, AuditEntry(now, actor, "operator.remove", f"operator:{found.name}", reason))

    world.db.write(run)


def sign_in(world: World, name: str, password: str, address: str) -> str:
    """The token of a new session. WrongSignIn, or SignInLocked after too many of those for a name or an address."""
    name = name.strip().lower()[: NAME_LENGTH_MAX + 1]
    if not is_storable(name) or not is_storable(password):
        raise _wrong()
    operator = _prove(world, name, password, address)
    if operator.initial_until is not None and world.clock() >= operator.initial_until:
        raise InitialPasswordOver("initial_password", "the initial password is over; ask an administrator for another")
    return begin_session(world, operator)


def sign_in_proved(world: World, name: str) -> str:
    """The token of a new session, for a name that an OpenID Connect provider vouches for. WrongSignIn if no operator
    has it: operators are added here, not there.
    """
    found = world.db.read(lambda tx: operators.find(tx, name.strip().lower())) if is_storable(name) else None
    if found is None:
        raise WrongSignIn("sign_in", f"there is no operator {name[:NAME_LENGTH_MAX]}")
    return begin_session(world, found[0], "openid")


def begin_session(world: World, operator: Operator, how: str = "password") -> str:
    """For one whose identity has been proved. The session's token; it is kept by the browser alone."""
    now = world.clock()
    token = world.ids.secret()
    digest = world.sealer.digest(token)

    def begin(tx: Write) -> None:
        otps.forget_failures(tx, _of_name(operator.name))
        operators.begin_session(tx, operator.pk, digest, now, now - SESSION_LONGEST)
        entry = AuditEntry(now, operator.actor, "operator.sign_in", f"operator:{operator.name}", None, {"with": how})
        audit.record(tx, entry)

    world.db.write(begin)
    return token


def session(world: World, token: str) -> Session | None:
    """None if it is nobody's, was left alone for too long, or began too long ago."""
    if not token or len(token) > TOKEN_LENGTH_MAX or not is_storable(token):
        return None
    now = world.clock()
    digests = world.sealer.digests(token)
    found = world.db.read(lambda tx: operators.session(tx, digests))
    if found is None or found[1].is_over(now):
        return None
    operator, sitting = found
    if now >= sitting.seen_at + SEEN_EVERY:
        world.db.write(lambda tx: operators.see_session(tx, sitting.digest, now))
    return Session(operator, sitting, form_token(world, token))


def sign_out(world: World, token: str) -> None:
    digests = world.sealer.digests(token[:TOKEN_LENGTH_MAX])
    world.db.write(lambda tx: operators.end_session(tx, digests))


def form_token(world: World, secret: str) -> str:
    """What a form carries of the secret in a cookie, so that only a page of ours can have made it."""
    return world.sealer.digest(f"form:{secret}")


def leave_word(world: World, session: Session, text: str) -> None:
    """For the session's next page; sealed, since it may be a secret that is shown once."""
    sealed = world.sealer.seal(text)
    world.db.write(lambda tx: operators.set_flash(tx, session.sitting.digest, sealed))


def take_word(world: World, session: Session) -> str | None:
    """What `leave_word` left, once."""
    sealed = session.sitting.sealed_flash
    if sealed is None:
        return None
    world.db.write(lambda tx: operators.set_flash(tx, session.sitting.digest, None))
    return world.sealer.opened(sealed)


def _prove(world: World, name: str, password: str, address: str) -> Operator:
    """Whose name and password these are."""
    now = world.clock()
    found = world.db.write(lambda tx: _attempt(tx, world, name, address, now))
    is_right = len(password) <= PASSWORD_LENGTH_MAX and passwords.is_right(found[1] if found else None, password)
    if found is None or not is_right:
        world.db.write(lambda tx: otps.add_failure(tx, _of_address(address), now, _window_begins(world, now)))
        raise _wrong()
    return found[0]


def _attempt(tx: Write, world: World, name: str, address: str, now: datetime) -> tuple[Operator, str | None] | None:
    """Counts as failed from now on, until it succeeds."""
    begins = _window_begins(world, now)
    for counted, limit in (
        (_of_name(name), SIGN_IN_FAILURES_MAX),
        (_of_address(address), world.limits.login_failures_max),
    ):
        decisive_at = otps.nth_newest_failure(tx, counted, begins, limit)
        if decisive_at is not None:
            raise SignInLocked(decisive_at + timedelta(seconds=world.limits.login_window_s))
    otps.add_failure(tx, _of_name(name), now, begins)
    return operators.find(tx, name)


def _window_begins(world: World, now: datetime) -> datetime:
    return now - timedelta(seconds=world.limits.login_window_s)


def _of_name(name: str) -> str:
    """How failures are kept, in the table that the authorisation page has for addresses."""
    return f"portal name {name}"


def _of_address(address: str) -> str:
    return f"portal address {neighbourhood(address)}"


def _wrong() -> WrongSignIn:
    return WrongSignIn("sign_in", "the name or the password is wrong")


def _checked_hash(password: str) -> str:
    check_password(password)
    return passwords.hash_of(password)


def _find(tx: Read, name: str) -> Operator:
    found = operators.find(tx, name.strip().lower()) if is_storable(name) else None
    if found is None:
        raise NotFound("operator", f"operator {name} was not found; `bankfeeds operators list` shows them")
    return found[0]


def _keep_an_administrator(tx: Read, leaving: Operator) -> None:
    others = [each for each in operators.every(tx) if each.removed_at is None and each.pk != leaving.pk]
    if leaving.role is Role.administrator and not any(each.role is Role.administrator for each in others):
        raise Conflict("last_administrator", f"{leaving.name} is the last administrator; add another first")
