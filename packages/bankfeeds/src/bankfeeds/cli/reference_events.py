"""The page of events, rendered from the catalogue and the program's own samples."""

from datetime import UTC, datetime

import msgspec

from bankfeeds.cli.webhooks import note_of, sample_body
from bankfeeds.domain.webhook import CATALOGUE, EVENT_TYPES

AT = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
URL = "https://feeds.bank.example"
_HEAD = """# Events

What webhook consumers may subscribe to, what each is told by, and its body as it is sent. How to receive them, and how
they are signed and repeated: [the guide](../guides/webhooks.md). Rendered from the program; `bankfeeds webhooks events`
prints a sample with the time of now and your own address.

| event | when | note |
|---|---|---|
"""


def render() -> str:
    rows = "".join(f"| `{each}` | {_when(each)} | {note_of(each) or '-'} |\n" for each in CATALOGUE)
    return _HEAD + rows + "".join(_section(each) for each in CATALOGUE if sample_body(each, AT, URL) is not None)


def _when(event_type: str) -> str:
    return ", ".join(happening.value for happening, types in EVENT_TYPES.items() if event_type in types) or "never"


def _section(event_type: str) -> str:
    body = msgspec.json.format(sample_body(event_type, AT, URL) or b"{}").decode()
    return f"\n## {event_type}\n\n```json\n{body}\n```\n"
