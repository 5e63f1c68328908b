"""Self-contained pages: sections of HTML, and the time line that can be zoomed.

The one idea: one file, and nothing from the network. The policy in its head forbids the browser to
load anything. Texts of the history enter as text only, never as markup or script.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from operator import lt
from pathlib import Path
from typing import NamedTuple

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.render.documents import svg as document
from gnomon.specs.render.documents.page_data import MOST_INCIDENTS, data_of
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count
from gnomon.specs.render.timeline.axis import when
from gnomon.specs.render.timeline.incidents import Incident
from gnomon.specs.render.timeline.picture import Picture

ASSETS = Path(__file__).parent / "assets"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
READING = {
    True: (
        "How to read it: when a job is due, the leader publishes a message, and a free worker runs "
        "it. Each row is a worker and each bar a run; the line before a bar is how long it waited. "
        "The numbers above lead to the sentences below."
    ),
    False: (
        "How to read it: each row is a job and each bar a run; the strokes above are the instants "
        "at which the jobs were due. The numbers above lead to the sentences below."
    ),
}
"""How to read a picture, by whether its history has messages and workers."""


class Section(NamedTuple):
    """A part of a page: its heading, empty if it has none, and its content as HTML, in pieces."""

    heading: str
    html: Iterable[str]


def page(title: str, sections: Iterable[Section], lead: Iterable[str] = ()) -> Iterator[str]:
    """A self-contained page of HTML, in pieces; `lead` are the sentences under its title.

    That of a long history is written piece by piece: as a whole it would fill the memory.
    """
    yield "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            f"<title>{as_text(title)}</title><style>{_asset('page.css')}</style></head><body><main>",
            f"<h1>{as_text(title)}</h1>",
            *([f'<p class="lead">{as_text(" ".join(lead))}</p>'] if lead else []),
            "",
        ]
    )
    for section in sections:
        yield f"<section><h2>{as_text(section.heading)}</h2>" if section.heading else "<section>"
        yield from section.html
        yield "</section>\n"
    yield "</main></body></html>\n"


def show_page(picture: Picture, title: str) -> Iterator[str]:
    """The page of ``gnomon show --html``: the time line of a picture."""
    return page(title, [timeline_section(picture, title)], about(picture))


def about(picture: Picture) -> list[str]:
    """The sentences that describe a picture: its time, and what happened."""
    begins, ends = write_instant(picture.start), write_instant(picture.end)
    return [f"{begins} to {ends}.", *picture.headline]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """A table as HTML; its cells are texts, and the columns in `right` are numbers."""
    styles = [' class="number"' if column in right else "" for column in columns]
    head = "".join(
        f'<th scope="col"{style}>{as_text(column)}</th>'
        for column, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{style}>{as_text(cell)}</td>" for cell, style in zip(row, styles, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    rows_of_all = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{rows_of_all}</table></div>'


def as_text(words: str) -> str:
    """`words` as HTML that shows exactly them; characters that are not printable are escaped."""
    return escape(printable(words))


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text("utf-8")


# --- the time line


def timeline_section(picture: Picture, title: str) -> Section:
    """The time line with its filters, its legend and its incidents; a page has at most one.

    Where scripts do not run, the picture stands there as SVG.
    """
    return Section("Time line", _timeline(picture, title))


def _timeline(picture: Picture, title: str) -> Iterator[str]:
    spoken = f'aria-label="{as_text(_spoken(picture))}"'
    script = "".join(_asset(name) for name in ("model.js", "draw.js", "input.js"))
    yield "\n".join(
        [
            '<div id="timeline" hidden>',
            _tools(picture),
            '<div id="timeline-frame"><div id="timeline-stage">',
            f'<canvas id="timeline-canvas" tabindex="0" role="application" {spoken}></canvas>',
            '<div id="timeline-spacer"></div></div>',
            '<div id="timeline-tip" role="status" hidden></div></div>',
            '<p id="timeline-status" aria-live="polite"></p>',
            "</div>",
            f"<noscript>{document.svg(picture, title)}</noscript>",
            _legend(picture),
            _incidents(picture),
            '<script type="application/json" id="timeline-data">',
        ]
    )
    yield from data_of(picture)
    yield f'</script>\n<script>(() => {{ "use strict";\n{script}}})();</script>'


def _spoken(picture: Picture) -> str:
    """The picture for people who cannot see it."""
    lanes = "worker" if picture.has_messages else "job"
    return (
        f"Time line with a lane for each {lanes}: {count(len(picture.bars))} runs in"
        f" {count(len(picture.lanes))} lanes. Arrow keys move, plus and minus zoom,"
        " h and l go from run to run, n and p from incident to incident."
    )


def _tools(picture: Picture) -> str:
    names = dict.fromkeys(job.name for job in picture.jobs)
    services = dict.fromkeys(sorted({job.service for job in picture.jobs if job.service}))
    options = "".join(f'<option value="{as_text(name)}">' for name in names)
    return "".join(
        [
            '<div class="tools"><span>',
            '<button data-do="-" title="key −">zoom out</button> ',
            '<button data-do="+" title="key +">zoom in</button> ',
            '<button data-do="0" title="key 0">whole time</button></span>',
            '<label>job<input data-filter="job" list="timeline-jobs" type="search" ',
            'placeholder="part of a name"></label>',
            f'<datalist id="timeline-jobs">{options}</datalist>',
            _choice("service", services) if len(services) > 1 else "",
            _choice("server", picture.servers) if len(picture.servers) > 1 else "",
            '<button id="timeline-clear">clear filters</button>',
            "<details><summary>keys and mouse</summary><p>",
            "<kbd>←</kbd> <kbd>→</kbd> or drag: move; ",
            "<kbd>+</kbd> <kbd>−</kbd>, Ctrl and wheel, double click, or two fingers: zoom; ",
            "<kbd>0</kbd>: whole time; <kbd>n</kbd> <kbd>p</kbd>: next or previous incident; ",
            "<kbd>h</kbd> <kbd>l</kbd>: previous or next run of a lane; ",
            "<kbd>j</kbd> <kbd>k</kbd>: next or previous lane; ",
            "<kbd>Enter</kbd>: zoom to the run; <kbd>Esc</kbd>: none. ",
            "The time line needs the focus for keys: click it, or press Tab.</p></details></div>",
        ]
    )


def _choice(what: str, names: Iterable[str]) -> str:
    options = "".join(f'<option value="{as_text(n)}">{as_text(n)}</option>' for n in names)
    return (
        f'<label>{what}<select data-filter="{what}"><option value="">all</option>{options}'
        "</select></label>"
    )


def _legend(picture: Picture) -> str:
    """The marks that occur, each with its meaning."""
    outcomes, dues = set(picture.bars.column("outcome")), set(picture.dues.column("outcome"))
    begins, leads = picture.bars.column("begins"), picture.bars.column("lead")
    run = '<rect width="16" height="10" y="1" fill="hsl(212 45% 46%)"/>'
    marks = [
        (bool(picture.bars), run, "a run; each job has a colour"),
        ("failed" in outcomes, run + _CROSS.format("var(--paper)"), "a run that failed"),
        (
            "cut off" in outcomes,
            '<rect width="14" height="9" x="1" y="1" fill="none" stroke="var(--bad)"/>',
            "a run cut off when its server left",
        ),
        (
            any(map(lt, leads, begins)),
            '<path d="M0 9h16" stroke="var(--wait)" stroke-width="2"/>',
            "waiting for the run beside it, since it was due",
        ),
        ("published" in dues, _stroke("var(--ink)", 1.2), "due, and published"),
        ("coalesced" in dues, _stroke("var(--wait)"), "due, and coalesced into a later one"),
        ("skipped" in dues, _stroke("var(--skip)"), "due, and skipped"),
        ("none" in dues, _stroke("var(--bad)"), "due, and not published"),
        (
            bool(picture.unclaimed),
            '<path d="M0 6h16" stroke="var(--wait)" stroke-width="1.5" stroke-dasharray="3 2"/>',
            "a message that waited and was not run",
        ),
        (
            bool(picture.faults),
            '<rect width="16" height="12" fill="var(--bad)" fill-opacity=".17"/>',
            "a fault of the server or of the store",
        ),
        (
            bool(picture.servers) and any(member.ended_by for member in picture.members),
            _CROSS.format("var(--bad)"),
            "a server crashed or stopped",
        ),
        (
            bool(picture.flags),
            '<path d="M4 0l9 3l-9 3z" fill="var(--bad)"/><path d="M4 0v12" stroke="var(--bad)"/>',
            "a rule is broken",
        ),
    ]
    items = "".join(
        f'<li><svg width="16" height="12" aria-hidden="true">{mark}</svg>{words}</li>'
        for occurs, mark, words in marks
        if occurs
    )
    return f'<p class="lead">{READING[picture.has_messages]}</p><ul class="legend">{items}</ul>'


_CROSS = '<path d="M4 2l8 8m0-8l-8 8" stroke="{}" stroke-width="2"/>'


def _stroke(colour: str, width: float = 2.5) -> str:
    return f'<path d="M8 0v12" stroke="{colour}" stroke-width="{width}"/>'


def _incidents(picture: Picture) -> str:
    """What happened, in sentences; where scripts run, each leads to its place."""
    some = picture.incidents[:MOST_INCIDENTS]
    if not some:
        return ""
    items = "".join(
        f'<li><button type="button"><time>{when(one.begins, one.ends, picture.has_days)}</time>'
        f"{_sentence(one)}</button></li>"
        for one in some
    )
    more = len(picture.incidents) - len(some)
    rest = f"<p>and {count(more)} more</p>" if more else ""
    return f'<h3>What happened</h3><ol class="incidents">{items}</ol>{rest}'


def _sentence(incident: Incident) -> str:
    words = as_text(incident.text)
    return f'<span class="violation">{words}</span>' if incident.kind == "violation" else words
