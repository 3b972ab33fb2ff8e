"""Feeds by how they stand; one that stands still with the cause in plain language, and what may be done to it."""

from collections.abc import Callable

from bankfeeds.domain.errors import Refusal, one_flaw
from bankfeeds.domain.feed_view import FeedFilter, FeedView, StatementView
from bankfeeds.domain.pause import PLATFORM, listing_scope
from bankfeeds.domain.statement import StatementStatus
from bankfeeds.domain.trouble import trouble_in
from bankfeeds.flows import listings, operate, overview
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import whole
from bankfeeds.web.portal.states import tone
from bankfeeds.web.portal.visit import PortalPage, Visit

_FEED = "feeds/{feed}"
_LINE_SHOWN_MAX = 1000
Decision = Callable[[str, str], object]
"""Given the line and the reason."""


def feeds(desk: Desk, visit: Visit) -> Answer:
    show = _filter(visit.first("show") or FeedFilter.live.value)
    after = whole_number(visit.first("after"), "after", 0)
    found = overview.feed_page(desk.world, show, after)
    pauses = overview.pauses_in_force(desk.world)
    paused = {pause.scope for pause in pauses}
    scopes = [PLATFORM, *(listing_scope(each.id) for each in listings.every(desk.world))]

    def trouble_of(feed: FeedView) -> str:
        return _trouble(feed, found.refused.get(feed.number))

    return desk.page(
        visit,
        "feeds.html",
        visit.words["feeds_title"],
        found=found,
        show=show,
        filters=list(FeedFilter),
        pauses=pauses,
        scopes=[scope for scope in scopes if scope not in paused],
        is_later=after > 0,
        trouble_of=trouble_of,
        tone=tone,
    )


def feed(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit)


def resume(desk: Desk, visit: Visit) -> Answer:
    name = visit.path["feed"]
    return _decide(desk, visit, "resume", lambda _line, why: operate.resume(desk.world, visit.actor, name, why))


def skip(desk: Desk, visit: Visit) -> Answer:
    """Of the line the page showed: if the feed stands elsewhere by now, nothing is skipped."""
    name = visit.path["feed"]
    return _decide(desk, visit, "skip", lambda line, why: operate.skip(desk.world, visit.actor, name, line, why))


def resend(desk: Desk, visit: Visit) -> Answer:
    name = visit.path["feed"]
    return _decide(desk, visit, "resend", lambda line, why: operate.resend(desk.world, visit.actor, name, line, why))


def to_feed(desk: Desk, visit: Visit) -> Answer:
    return desk.go(visit, f"feeds/{overview.feed(desk.world, visit.path['feed']).feed.number}")


def _decide(desk: Desk, visit: Visit, name: str, decide: Decision) -> Answer:
    """The page again with what was refused, or the feed as it stands now."""
    line = visit.fields.get("line", "").strip()
    try:
        decide(line, visit.fields.get("reason", ""))
    except Refusal as refusal:
        return _page(desk, visit, whole(visit.words, refusal), line)
    return desk.go(visit, f"feeds/{visit.path['feed']}", f"done_feed_{name}", line=line[:_LINE_SHOWN_MAX])


def _page(desk: Desk, visit: Visit, problem: str = "", typed_line: str = "") -> Answer:
    detail = overview.feed(desk.world, visit.path["feed"])
    refused = next((each for each in detail.statements if each.status == StatementStatus.refused.value), None)
    return desk.page(
        visit,
        "feed.html",
        visit.words["feed_title"].format(number=detail.feed.number),
        422 if problem else 200,
        detail=detail,
        feed=detail.feed,
        trouble=_trouble(detail.feed, refused),
        problem=problem,
        typed_line=typed_line[:_LINE_SHOWN_MAX],
        place=f"{desk.root}/feeds/{detail.feed.number}",
        tone=tone,
    )


def _trouble(feed: FeedView, refused: StatementView | None) -> str:
    return trouble_in(refused.refusal if refused else feed.parked_cause).value


def _filter(text: str) -> FeedFilter:
    if text not in set(FeedFilter):
        raise one_flaw("show", f"is one of {', '.join(FeedFilter)}")
    return FeedFilter(text)


PAGES = (
    PortalPage("feeds", feeds),
    PortalPage(_FEED, feed),
    PortalPage(f"{_FEED}/resume", to_feed, resume),
    PortalPage(f"{_FEED}/skip", to_feed, skip),
    PortalPage(f"{_FEED}/resend", to_feed, resend),
)
