"""What two answers can be compared by when their values are made up: statuses, members and their kinds, words."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sage_sandbox.diff.transcript import Call

WORDS = frozenset({"status", "code", "type", "resourceType"})
"""Members whose values are words of the protocol, compared one by one."""
_ID = re.compile(r"[0-9a-f-]{16,}|[0-9]+", re.IGNORECASE)
_PLAIN_ERROR = 400


@dataclass(slots=True)
class Answers:
    """Everything that one side answered with one status, laid together."""

    members: set[str] = field(default_factory=set[str])
    always: set[str] | None = None
    words: set[str] = field(default_factory=set[str])
    count: int = 0

    def add(self, body: Any) -> None:
        self.count += 1
        found, words = set[str](), set[str]()
        _walk(body, "$", found, words)
        self.members |= found
        self.words |= words
        self.always = found if self.always is None else self.always & found


@dataclass(slots=True)
class Asked:
    """What Sage sent along: names of the query, members of the body, schemes of its credentials."""

    query: set[str] = field(default_factory=set[str])
    members: set[str] = field(default_factory=set[str])
    count: int = 0

    def add(self, call: Call) -> None:
        self.count += 1
        self.query |= set(call.query)
        if call.request.json is not None:
            _walk(call.request.json, "$", self.members, set())
        if (scheme := call.request.headers.get("authorization", "").partition(" ")[0]) != "":
            self.members.add(f"authorization: {scheme}")


class Side:
    """All calls of one side: answers by operation and status, requests by operation."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[int, Answers]] = defaultdict(lambda: defaultdict(Answers))
        self.asked: dict[str, Asked] = defaultdict(Asked)

    def add(self, call: Call) -> None:
        name = operation(call)
        if call.by == "sage":
            self.asked[name].add(call)
        elif call.status is not None:
            self.answers[name][call.status].add(call.answer.json)


def operation(call: Call) -> str:
    """A method and a path with its ids taken out; of Sage's own calls only the last segment is Sage's."""
    parts = [part for part in call.path.split("/") if part]
    if call.by == "sage":
        return f"{call.method} {parts[-1] if parts else ''}"
    for at, part in enumerate(parts):
        if part in {"v1", "oauth", ".well-known"}:
            parts = parts[at:]
            break
    shown = [
        part if part in _SEGMENTS else "{id}" if _ID.fullmatch(part) or at else part for at, part in enumerate(parts)
    ]
    return f"{call.method} /{'/'.join(shown)}"


_SEGMENTS = frozenset(
    {
        "v1",
        "banks",
        "authorisations",
        "statements",
        "accountqueries",
        "sync",
        "oauth",
        "token",
        ".well-known",
        "jwks.json",
    }
)


def _walk(value: Any, at: str, members: set[str], words: set[str]) -> None:
    if isinstance(value, dict):
        members.add(f"{at}: object")
        for name, each in value.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            _walk(each, f"{at}.{name}", members, words)
            if name in WORDS and isinstance(each, str):
                words.add(f"{at}.{name}: {each}")
    elif isinstance(value, list):
        members.add(f"{at}: array")
        for each in value:  # pyright: ignore[reportUnknownVariableType] - JSON
            _walk(each, f"{at}[]", members, words)
    elif value is not None or at != "$":
        members.add(f"{at}: {_kind(value)}")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "null" if value is None else "string" if isinstance(value, str) else "number"


def differences(theirs: Side, ours: Side) -> dict[str, list[str]]:
    """By operation; an empty list where both agree. `theirs` is Sage, `ours` the sandbox."""
    found: dict[str, list[str]] = {}
    for name, by_status in theirs.answers.items():
        found[name] = [
            line for status in by_status for line in _of_status(status, by_status[status], ours.answers[name])
        ]
    for name, asked in theirs.asked.items():
        found[name] = _of_request(asked, ours.asked.get(name))
    return found


def _of_status(status: int, theirs: Answers, ours: dict[int, Answers]) -> list[str]:
    if status not in ours:
        said = ", ".join(str(each) for each in sorted(ours)) or "nothing that can be compared"
        return [f"{status}: Sage answered it {theirs.count} times; the sandbox answers {said}"]
    mine = ours[status]
    lines = [f"{status}: {member} is in Sage's answer only" for member in sorted(theirs.members - mine.members)]
    lines += [
        f"{status}: {member} is in the sandbox's answer only"
        for member in sorted((mine.always or set()) - theirs.members)
    ]
    return lines + [f"{status}: {word} is said by Sage only" for word in sorted(theirs.words - mine.words)]


def _of_request(theirs: Asked, ours: Asked | None) -> list[str]:
    if ours is None:
        return ["the sandbox never makes this call"]
    lines = [f"parameter {name} is sent by Sage only" for name in sorted(theirs.query - ours.query)]
    lines += [f"parameter {name} is sent by the sandbox only" for name in sorted(ours.query - theirs.query)]
    lines += [f"{member} is sent by Sage only" for member in sorted(theirs.members - ours.members)]
    return lines + [f"{member} is sent by the sandbox only" for member in sorted(ours.members - theirs.members)]
