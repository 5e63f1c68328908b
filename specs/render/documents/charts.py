"""Charts as SVG, to stand in a page: values over time, and how values are distributed."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal, NamedTuple

from gnomon.specs.render.documents.elements import area, px
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count
from gnomon.specs.render.timeline.axis import Axis

WIDTH, LEFT, RIGHT = 900, 80, 12
"""The width of a chart, and of the margins beside its values (px)."""
HEIGHT, TOP, BOTTOM = 160, 20, 26
"""The height of a chart, and of the margins above and below its values (px)."""
MANY_BARS = 6
"""More bars than these do not have room for all labels on a narrow page."""


class Series(NamedTuple):
    """Values over time, which divide the time into equal parts, and how they are drawn."""

    name: str
    values: Sequence[float]
    style: Literal["wait", "peak", "busy", "plain"]


def over_time(
    title: str,
    begins: int,
    ends: int,
    series: Sequence[Series],
    highest: float,
    unit: str = "",
    violations: Iterable[int] = (),
) -> str:
    """A chart of several series over the time [begins, ends) (µs, UTC), from 0 to `highest`.

    The instants of `violations` are red lines. `unit` follows the numbers beside the chart.
    """
    axis = Axis(begins, ends, LEFT, WIDTH - LEFT - RIGHT)
    base, height = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    top = highest or 1.0
    parts = [_frame(title, series, base, height, top, unit)]
    for number, (x, words) in enumerate(axis.ticks(8)):
        parts.append(f'<path class="axis" d="M{px(x)} {TOP}V{base}"/>')
        parts.append(_label(min(max(x, LEFT + 20), WIDTH - RIGHT - 24), words, number))
    parts += [area(axis, list(one.values), top, base, height, one.style) for one in series]
    for place in {px(axis.x(at)): None for at in violations}:
        parts.append(f'<path class="violation-line" d="M{place} {TOP}V{base}"/>')
    return "".join([*parts, "</svg></div>"])


def bars(title: str, values: Sequence[tuple[str, int]], marks: Sequence[tuple[int, str]]) -> str:
    """A bar for each labelled number; `marks` are words, each with the number of its bar from 0."""
    base, height = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM - 24
    highest = max((number for _, number in values), default=0) or 1
    width = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    series = [Series(f"{label}: {number}", (), "plain") for label, number in values]
    parts = [_frame(title, series, base, height, highest, "")]
    for place, (words, number) in enumerate(values):
        x, tall = LEFT + place * width, height * number / highest
        tip = f"<title>{escape(words)}: {count(number)}</title>"
        box = f'x="{px(x + 2)}" y="{px(base - tall)}" width="{px(width - 4)}" height="{px(tall)}"'
        parts.append(f'<rect class="plain" {box}>{tip}</rect>')
        parts.append(_label(x + width / 2, words, place if len(values) > MANY_BARS else 0))
    named: dict[int, list[str]] = {}
    for place, words in marks:
        named.setdefault(place, []).append(words)
    for number, (place, several) in enumerate(named.items()):
        x, y = LEFT + (place + 0.5) * width, TOP - 2 + 20 * (number % 2)
        parts.append(f'<path class="mark" d="M{px(x)} {y + 4}V{base}"/>')
        words, anchor = escape(", ".join(several)), "end" if x > WIDTH * 0.85 else "middle"
        parts.append(f'<text x="{px(x)}" y="{y}" text-anchor="{anchor}">{words}</text>')
    return "".join([*parts, "</svg></div>"])


def _frame(
    title: str, series: Sequence[Series], base: float, height: float, highest: float, unit: str
) -> str:
    """The opening of a chart: its size, its words for who cannot see it, and its vertical axis."""
    names = ", ".join(one.name for one in series)
    words = escape(printable(f"{title}: {names}"))
    scale = [(base, "0"), (base - height + 4, f"{_number(highest)}{unit}")]
    return "".join(
        [
            '<div class="wide">',
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">',
            f'<path class="axis" d="M{LEFT} {TOP}V{px(base)}H{WIDTH - RIGHT}" fill="none"/>',
            *(
                f'<text x="{LEFT - 6}" y="{px(y)}" text-anchor="end">{label}</text>'
                for y, label in scale
            ),
        ]
    )


def _label(x: float, words: str, number: int) -> str:
    """A label under a chart; every second is left out where a page is narrow."""
    style = ' class="odd"' if number % 2 else ""
    return f'<text{style} x="{px(x)}" y="{HEIGHT - 6}" text-anchor="middle">{escape(words)}</text>'


def _number(value: float) -> str:
    return count(round(value)) if value >= 10 or value == round(value) else f"{value:.1f}"
