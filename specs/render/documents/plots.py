"""Small plots for a terminal: the backlog and the busy workers of a history over time.

Our own, because a plot of two rows of blocks is a page of code, and the libraries for it bring
arrays, colours and themes.
"""

from collections.abc import Iterator, Sequence

from gnomon.specs.render.tables import count
from gnomon.specs.render.timeline.axis import Axis
from gnomon.specs.render.timeline.load import Step, parts_of
from gnomon.specs.trace.rows import Rows

BLOCKS = " ▁▂▃▄▅▆▇█"
LABEL = 22
"""Columns before the plot: the label and the number."""
MOST_COLUMNS, FEWEST_COLUMNS = 100, 20
ROWS = 3


def load_plots(steps: Rows[Step], begins: int, ends: int, width: int) -> list[str]:
    """The load in [begins, ends) (µs, UTC) as lines of at most `width` characters.

    No lines if the terminal is too narrow, or if nothing is known of messages and workers.
    """
    columns = min(width - LABEL - 1, MOST_COLUMNS)
    most_workers = max(steps.column("workers"), default=0)
    most = most_workers or max(steps.column("busy"), default=0)
    if columns < FEWEST_COLUMNS or not most:
        return []
    parts = parts_of(steps, begins, ends, columns)
    waiting = [float(part.most_waiting) for part in parts]
    busy = [part.busy for part in parts]
    return [
        *_plot("waiting, most", waiting, max(waiting)),
        *_plot("busy workers, mean", busy, float(most)),
        _times(begins, ends, len(parts)),
    ]


def blocks(values: Sequence[float], highest: float, rows: int) -> list[str]:
    """The values as columns of blocks, `highest` being `rows` high; a value above 0 is seen.

    >>> blocks([0, 0.1, 4, 8], 8, 1)
    [' ▁▄█']
    """
    full = rows * (len(BLOCKS) - 1)
    eighths = [
        min(max(round(value / highest * full), 1), full) if value > 0 and highest else 0
        for value in values
    ]
    return [
        "".join(BLOCKS[min(max(high - 8 * row, 0), 8)] for high in eighths)
        for row in reversed(range(rows))
    ]


def _plot(label: str, values: Sequence[float], highest: float) -> Iterator[str]:
    if not highest:
        yield f"{label:<{LABEL - 3}}0 │"
        return
    number = count(round(highest))
    for row, line in enumerate(blocks(values, highest, ROWS)):
        words = label if row == 0 else ""
        scale = number if row == 0 else "0" if row == ROWS - 1 else ""
        yield f"{words:<{LABEL - 2 - len(scale)}}{scale} │{line}".rstrip()


def _times(begins: int, ends: int, columns: int) -> str:
    """Times of day under the plots; each begins in the column of its instant."""
    line = [" "] * (columns + 1)
    free = 0
    for x, words in Axis(begins, ends, 0, columns).ticks(max(columns // 12, 1)):
        place = round(x)
        if place >= free and place + len(words) <= columns + 1:
            line[place : place + len(words)] = words
            free = place + len(words) + 2
    return f"{'UTC':>{LABEL - 1}} {''.join(line)}".rstrip()
