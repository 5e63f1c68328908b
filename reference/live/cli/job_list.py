"""Jobs as lines of text, printed page by page.

The one idea: a line needs nothing of the pages that follow, so the first page is printed before the
server reads the second. On a terminal a job is one line, cut at the edge; elsewhere no line is cut.
The first page decides how wide the columns are.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from gnomon.reference.live.api.schemas import JobView, UnreadableJob
from gnomon.reference.live.cli.tables import last_result, next_due, when
from gnomon.specs.render.strings import printable

HEADINGS = ("id", "name", "next due", "last result", "when", "service")
NARROW = (6, 20, 20, 28)
"""Columns of a terminal that the first columns take at most; together they fill the narrowest."""
GAP = "  "


def lines(pages: Iterable[Sequence[JobView]], width: int | None) -> Iterator[str]:
    """The text of each page; `width` is that of the terminal, None if there is none."""
    columns: list[int] | None = None
    for page in pages:
        rows = [_row(job) for job in page]
        if columns is None:
            columns = _widths(rows, width)
            rows = [HEADINGS, *rows]
        yield "".join(f"{_line(row, columns, width)}\n" for row in rows)


def unreadable_lines(jobs: Iterable[UnreadableJob], width: int | None) -> str:
    """A line for each job that the server cannot read, with the reason."""
    rows = ((job.id, "-", f"cannot be read: {job.why}") for job in jobs)
    text = ""
    for row in rows:
        cells = [printable(cell) for cell in row]
        text += _line(cells, [*NARROW[:2], cell_len(cells[-1])], width) + "\n"
    return text


def _row(job: JobView) -> Sequence[str]:
    due = next_due(job) if job.is_active or job.problem else "inactive"
    cells = (job.id, job.name, due, last_result(job), when(job), job.service)
    return [printable(cell) for cell in cells]


def _widths(rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    natural = [max(map(cell_len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    if width is None:
        return natural
    spare = max(width - sum(NARROW) - len(GAP) * (len(NARROW) - 1), 0)
    first, name, *others = NARROW
    narrow = (first, name + spare // 3, *others)
    return [*map(min, natural, narrow), *natural[len(narrow) :]]


def _line(cells: Sequence[str], columns: Sequence[int], width: int | None) -> str:
    """The cells side by side; on a terminal a text that does not fit ends with an ellipsis."""
    if width is None:
        return GAP.join(map(_padded, cells, columns)).rstrip()
    return _cut(GAP.join(map(_cut, cells, columns)), width).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _cut(text: str, width: int) -> str:
    """`text` in exactly `width` columns."""
    if cell_len(text) <= width:
        return _padded(text, width)
    return f"{set_cell_size(text, width - 1)}…"
