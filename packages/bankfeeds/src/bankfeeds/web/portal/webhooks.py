"""Webhooks: consumers, the secret that signs, the log of what was sent, and what a hand can do about it."""

import re
from datetime import datetime, timedelta

import msgspec

from bankfeeds.domain.errors import NotFound, Refusal, one_flaw
from bankfeeds.domain.operator import Role
from bankfeeds.domain.webhook import BEYOND_CODAT, CATALOGUE, CONSUMERS_MAX, LEGACY, NEVER_SENT, ConsumerDraft, Event
from bankfeeds.domain.webhook_delivery import DeliveryStatus, state_shown
from bankfeeds.flows import webhook_log, webhooks
from bankfeeds.flows.webhook_samples import sample
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal import confirming
from bankfeeds.web.portal.asked import whole_number
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form, refused
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.webhooks.body import Words

SENT = tuple(each for each in CATALOGUE if each not in NEVER_SENT)
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("hook_group_usual", tuple(each for each in SENT if each not in LEGACY and each not in BEYOND_CODAT)),
    ("hook_group_ours", BEYOND_CODAT),
    ("hook_group_legacy", LEGACY),
)
"""The catalogue, as it is shown; events that never come are left out."""
SPANS_DAYS = ("1", "7", "30")
SAMPLE_ID = "8b4f0d52-3a6c-4d57-9e0b-1f2a3c4d5e66"
TONES = {"Success": "good", "Failure": "bad", "Attempting": "busy", "Missed": "busy", "Sending": ""}


def show(desk: Desk, visit: Visit) -> Answer:
    return _list(desk, visit, Form())


def make(desk: Desk, visit: Visit) -> Answer:
    tags = visit.fields.get("tags", "").split()
    draft = ConsumerDraft(visit.fields.get("url", "").strip() or None, chosen_types(visit), tags)
    try:
        made = webhooks.create(desk.world, visit.actor, draft)
    except Refusal as refusal:
        return _list(desk, visit, problems_of(visit, refusal), 422)
    return desk.go(visit, f"webhooks/{made.id}", "hook_made_said")


def detail(desk: Desk, visit: Visit) -> Answer:
    return _detail(desk, visit, ())


def act(desk: Desk, visit: Visit) -> Answer:
    """One of several buttons; secrets are shown on the answer itself and nowhere else."""
    consumer_id, wanted = visit.path["consumer"], visit.fields.get("do", "")
    back = f"webhooks/{consumer_id}"
    if wanted == "secret":
        return _detail(desk, visit, webhooks.secrets(desk.world, visit.actor, consumer_id))
    if wanted == "rotate":
        webhooks.rotate(desk.world, visit.actor, consumer_id)
        return _detail(desk, visit, webhooks.secrets(desk.world, visit.actor, consumer_id))
    if wanted in {"enable", "disable"}:
        draft = ConsumerDraft(None, None, None, wanted == "disable")
        webhooks.update(desk.world, visit.actor, consumer_id, draft)
        return desk.go(visit, back, f"hook_{wanted}d_said")
    if wanted == "test":
        words = Words(desk.public_url)
        event_type = visit.fields.get("type") or None
        event_id = webhook_log.send_test(desk.world, words, visit.actor, consumer_id, event_type)
        return desk.go(visit, f"{back}/events/{event_id}", "hook_tested_said")
    if wanted in {"recover", "replay"}:
        since = _since(desk, visit.fields.get("days", ""))
        do = webhook_log.recover if wanted == "recover" else webhook_log.replay
        many = do(desk.world, visit.actor, consumer_id, since)
        return desk.go(visit, back, "hook_again_said", n=str(many))
    raise one_flaw("do", "is none of the page's buttons")


def event(desk: Desk, visit: Visit) -> Answer:
    consumer = webhooks.get(desk.world, visit.path["consumer"])
    found = webhook_log.view(desk.world, Words(desk.public_url), consumer.id, visit.path["event"])
    state = state_shown(found.entry.status, found.entry.attempts)
    return desk.page(
        visit,
        "webhook_event.html",
        found.entry.event_type,
        consumer=consumer,
        entry=found.entry,
        attempts=found.attempts,
        body=_laid_out(found.body),
        state=(visit.words[f"hook_state_{state}"], TONES[state]),
        may_resend=not (found.entry.status is DeliveryStatus.pending and found.entry.attempts == 0),
    )


def resend(desk: Desk, visit: Visit) -> Answer:
    consumer_id, event_id = visit.path["consumer"], visit.path["event"]
    webhook_log.resend(desk.world, visit.actor, consumer_id, event_id)
    return desk.go(visit, f"webhooks/{consumer_id}/events/{event_id}", "hook_resent_said")


