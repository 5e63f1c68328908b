"""A picture of the runs of a job: over time, how long each waited and how long it took.

The one idea: two rows of bars over one axis of time, each with a scale of its own, since waits are
milliseconds where runs are minutes. An occurrence without a message is a mark on the base line of
the waits. The geometry is made here, so that it can be checked; the template ``parts/picture.html``
only writes it down. The table of runs beside it has the latest of these runs in words, and how long
each took as here. An occurrence without a message is in no table: its mark has a label.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gnomon.reference.events import Coalesced, Skipped
from gnomon.reference.live.api.web.runs import (
    between,
    is_misfire,
    planned,
    took,
    took_below,
    write_span,
)
from gnomon.reference.schedule.clock import FIRST_INSTANT, write_instant
from gnomon.reference.store.administration import RUNS_KEPT, JobRun
from gnomon.reference.store.operations import Job
from gnomon.reference.store.unpublished import Unpublished

MOST_BARS = 200
"""Number of runs in a picture at most: the latest ones."""
WIDTH, HEIGHT = 600, 80
BAR = 6
"""The width of a bar, in the units of `WIDTH`."""
_WHY = {
    "misfire": ", as a misfire",
    "changed": " by a change",
    "max_parallel": ", as too many messages were unfinished",
}
_MARK = 10
"""The room above the highest bar, for a mark."""


class Bar(NamedTuple):
    """A run in one row: a bar from the base line up, and its `kind`, a class of the style.

    `x` is its left edge, `top` its upper one. `is_marked`: a mark stands on it.
    """

    x: float
    top: float
    height: float
    kind: str
    is_marked: bool
    label: str


class Gap(NamedTuple):
    """An occurrence without a message: its middle, and its `kind`, coalesced or skipped."""

    x: float
    kind: str
    label: str


class Row(NamedTuple):
    """Bars, and the `longest` span or bound of a run as text for people, None if none is known.

    The highest bar is the longest span: a run of which only a bound is known has no height.
    """

    longest: str | None
    bars: tuple[Bar, ...]


class Picture(NamedTuple):
    """The runs of a job from the instant `begins` to `ends` (µs, UTC), with their numbers.

    `gaps` are the occurrences without a message; `coalesced` and `skipped` are their numbers.
    """

    begins: int
    ends: int
    waited: Row
    took: Row
    runs: int
    misfires: int
    failures: int
    gaps: tuple[Gap, ...]
    coalesced: int
    skipped: int


def picture_of(
    job: Job, runs: Sequence[JobRun], without_message: Sequence[Unpublished], now: int
) -> Picture | None:
    """The picture of the latest of `runs` at the instant `now` (µs, UTC).

    Occurrences `without_message` are drawn as far back as the store surely has the runs. None if
    nothing is drawn.
    """
    drawn = sorted(runs, key=lambda run: run.published)[-MOST_BARS:]
    instants = [_place(job, run) for run in drawn]
    may_lack_older = len(drawn) >= RUNS_KEPT
    since = min(instants) if may_lack_older else FIRST_INSTANT
    gaps = [one for one in without_message if one.due >= since]
    places = [*instants, *(one.due for one in gaps)]
    if not places:
        return None
    begins, ends = min(places), max(places)

    def place(at: int) -> float:
        share = (at - begins) / (ends - begins) if ends > begins else 0.5
        return round(share * (WIDTH - BAR), 1)

    def row(
        measure: Callable[[Job, JobRun, int], int | None],
        kind: Callable[[JobRun], str],
        is_marked: Callable[[JobRun], bool],
        below: Callable[[JobRun], int | None] = lambda _: None,
    ) -> Row:
        spans = [measure(job, run, now) for run in drawn]
        bounds = [below(run) for run in drawn]
        longest = max((span for span in spans if span is not None), default=None)
        highest = max((bound for bound in bounds if bound is not None), default=None)
        bars = []
        for run, at, span, bound in zip(drawn, instants, spans, bounds, strict=True):
            height = (HEIGHT - _MARK) * max(span or 0, 0) / max(longest or 0, 1)
            label = f"{write_instant(at)}: {_write(span, bound)}"
            top = round(HEIGHT - height, 1)
            bars.append(Bar(place(at), top, round(height, 1), kind(run), is_marked(run), label))
        if longest is None and highest is None:
            return Row(None, tuple(bars))
        is_bound_higher = (highest or 0) > (longest or 0)
        return Row(_write(longest, highest if is_bound_higher else None), tuple(bars))

    def misfired(run: JobRun) -> bool:
        return is_misfire(job, run)

    return Picture(
        begins,
        ends,
        row(_waited, lambda run: "misfire" if misfired(run) else "wait", misfired),
        row(_took, _kind, has_failed, took_below),
        len(drawn),
        sum(map(misfired, drawn)),
        sum(map(has_failed, drawn)),
        tuple(Gap(place(one.due) + BAR / 2, _kind_of(one), _label_of(one)) for one in gaps),
        sum(isinstance(one, Coalesced) for one in gaps),
        sum(isinstance(one, Skipped) for one in gaps),
    )


def _kind_of(one: Unpublished) -> str:
    return "coalesced" if isinstance(one, Coalesced) else "skipped"


def _label_of(one: Unpublished) -> str:
    at = write_instant(one.due)
    if isinstance(one, Coalesced):
        return f"{at}: coalesced into {write_instant(one.into)}"
    return f"{at}: skipped{_WHY[one.why]}"


def _write(span: int | None, bound: int | None) -> str:
    return write_span(span) if bound is None else f"<{write_span(bound)}"


def has_failed(run: JobRun) -> bool:
    """Whether a run has ended in any way but well."""
    return run.outcome not in (None, "ok")


def _kind(run: JobRun) -> str:
    if run.outcome is None:
        return "running"
    return "failed" if has_failed(run) else "ok"


def _place(job: Job, run: JobRun) -> int:
    """Where a run stands on the axis of time: when it was to start (µs, UTC)."""
    return run.published if run.on_demand else planned(job, run)


def _waited(job: Job, run: JobRun, now: int) -> int | None:
    """From when a run was to start until it did, or until `now` (µs)."""
    until = now if run.started is None and run.outcome is None else run.started
    return between(_place(job, run), until)


def _took(_: Job, run: JobRun, now: int) -> int | None:
    """From the start of a run until its end, or until `now` (µs)."""
    return between(run.started, now) if run.outcome is None else took(run)
