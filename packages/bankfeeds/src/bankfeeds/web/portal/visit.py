"""What a page is told of the request it answers: who is there, in which language, and what was filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bankfeeds.domain.operator import Operator, Role
from bankfeeds.flows.operators import Session
from bankfeeds.web.endpoint import Answer, Call
from bankfeeds.web.portal.words import Words

if TYPE_CHECKING:
    from bankfeeds.web.portal.desk import Desk

FORM_BYTES_MAX = 64 * 1024


class PostedFile(NamedTuple):
    """`name` is what the browser calls it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """`fields` and `files` are empty unless something was posted. `word`: what the page before left to be said once.

    `token` goes with every form.
    """

    call: Call
    words: Words
    session: Session | None
    token: str
    here: str
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    files: Mapping[str, PostedFile] = field(default_factory=dict[str, PostedFile])
    word: Mapping[str, str] | None = None

    @property
    def path(self) -> Mapping[str, str]:
        """The path's parameters, decoded."""
        return self.call.path

    @property
    def operator(self) -> Operator:
        if self.session is None:
            raise LookupError("nobody is signed in on this page")
        return self.session.operator

    @property
    def actor(self) -> str:
        """For the audit trail."""
        return self.operator.actor

    def first(self, name: str) -> str:
        """The first value of a query parameter; empty if there is none."""
        return self.call.first(name) or ""

    def may(self, role: Role | str) -> bool:
        return self.session is not None and self.session.operator.role.may(Role(role))


Handler = Callable[["Desk", Visit], Answer]


@dataclass(frozen=True, slots=True)
class PortalPage:
    """One address below /portal: `show` answers GET, `act` answers POST, each for those whose role allows it.

    `is_public` pages need no session: the one to sign in on.
    """

    path: str
    show: Handler | None = None
    act: Handler | None = None
    needs: Role = Role.viewer
    act_needs: Role = Role.administrator
    body_bytes_max: int = FORM_BYTES_MAX
    is_public: bool = False
