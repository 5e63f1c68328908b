"""Draws a time line as SVG, to stand in a page.

The one idea: no more is drawn than can be seen: of several firings in one place one is drawn.
"""

from collections.abc import Iterable, Iterator
from html import escape

from gnomon.specs.conformance.report.timeline import Picture, Row

LEFT, WIDTH = 76, 624
"""Where the line begins, and how long it is (px)."""
LINE, GAP = 16, 8
"""The height of a line and the space between jobs (px)."""
LABELS = 3
"""The most lines of names above the first row."""


def svg(picture: Picture) -> str:
    """The picture as an element of a page; the classes of its marks are in the page's style."""
    names = list(_names_of(picture))
    top = max((line + 1 for _, line, _ in names), default=0) * LINE + 4
    row_height = (3 if picture.is_predicted else 2) * LINE + GAP
    height = top + len(picture.rows) * row_height + LINE + 4
    box = f"0 0 {LEFT + WIDTH + 8} {height}"
    label = escape(_spoken(picture))
    parts = [f'<svg class="line" viewBox="{box}" role="img" aria-label="{label}">']
    parts += _marks(picture, height - LINE - 4)
    parts += (
        f'<text x="{x}" y="{line * LINE + 12}">{escape(what)}</text>' for x, line, what in names
    )
    for number, row in enumerate(picture.rows):
        parts += _row(picture, row, top + number * row_height, len(picture.rows) > 1)
    bottom = height - 6
    parts.append(f'<text x="{LEFT}" y="{bottom}">{escape(picture.first)}</text>')
    parts.append(f'<text x="{LEFT + WIDTH}" y="{bottom}" class="end">{escape(picture.last)}</text>')
    parts.append("</svg>")
    if picture.left_out:
        parts.append(f"<p>{picture.left_out} more jobs.</p>")
    return "".join(parts)


def _row(picture: Picture, row: Row, top: int, is_named: bool) -> Iterator[str]:
    lines = {"expected": row.expected, "profile": row.declared, "seen": row.seen}
    if not picture.is_predicted:
        del lines["profile"]
    for number, (name, places) in enumerate(lines.items()):
        y = top + number * LINE
        label = f"{row.job} {name}" if is_named else name
        middle = y + LINE // 2
        yield f'<text x="{LEFT - 6}" y="{y + 12}" class="end">{escape(label)}</text>'
        yield f'<path class="axis" d="M{LEFT} {middle}h{WIDTH}"/>'
        strokes = "".join(f"M{x} {y + 2}v{LINE - 4}" for x in _columns(picture, places))
        if strokes:
            yield f'<path class="{name}" d="{strokes}"/>'


def _marks(picture: Picture, bottom: int) -> Iterator[str]:
    """What was done: a dashed line, or a grey span."""
    for mark in picture.marks:
        x = _column(picture, mark.at)
        if mark.until is None:
            yield f'<path class="mark" d="M{x} 0V{bottom}"/>'
        else:
            width = max(_column(picture, mark.until) - x, 1)
            yield f'<rect class="down" x="{x}" y="0" width="{width}" height="{bottom}"/>'


def _names_of(picture: Picture) -> Iterator[tuple[int, int, str]]:
    """The names of the marks, each with its place and its line; none that would hide another."""
    free = [0] * LABELS  # where each line of names is free again
    for mark in picture.marks:
        if not mark.what:
            continue
        width = 7 * len(mark.what) + 8
        x = min(_column(picture, mark.at) + 3, LEFT + WIDTH + 8 - width)
        line = next((line for line, until in enumerate(free) if until <= x), None)
        if line is not None:
            free[line] = x + width
            yield x, line, mark.what


def _columns(picture: Picture, places: Iterable[int]) -> list[int]:
    return sorted({_column(picture, place) for place in places})


def _column(picture: Picture, place: int) -> int:
    return LEFT + round(WIDTH * place / max(picture.length, 1))


def _spoken(picture: Picture) -> str:
    """The picture for people who cannot see it."""
    counts = (
        f"{row.job}: {len(row.expected)} expected, "
        + (f"{len(row.declared)} under the profile, " if picture.is_predicted else "")
        + f"{len(row.seen)} seen"
        for row in picture.rows
    )
    return f"Time line of firings. {'; '.join(counts)}"
