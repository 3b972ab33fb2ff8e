"""`bankfeeds webhooks`: who is told of what happens, and what became of each event."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import App, Parameter

from bankfeeds.cli import opening, output
from bankfeeds.cli.usage import WrongUsage
from bankfeeds.domain.webhook import BEYOND_CODAT, CATALOGUE, LEGACY, NEVER_SENT, Consumer, ConsumerDraft, Event
from bankfeeds.domain.webhook_delivery import DeliveryStatus, state_shown
from bankfeeds.flows import webhook_log, webhooks
from bankfeeds.flows.webhook_samples import sample
from bankfeeds.webhooks.body import Words

app = App(name="webhooks", help="Webhooks: who is told of what happens, and what became of each event.")
Events = Annotated[list[str] | None, Parameter(name="--event")]
Tags = Annotated[list[str] | None, Parameter(name="--tag")]
Headers = Annotated[list[str] | None, Parameter(name="--header")]
_UNITS = {"m": 60, "h": 3600, "d": 86_400}


@app.command(name="list")
def list_(*, json: bool = False) -> None:
    """List the consumers, in the order they were made.

    Args:
        json: for programs.
    """
    with opening.world() as world:
        found = webhooks.every(world)
    if json:
        output.show_json([_fields(each) for each in found])
        return
    rows = [
        (each.id, each.url, _state(each), " ".join(each.event_types), " ".join(each.company_tags)) for each in found
    ]
    output.show_table(("id", "url", "state", "events", "company tags"), rows)


@app.command
def add(
    url: str,
    *,
    event: Events = None,
    tag: Tags = None,
    header: Headers = None,
    disabled: bool = False,
    reason: str | None = None,
) -> None:
    """Make a consumer and print its id. `webhooks secret` prints what its events are signed with.

    Args:
        url: where events are posted to; https.
        event: an event type; repeat it for more.
        tag: only events of companies with this tag, `key:value`; repeat it for more.
        header: sent with each event, `name: value`; repeat it for more.
        disabled: send nothing until it is enabled.
        reason: why, for the audit trail.
    """
    draft = ConsumerDraft(url, event, tag or (), disabled)
    with opening.world() as world:
        made = webhooks.create(world, opening.actor(), draft, _headers(header), reason)
    output.show_line(made.id)


@app.command
def show(consumer: str, *, json: bool = False) -> None:
    """Show a consumer, and how many events stand how. Values of its headers are not shown.

    Args:
        consumer: its id.
        json: for programs.
    """
    with opening.world() as world:
        found = webhooks.get(world, consumer)
        names = webhooks.header_names(world, consumer)
        counts = {status.value: many for status, many in webhook_log.counts(world, consumer).items()}
    if json:
        output.show_json({**_fields(found), "headers": list(names), "deliveries": counts})
        return
    rows = [("url", found.url), ("state", _state(found)), ("events", "\n".join(found.event_types))]
    rows += [("company tags", " ".join(found.company_tags)), ("headers", " ".join(names))]
    rows += [(f"deliveries: {status}", str(many)) for status, many in sorted(counts.items())]
    output.show_table(("", ""), rows)


@app.command
def change(
    consumer: str,
    *,
    url: str | None = None,
    event: Events = None,
    tag: Tags = None,
    header: Headers = None,
    enable: bool = False,
    disable: bool = False,
    reason: str | None = None,
) -> None:
    """Change a consumer; what is not named stays. Events, tags and headers that are named replace all there were.

    Args:
        consumer: its id.
        url: where events are posted to; https.
        event: an event type; repeat it for more.
        tag: `key:value`; repeat it for more. An empty one takes all off.
        header: `name: value`; repeat it for more. An empty one takes all off.
        enable: send to it again: what was still due goes out at once.
        disable: send nothing until it is enabled.
        reason: why, for the audit trail.
    """
    if enable and disable:
        raise WrongUsage("webhooks change: give --enable or --disable")
    with opening.world() as world:
        is_disabled = disable or (webhooks.get(world, consumer).is_disabled and not enable)
        tags = None if tag is None else [each for each in tag if each]
        draft = ConsumerDraft(url, event, tags, is_disabled)
        headers = None if header is None else _headers([each for each in header if each])
        webhooks.update(world, opening.actor(), consumer, draft, headers, reason)


@app.command
def secret(consumer: str) -> None:
    """Print what a consumer's events are signed with; after a rotation the newest first. It goes into the audit trail.

    Args:
        consumer: its id.
    """
    with opening.world() as world:
        for each in webhooks.secrets(world, opening.actor(), consumer):
            output.show_line(each)


@app.command
def rotate(consumer: str, *, reason: str | None = None) -> None:
    """Make a new secret and print it; the one before signs too for 24 hours.

    Args:
        consumer: its id.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        output.show_line(webhooks.rotate(world, opening.actor(), consumer, reason))


@app.command(name="test")
def send_test(consumer: str, *, event: str | None = None, reason: str | None = None) -> None:
    """Send a sample event, and print its id; `webhooks log` shows what became of it.

    Args:
        consumer: its id.
        event: the event type; the consumer's first one by default.
        reason: why, for the audit trail.
    """
    words = Words(opening.public_url())
    with opening.world() as world:
        output.show_line(webhook_log.send_test(world, words, opening.actor(), consumer, event, reason))