def confirm_removal(desk: Desk, visit: Visit) -> Answer:
    consumer = webhooks.get(desk.world, visit.path["consumer"])
    return confirming.ask(desk, visit, "hook_remove", f"webhooks/{consumer.id}", url=consumer.url)


def remove(desk: Desk, visit: Visit) -> Answer:
    webhooks.remove(desk.world, visit.actor, visit.path["consumer"])
    return desk.go(visit, "webhooks", "hook_removed_said")


def catalogue(desk: Desk, visit: Visit) -> Answer:
    return desk.page(
        visit, "webhook_events.html", visit.words["hook_catalogue"], groups=GROUPS, never=sorted(NEVER_SENT)
    )


def one_sample(desk: Desk, visit: Visit) -> Answer:
    event_type = visit.path["type"]
    subject = sample(event_type, desk.world.clock().replace(microsecond=0))
    if subject is None:
        raise NotFound("event_type", f"there is no sample of {event_type}")
    words = Words(desk.public_url)
    payload = words.payload(event_type, SAMPLE_ID, subject)
    sequence = 1 if event_type.startswith(("bankFeeds.", "bankTransactions.", "PushOperation")) else None
    body = words.body(Event(SAMPLE_ID, event_type, subject.at, None, None, payload), sequence)
    return desk.page(visit, "webhook_sample.html", event_type, body=_laid_out(body), has_sequence=sequence is not None)


def _list(desk: Desk, visit: Visit, form: Form, status: int = 200) -> Answer:
    return desk.page(
        visit,
        "webhooks.html",
        visit.words["hook_title"],
        status,
        form=form,
        consumers=webhooks.every(desk.world),
        consumers_max=CONSUMERS_MAX,
        groups=GROUPS,
    )


def _detail(desk: Desk, visit: Visit, secrets: tuple[str, ...]) -> Answer:
    consumer = webhooks.get(desk.world, visit.path["consumer"])
    status = next((each for each in DeliveryStatus if each.value == visit.first("status")), None)
    before = whole_number(visit.first("before"), "before", 0) or None
    entries = webhook_log.page(desk.world, consumer.id, status, before)
    rows = [(each, state_shown(each.status, each.attempts)) for each in entries]
    return desk.page(
        visit,
        "webhook.html",
        visit.words["hook_one_title"],
        consumer=consumer,
        headers=webhooks.header_names(desk.world, consumer.id),
        secrets=secrets,
        tests=[(each, each) for each in consumer.event_types if each not in NEVER_SENT],
        rows=[(each, visit.words[f"hook_state_{state}"], TONES[state]) for each, state in rows],
        counts={each.value: many for each, many in webhook_log.counts(desk.world, consumer.id).items()},
        chosen=status.value if status else "",
        statuses=[(each.value, visit.words[f"hook_status_{each.value}"]) for each in DeliveryStatus],
        spans=[(days, visit.words[f"hook_days_{days}"]) for days in SPANS_DAYS],
        form=Form(),
        before=entries[-1].pk if len(entries) == webhook_log.PAGE_SIZE else None,
    )


def chosen_types(visit: Visit) -> list[str]:
    return [name.removeprefix("type:") for name in visit.fields if name.startswith("type:")]


def problems_of(visit: Visit, refusal: Refusal) -> Form:
    """Those of a list stand at the list as a whole."""
    form = refused(visit.words, visit.fields, refusal)
    names = {"eventTypes": "types", "companyTags": "tags"}
    lists = {re.split(r"[.[]", name, maxsplit=1)[0] for name in form.problems}
    problems = {names.get(name, name): visit.words[f"flaw_hook_{name}"] for name in lists}
    return Form(form.values, problems, form.problem)


def _since(desk: Desk, days: str) -> datetime:
    return desk.world.clock() - timedelta(days=int(days) if days in SPANS_DAYS else int(SPANS_DAYS[-1]))


def _laid_out(body: bytes) -> str:
    return msgspec.json.format(body, indent=2).decode()


_DEVELOPER = Role.developer
PAGES = (
    PortalPage("webhooks", show, make, needs=_DEVELOPER, act_needs=_DEVELOPER),
    PortalPage("webhooks/events", catalogue, needs=_DEVELOPER),
    PortalPage("webhooks/events/{type}", one_sample, needs=_DEVELOPER),
    PortalPage("webhooks/{consumer}", detail, act, needs=_DEVELOPER, act_needs=_DEVELOPER),
    PortalPage("webhooks/{consumer}/remove", confirm_removal, remove, needs=_DEVELOPER, act_needs=_DEVELOPER),
    PortalPage("webhooks/{consumer}/events/{event}", event, resend, needs=_DEVELOPER, act_needs=_DEVELOPER),
)
