"""A chart drawn here as SVG: lines delivered in each hour of the last day, and hours in which Sage refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from bankfeeds.flows.home import Hour

WIDTH, HEIGHT = 720, 200
LEFT, TOP, BOTTOM = 56, 12, 28
GAP = 6
LABEL_EVERY = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """In the drawing's units. `label` is the hour, empty where there is no room for it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """`lines`: heights with the number each stands for."""

    bars: list[Bar]
    lines: list[tuple[float, int]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    foot: int = HEIGHT - BOTTOM


def draw(hours: Sequence[Hour]) -> Chart:
    top = nice_top(max((each.delivered for each in hours), default=0))
    room, step = HEIGHT - TOP - BOTTOM, (WIDTH - LEFT) / max(len(hours), 1)
    bars: list[Bar] = []
    for number, hour in enumerate(hours):
        tall = room * hour.delivered / top
        tall = max(tall, 2.0) if hour.delivered else 0.0
        label = f"{hour.begins_at:%H}" if (len(hours) - 1 - number) % LABEL_EVERY == 0 else ""
        x = LEFT + number * step + GAP / 2
        bars.append(
            Bar(
                round(x, 1),
                round(HEIGHT - BOTTOM - tall, 1),
                round(step - GAP, 1),
                round(tall, 1),
                label,
                hour.refused > 0,
            )
        )
    marks = [0, top] if top == 1 else [0, top // 2, top]
    return Chart(bars, [(round(HEIGHT - BOTTOM - room * mark / top, 1), mark) for mark in marks])


def nice_top(highest: int) -> int:
    """The smallest of 1, 2, 4, 10, 20, 40, 100… that is as high: half of it is a whole number."""
    scale = 1
    while True:
        for step in (1, 2, 4):
            if highest <= step * scale:
                return step * scale
        scale *= 10