@app.command
def log(
    consumer: str, event_id: str | None = None, *, status: DeliveryStatus | None = None, json: bool = False
) -> None:
    """List the newest 50 events to a consumer, or show one of them with every attempt and its body.

    Args:
        consumer: its id.
        event_id: the id of one event.
        status: only those that stand so.
        json: for programs.
    """
    if event_id is not None:
        _show_one(consumer, event_id, json=json)
        return
    with opening.world() as world:
        found = webhook_log.page(world, consumer, status)
    if json:
        output.show_json([output.fields_of(each) for each in found])
        return
    rows = [
        (
            each.event_id,
            each.event_type,
            output.instant(each.at),
            state_shown(each.status, each.attempts),
            str(each.attempts),
            str(each.last_status_code or each.last_error or ""),
            output.instant(each.due_at) if each.due_at and each.attempts else "",
        )
        for each in found
    ]
    output.show_table(("event", "type", "at", "state", "attempts", "last answer", "next attempt"), rows)


@app.command
def resend(consumer: str, event_id: str, *, reason: str | None = None) -> None:
    """Send one event again, however it ended.

    Args:
        consumer: its id.
        event_id: as `webhooks log` shows it.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        webhook_log.resend(world, opening.actor(), consumer, event_id, reason)


@app.command
def recover(consumer: str, *, since: str = "30d", reason: str | None = None) -> None:
    """Send all events again that failed for good.

    Args:
        consumer: its id.
        since: of this time or later: a span such as 90m, 6h or 2d, or an instant.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        many = webhook_log.recover(world, opening.actor(), consumer, _instant(since, world.clock()), reason)
    output.show_line(f"{many} events are on their way again")


@app.command
def replay(consumer: str, *, since: str = "30d", reason: str | None = None) -> None:
    """Send all events that came while the consumer was disabled.

    Args:
        consumer: its id.
        since: of this time or later: a span such as 90m, 6h or 2d, or an instant.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        many = webhook_log.replay(world, opening.actor(), consumer, _instant(since, world.clock()), reason)
    output.show_line(f"{many} events are on their way")


@app.command
def remove(consumer: str, *, reason: str | None = None) -> None:
    """Remove a consumer; what was still to be sent to it is dropped.

    Args:
        consumer: its id.
        reason: why, for the audit trail.
    """
    with opening.world() as world:
        webhooks.remove(world, opening.actor(), consumer, reason)


@app.command
def events(event: str | None = None, *, json: bool = False) -> None:
    """List every event type, or print a sample of one.

    Args:
        event: the event type.
        json: for programs.
    """
    if event is not None:
        output.show_json(_sample(event))
    elif json:
        output.show_json([{"eventType": each, "note": note_of(each)} for each in CATALOGUE])
    else:
        output.show_table(("event type", "note"), [(each, note_of(each)) for each in CATALOGUE])


def _show_one(consumer: str, event_id: str, *, json: bool) -> None:
    words = Words(opening.public_url())
    with opening.world() as world:
        found = webhook_log.view(world, words, consumer, event_id)
    body = output.decoded(found.body)
    if json:
        attempts = [output.fields_of(each) for each in found.attempts]
        output.show_json({**output.fields_of(found.entry), "made": attempts, "body": body})
        return
    rows = [
        (output.instant(each.at), f"{each.took_ms} ms", str(each.status_code or ""), each.error or "")
        for each in found.attempts
    ]
    output.show_table(("attempt", "took", "answer", "error"), rows)
    output.show_json(body)


def _sample(event_type: str) -> object:
    body = sample_body(event_type, datetime.now(UTC).replace(microsecond=0), opening.public_url())
    if body is None:
        known = f"is never sent for Sage: {NEVER_SENT[event_type]}" if event_type in NEVER_SENT else "is no event type"
        raise WrongUsage(f"{event_type!r} {known}; `bankfeeds webhooks events` lists them")
    return output.decoded(body)


def sample_body(event_type: str, now: datetime, public_url: str) -> bytes | None:
    """As a consumer gets it; None for an event that never comes."""
    subject = sample(event_type, now)
    if subject is None:
        return None
    words = Words(public_url)
    event_id = "8b4f0d52-3a6c-4d57-9e0b-1f2a3c4d5e66"
    payload = words.payload(event_type, event_id, replace(subject, institution="Example Bank"))
    sequence = 1 if subject.account and event_type.startswith(("bankFeeds", "bankTransactions", "PushOp")) else None
    return words.body(Event(event_id, event_type, subject.at, None, None, payload), sequence)


def note_of(event_type: str) -> str:
    if event_type in NEVER_SENT:
        return f"never sent: {NEVER_SENT[event_type]}"
    if event_type in LEGACY:
        return "Codat's older event; deprecated there"
    return "Bankfeeds only" if event_type in BEYOND_CODAT else ""


def _headers(given: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given or ():
        name, colon, value = each.partition(":")
        if not colon:
            raise WrongUsage(f"--header {each!r}: write name: value")
        found[name.strip()] = value.strip()
    return found


def _instant(text: str, now: datetime) -> datetime:
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) < 6:  # noqa: PLR2004 - 11 years of minutes
        return now - timedelta(seconds=int(number) * _UNITS[unit])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"--since {text!r}: write a span such as 90m, 6h or 2d, or 2026-02-03T10:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _state(found: Consumer) -> str:
    if found.is_disabled:
        return f"disabled: {found.disabled_cause}"
    return f"failing since {output.instant(found.failing_since)}" if found.failing_since else "enabled"


def _fields(found: Consumer) -> dict[str, object]:
    fields = output.fields_of(found)
    del fields["pk"]
    return fields
