"""Changing a webhook consumer: its address, events, company tags, headers, and whether anything is sent to it."""

from collections.abc import Mapping
from dataclasses import replace

from bankfeeds.domain.errors import Invalid, Refusal, one_flaw
from bankfeeds.domain.operator import Role
from bankfeeds.domain.webhook import NEVER_SENT, Consumer, ConsumerDraft
from bankfeeds.flows import webhooks
from bankfeeds.web.endpoint import Answer
from bankfeeds.web.portal.desk import Desk
from bankfeeds.web.portal.form import Form
from bankfeeds.web.portal.visit import PortalPage, Visit
from bankfeeds.web.portal.webhooks import GROUPS, chosen_types, problems_of

KEEP, REPLACE = "keep", "replace"


def show(desk: Desk, visit: Visit) -> Answer:
    return _page(desk, visit, None)


def change(desk: Desk, visit: Visit) -> Answer:
    """Everything at once: what the form says is how it is then."""
    consumer = webhooks.get(desk.world, visit.path["consumer"])
    never = [each for each in consumer.event_types if each in NEVER_SENT]  # no box shows them
    url, tags = visit.fields.get("url", "").strip(), visit.fields.get("tags", "").split()
    draft = ConsumerDraft(url or None, [*chosen_types(visit), *never], tags, "disabled" in visit.fields)
    try:
        if not url:
            raise one_flaw("url", "is missing")
        headers = _headers(visit) if visit.fields.get("headers_do") == REPLACE else None
        webhooks.update(desk.world, visit.actor, consumer.id, draft, headers)
    except Invalid as refusal:
        return _page(desk, visit, refusal, 422)
    return desk.go(visit, f"webhooks/{consumer.id}", "done_saved")


def _headers(visit: Visit) -> Mapping[str, str]:
    """A line each, `name: value`; values are credentials more often than not, and never shown again."""
    found: dict[str, str] = {}
    for line in visit.fields.get("headers", "").splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not (name or value):
            continue
        if not colon or name.lower() in found:
            raise one_flaw("headers", "write each header once, as name: value")
        found[name.lower()] = value
    return found


def _page(desk: Desk, visit: Visit, refusal: Refusal | None, status: int = 200) -> Answer:
    consumer = webhooks.get(desk.world, visit.path["consumer"])
    form = Form(_values(consumer))
    if refusal is not None:
        form = problems_of(visit, refusal)
        form = replace(form, values={name: text for name, text in form.values.items() if name != "headers"})
    names = webhooks.header_names(desk.world, consumer.id)
    return desk.page(
        visit,
        "webhook_change.html",
        visit.words["hook_change"],
        status,
        consumer=consumer,
        form=form,
        groups=GROUPS,
        header_names=names,
        header_choices=[(each, visit.words[f"hook_headers_{each}"]) for each in (KEEP, REPLACE)],
    )


def _values(consumer: Consumer) -> dict[str, str]:
    values = {"url": consumer.url, "tags": " ".join(consumer.company_tags)}
    values |= {f"type:{each}": "yes" for each in consumer.event_types}
    return values | ({"disabled": "yes"} if consumer.is_disabled else {})


PAGES = (PortalPage("webhooks/{consumer}/change", show, change, needs=Role.developer, act_needs=Role.developer),)
