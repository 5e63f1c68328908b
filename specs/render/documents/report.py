"""The report of a history: its figures, its load over time, its waits, its time line, its rules.

The one idea: everything is drawn from the trace and from the findings. A command adds only
sections about what it did itself.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from gnomon.reference.schedule.clock import HOUR, MILLISECOND, MINUTE, SECOND
from gnomon.specs.render.documents.charts import Series, bars, over_time
from gnomon.specs.render.documents.page import (
    Section,
    about,
    as_text,
    page,
    table,
    timeline_section,
)
from gnomon.specs.render.strings import counted, shortened
from gnomon.specs.render.tables import count, message_counts, occurrence_counts, span
from gnomon.specs.render.timeline.load import parts_of
from gnomon.specs.render.timeline.picture import Bar, Picture, picture_of
from gnomon.specs.rules import Finding, Violation
from gnomon.specs.spec_text import sections
from gnomon.specs.trace.rows import Rows
from gnomon.specs.trace.trace import Trace

PARTS = 400
"""Columns of a chart over time."""
VIOLATIONS_LISTED = 20
LIMITS = (
    MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND,
    30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR,
)  # fmt: skip
"""The upper ends of the classes of waits (µs); the last class has no end."""


def report_page(
    trace: Trace,
    findings: Mapping[str, Finding],
    title: str,
    lead: Iterable[str] = (),
    further: Sequence[Section] = (),
) -> Iterator[str]:
    """The report of a history as a self-contained page, in pieces.

    `lead` are sentences before those about the history; `further` sections come before the rules.
    """
    picture = picture_of(trace, findings)
    parts = [
        *figures(picture),
        timeline_section(picture, title),
        *further,
        rules(picture, findings),
    ]
    return page(title, parts, [*lead, *about(picture)])


def figures(picture: Picture) -> Iterator[Section]:
    """The figures, the load over time and the distribution of waits."""
    html = _counts(occurrence_counts(picture.summary))
    if picture.has_messages:
        html += _counts(message_counts(picture.summary))
    yield Section("Figures", [html])
    if picture.has_messages and picture.load:
        yield Section("Load over time", [_load(picture)])
        yield from _waits(picture)


def _counts(counts: Mapping[str, int]) -> str:
    return table([*counts], [[count(number) for number in counts.values()]], right=[*counts])


def _load(picture: Picture) -> str:
    start, end = picture.start, picture.end
    parts = parts_of(picture.load, start, end, PARTS)
    violations = [flag.at for flag in picture.flags]
    most = max(part.most_waiting for part in parts)
    peak = Series("most waiting", [float(part.most_waiting) for part in parts], "peak")
    mean = Series("waiting on average", [part.waiting for part in parts], "wait")
    shares = [100 * part.busy / part.workers if part.workers else 0.0 for part in parts]
    part = span((end - start) // len(parts))
    used = table(
        ["server", "workers busy"],
        [[server, f"{share:.1%}"] for server, share in picture.summary.utilisation.items()],
        right=["workers busy"],
    )
    backlog = "<p>No message had to wait for a worker.</p>"
    if most:
        note = ". Red lines are violations" if violations else ""
        backlog = (
            f"<p>Messages that waited for a worker: light the most at once, dark the mean of each"
            f" {part}{note}.</p>"
        ) + over_time("Backlog", start, end, [peak, mean], float(most), violations=violations)
    busy = [Series("busy workers", shares, "busy")]
    return (
        backlog
        + f"<p>Busy workers, in percent of those there; the mean of each {part}.</p>"
        + over_time("Utilisation", start, end, busy, 100.0, " %", violations)
        + used
    )


def _waits(picture: Picture) -> Iterator[Section]:
    """How the waits from due to started are distributed."""
    wait = picture.summary.wait_us
    if wait is None:
        return
    classes = [0] * (len(LIMITS) + 1)
    for waited in _first_waits(picture.bars):
        classes[_class_of(waited)] += 1
    labels = [f"≤ {span(limit)}" for limit in LIMITS] + ["more"]
    used = [place for place, number in enumerate(classes) if number]
    first_class = max(used[0] - 1, 0)
    values = list(zip(labels, classes, strict=True))[first_class : used[-1] + 1]
    quantiles = {"p50": wait.p50, "p95": wait.p95, "p99": wait.p99, "longest": wait.max}
    marks = [(_class_of(value) - first_class, name) for name, value in quantiles.items()]
    html = table([*quantiles], [[span(value) for value in quantiles.values()]], right=[*quantiles])
    words = "<p>Number of messages by their wait from due to started.</p>"
    yield Section("Waits", [html, words, bars("Waits", values, marks)])


def _first_waits(runs: Rows[Bar]) -> Iterator[int]:
    """How long each message waited for the first of its runs (µs)."""
    repeated = {one for one, other in pairwise(sorted(runs.column("message"))) if one == other}
    seen: set[int] = set()
    columns = (runs.column(name) for name in ("message", "begins", "lead"))
    for message, begins, lead in zip(*columns, strict=True):
        if message not in seen:
            yield begins - lead
        if message in repeated:
            seen.add(message)


def _class_of(waited: int) -> int:
    return bisect_left(LIMITS, waited)


# --- rules


def rules(picture: Picture, findings: Mapping[str, Finding]) -> Section:
    """The broken rules with their violations, each of which leads to its place, and all rules."""
    texts = sections()
    broken = [(id, finding) for id, finding in findings.items() if finding.violations]
    html = "".join(_broken(picture, id, texts[id].title, finding) for id, finding in broken)
    rows = [
        [id, finding.verdict, count(finding.examined), texts[id].title]
        for id, finding in findings.items()
    ]
    all_rules = table(["rule", "verdict", "examined", "what must hold"], rows, right=["examined"])
    is_open = "" if broken else " open"
    html += f"<details{is_open}><summary>All {len(findings)} rules</summary>{all_rules}</details>"
    return Section("Rules", [html])


def _broken(picture: Picture, id: str, title: str, finding: Finding) -> str:
    listed = "".join(_violation(picture, one) for one in finding.violations[:VIOLATIONS_LISTED])
    more = len(finding.violations) - VIOLATIONS_LISTED
    rest = f"<p>and {counted(more, 'more violation')}</p>" if more > 0 else ""
    return f'<h3 class="bad">{id} is broken: {as_text(title)}</h3><ul>{listed}</ul>{rest}'


def _violation(picture: Picture, violation: Violation) -> str:
    at = violation.at - picture.start
    words = as_text(shortened(str(violation)))
    return f'<li><button type="button" data-at="{at}">show</button> {words}</li>'
