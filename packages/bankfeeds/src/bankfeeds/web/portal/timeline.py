"""One entry of an account's timeline in a person's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import cast

from bankfeeds.domain.authorisation import AuthorisationKind, AuthorisationStatus
from bankfeeds.domain.feed_view import StatementView
from bankfeeds.domain.history import Entry
from bankfeeds.domain.push_operation import PushOperation
from bankfeeds.domain.statement import StatementStatus
from bankfeeds.web.portal.phrases import told as phrase
from bankfeeds.web.portal.states import tone
from bankfeeds.web.portal.telling import amount
from bankfeeds.web.portal.words import Words

PROBLEMS_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Told:
    """`outcome`: how a statement ended, in words; `key`: of the push operation it tells of."""

    at: datetime
    tone: str
    title: str
    details: tuple[str, ...] = ()
    outcome: str | None = None
    actor: str | None = None
    reason: str | None = None
    key: str | None = None


def told(words: Words, entry: Entry, currency: str | None) -> Told:
    if entry.push is not None:
        return _push(words, entry, entry.push)
    if entry.statement is not None:
        return _statement(words, entry, entry.statement, currency)
    if entry.actor is None:
        return _authorisation(words, entry)
    return _act(words, entry, entry.actor)


def _push(words: Words, entry: Entry, push: PushOperation) -> Told:
    first, last = push.first_seq, push.last_seq
    lines = 0 if first is None or last is None else last - first + 1
    title = words[f"push_{push.status.value}"].format(lines=lines) if lines else words["push_repeats"]
    flaws = tuple(phrase(words.language, flaw.message) for flaw in (*push.errors, *push.warnings)[:PROBLEMS_SHOWN_MAX])
    return Told(entry.place.at, tone(push.status.value), title, flaws, key=push.key)


def _statement(words: Words, entry: Entry, statement: StatementView, currency: str | None) -> Told:
    title = words[f"statement_{statement.kind}"].format(lines=statement.line_count)
    balance, details = entry.detail.get("balance"), list[str]()
    if isinstance(balance, Decimal) and statement.status != StatementStatus.refused.value:
        shown = amount(words, balance, currency)
        details.append(words["statement_more_balance"].format(balance=shown, on=entry.detail.get("on")))
    if statement.refusal:
        details.append(words["statement_refused_more"].format(refusal=phrase(words.language, statement.refusal)))
    outcome = words[f"outcome_{statement.status}"]
    return Told(entry.place.at, tone(statement.status), title, tuple(details), outcome)


def _authorisation(words: Words, entry: Entry) -> Told:
    if entry.what == AuthorisationStatus.succeeded.value:
        is_renewal = entry.detail.get("kind") == AuthorisationKind.reauthorisation.value
        return Told(entry.place.at, "good", words[f"authorisation_{'reauthorisation' if is_renewal else 'onboarding'}"])
    is_over = entry.what == AuthorisationStatus.refused.value
    return Told(
        entry.place.at, "bad" if is_over else "busy", words[f"authorisation_{'failed' if is_over else 'pending'}"]
    )


def _act(words: Words, entry: Entry, actor: str) -> Told:
    key = f"act_{entry.what.replace('.', '_')}"
    known = _Known({name: _plain(value) for name, value in entry.detail.items()}, what=entry.what)
    title = words[key if key in words else "act_other"].format_map(known)
    details: tuple[str, ...] = ()
    if entry.what == "feed.open":
        more = "act_feed_open_more" if entry.detail.get("startOn") else "act_feed_open_more_undated"
        details = (words[more].format_map(known),)
    return Told(
        entry.place.at,
        tone(entry.what),
        title,
        details,
        None,
        actor,
        entry.reason and phrase(words.language, entry.reason),
    )


def _plain(value: object) -> str:
    return ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


class _Known(dict[str, str]):
    """What an audit row told; a gap where it told nothing."""

    def __init__(self, told: Mapping[str, str], **more: str) -> None:
        super().__init__(told, **more)

    def __missing__(self, name: str) -> str:
        return "\u2026"
