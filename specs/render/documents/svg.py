"""Draws a picture as SVG, for documents: it explains itself, and needs no script.

The one idea: no more is drawn than can be seen. Runs that would lie in one place are one mark, and
the caption states it.
"""

from collections.abc import Iterable, Iterator
from html import escape
from operator import lt
from textwrap import wrap
from typing import NamedTuple

from gnomon.reference.events import STORE
from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.render.documents.elements import (
    DUE_CLASSES,
    DUE_WORDS,
    JOB_COLOURS,
    OUTCOME_WORDS,
    SERVER_COLOURS,
    STYLE,
    area,
    cross,
    pin,
    px,
    rect,
    short,
    text,
    tooltip,
)
from gnomon.specs.render.strings import printable
from gnomon.specs.render.tables import count, span
from gnomon.specs.render.timeline.axis import Axis, when
from gnomon.specs.render.timeline.incidents import foremost
from gnomon.specs.render.timeline.load import parts_of
from gnomon.specs.render.timeline.picture import Bar, Due, Picture
from gnomon.specs.trace.spans import merge_spans

WIDTH, LEFT, RIGHT = 1000, 104, 16
"""The width of the whole, and of the margins beside the time (px)."""
LINE, CHART = 17, 44
"""The heights of a line of text and of a chart (px)."""
TEXT_LETTERS = 148
"""The most letters of a line of text."""
MOST_INCIDENTS = 16
PIN_LINES = 4
"""The most lines of numbers above the time axis."""
MOST_JOB_ROWS = 8
"""Jobs with a row of due marks each; more share one row."""
MOST_UNCLAIMED = 60
"""Messages without a run that are drawn."""
MOST_TITLES = 600
"""Runs and due marks that have a tooltip each; more are joined."""


class Row(NamedTuple):
    """A row of the picture: its label, where it begins, and its height (px)."""

    label: str
    top: float
    height: float


def svg(picture: Picture, name: str) -> str:
    """The picture as a whole SVG document, 1,000 px wide."""
    return "\n".join(_Drawing(picture, name).parts()) + "\n"


class _Drawing:
    """Draws one picture from the top down; `y` is where the next row begins (px)."""

    def __init__(self, picture: Picture, name: str) -> None:
        self.picture, self.name = picture, name
        self.axis = Axis(picture.start, picture.end, LEFT, WIDTH - LEFT - RIGHT)
        self.incidents = foremost(picture.incidents, MOST_INCIDENTS)
        self.has_titles = len(picture.bars) + len(picture.dues) <= MOST_TITLES
        self.y = 0.0

    def parts(self) -> Iterator[str]:
        body = [
            *self._heading(),
            *self._pins(),
            *self._plot(),
            *self._legend(),
            *self._incident_list(),
        ]
        height = round(self.y + 10)
        words = escape(printable(" ".join([self.name, *self.picture.headline])))
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{words}">'
        )
        yield f'<style>{STYLE}</style><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        yield from body
        yield "</svg>"

    # --- texts

    def _heading(self) -> Iterator[str]:
        self.y = 26
        yield text(12, self.y, self.name[:110], "t")
        begins, ends = write_instant(self.picture.start), write_instant(self.picture.end)
        words = " ".join([f"{begins} to {ends}.", *self.picture.headline])
        for line in wrap(words, TEXT_LETTERS):
            self.y += LINE
            yield text(12, self.y, line, "d")
        self.y += 10

    def _legend(self) -> Iterator[str]:
        """The marks that occur, with their meaning."""
        self.y += 14
        x = 12.0
        for mark, words in self._marks():
            width = 30 + 6.3 * len(words)
            if x + width > WIDTH - 8:
                x, self.y = 12.0, self.y + LINE
            yield f'<g transform="translate({px(x)} {px(self.y - 9)})">{mark}</g>'
            yield text(x + 22, self.y + 1, words, "d")
            x += width
        self.y += 6
        if not self.has_titles:
            runs, dues = count(len(self.picture.bars)), count(len(self.picture.dues))
            words = f"{runs} runs, {dues} due instants; those in one place are drawn as one mark."
            self.y += LINE
            yield text(12, self.y, words, "d")

    def _marks(self) -> Iterator[tuple[str, str]]:
        picture = self.picture
        outcomes = set(picture.bars.column("outcome"))
        if picture.bars:
            yield rect(0, 0, 16, 10, fill=JOB_COLOURS[0]), "a run (colour: its job)"
        if "failed" in outcomes:
            yield rect(0, 0, 16, 10, fill=JOB_COLOURS[0]) + cross(8, 5), "a run that failed"
        if "cut off" in outcomes:
            cut = rect(0, 0, 16, 10, fill="none", stroke="#d62728")
            yield cut, "a run cut off when its server left"
        if any(map(lt, picture.bars.column("lead"), picture.bars.column("begins"))):
            yield '<path class="w" d="M0 8h16"/>', "waiting, from due to started"
        if picture.unclaimed:
            yield '<path class="w" d="M0 8h16" stroke-dasharray="3 2"/>', "waiting, not run"
        for outcome in dict.fromkeys(picture.dues.column("outcome")):
            yield f'<path class="{DUE_CLASSES[outcome]}" d="M8 0v11"/>', DUE_WORDS[outcome]
        if picture.faults:
            yield rect(0, 0, 16, 11, "f"), "a fault"
        if picture.flags:
            yield (
                '<path class="vf" d="M4 0l9 3l-9 3z"/><path class="v" d="M4 0v11"/>',
                "a violation",
            )
        if picture.servers and any(m.ended_by and m.ends <= picture.end for m in picture.members):
            yield cross(8, 5), "a server crashed or stopped"

    def _incident_list(self) -> Iterator[str]:
        if not self.incidents:
            return
        self.y += 6
        for number, incident in enumerate(self.incidents, 1):
            self.y += LINE
            yield pin(20, self.y - 4, number, incident)
            at = when(incident.begins, incident.ends, self.picture.has_days)
            for place, line in enumerate(wrap(f"{at}  {incident.text}", 140)):
                self.y += LINE if place else 0
                yield text(34, self.y, line)
        left_out = len(self.picture.incidents) - len(self.incidents)
        if left_out:
            self.y += LINE
            yield text(34, self.y, f"and {count(left_out)} more", "d")

    def _pins(self) -> Iterator[str]:
        """The number of each incident, above the instant at which it began."""
        free = [0.0] * PIN_LINES
        pins = []
        for number, incident in enumerate(self.incidents, 1):
            x = self.axis.x(incident.begins)
            line = next((line for line, until in enumerate(free) if until <= x), None)
            if line is None:
                line = free.index(min(free))
                x = free[line]
            free[line] = x + 17
            pins.append((x, line, number, incident))
        lines = 1 + max((line for _, line, _, _ in pins), default=-1)
        for x, line, number, incident in pins:
            yield pin(x, self.y + 9 + 17 * line, number, incident)
        self.y += 17 * lines + 6

    # --- the plot

    def _plot(self) -> Iterator[str]:
        top = self.y
        body = [
            *self._ticks_labels(),
            *self._charts(),
            *self._leader(),
            *self._due(),
            *self._lanes(),
        ]
        bottom = self.y
        for x, _ in self.axis.ticks(9):
            yield f'<path class="g" d="M{px(x)} {px(top + 16)}V{px(bottom)}"/>'
        yield from body
        for flag in self.picture.flags[:MOST_TITLES]:
            place = px(self.axis.x(flag.at))
            tip = tooltip(f"{flag.rule}: {flag.what}")
            yield f'<path class="v" d="M{place} {px(top + 16)}V{px(bottom)}">{tip}</path>'
            yield f'<path class="vf" d="M{place} {px(top + 16)}l10 4l-10 4z">{tip}</path>'

    def _ticks_labels(self) -> Iterator[str]:
        yield text(LEFT - 8, self.y + 11, "UTC", "e d")
        for x, words in self.axis.ticks(9):
            half = 3.6 * len(words)
            yield text(min(max(x, LEFT + half), WIDTH - half), self.y + 11, words, "m d")
        self.y += 20

    def _row(self, words: str, height: float) -> Row:
        row = Row(words, self.y, height)
        self.y += height
        return row

    def _charts(self) -> Iterator[str]:
        """How many messages wait and how many workers are busy, a column a pixel."""
        picture = self.picture
        if not picture.has_messages or not picture.load:
            return
        parts = parts_of(picture.load, picture.start, picture.end, round(self.axis.width))
        most = max((part.most_waiting for part in parts), default=0)
        there = max(picture.load.column("workers"), default=0)
        for words, values, highest, style in (
            ("waiting", [float(part.most_waiting) for part in parts], most, "wa"),
            ("busy workers", [part.busy for part in parts], there, "ba"),
        ):
            row = self._row(words, CHART if highest else LINE)
            base = row.top + row.height - 4
            yield text(LEFT - 8, base - 2, words, "e")
            if highest:
                yield text(LEFT - 8, row.top + 11, f"{count(highest)}", "e d")
                yield area(self.axis, values, highest, base, row.height - 8, style)
                if style == "ba":
                    full = f"M{LEFT} {px(row.top + 4)}h{px(self.axis.width)}"
                    yield f'<path class="cap" d="{full}"/>'
            else:
                yield text(LEFT + 4, base - 2, "none", "d")

    def _leader(self) -> Iterator[str]:
        picture = self.picture
        if not picture.terms:
            return
        row = self._row("leader", 22)
        yield text(LEFT - 8, row.top + 15, row.label, "e")
        servers = picture.servers
        for term in picture.terms:
            x, until = self.axis.x(term.begins), self.axis.x(term.ends)
            number = servers.index(term.server) if term.server in servers else 0
            fill = SERVER_COLOURS[number % len(SERVER_COLOURS)]
            words = f"{term.server} leads in epoch {term.epoch}"
            yield rect(x, row.top + 3, max(until - x, 1), 16, fill=fill, title=words)
            fits = next((s for s in (words, term.server) if 6.4 * len(s) < until - x), "")
            yield text(x + 4, row.top + 15, fits) if fits else ""

    def _due(self) -> Iterator[str]:
        picture = self.picture
        if not picture.dues:
            return
        self.y += 4
        by_job = picture.dues.numbers_by("job")
        rows = {f"due: {picture.jobs[job].name}": numbers for job, numbers in by_job.items()}
        if len(by_job) > MOST_JOB_ROWS:
            rows = {f"due: {len(by_job)} jobs": range(len(picture.dues))}
        for words, numbers in rows.items():
            row = self._row(words, 17)
            yield text(LEFT - 8, row.top + 13, short(words), "e")
            yield from self._due_marks(picture.dues.picked(numbers), row)

    def _due_marks(self, dues: Iterable[Due], row: Row) -> Iterator[str]:
        if self.has_titles:
            for due in dues:
                x = px(self.axis.x(due.at))
                words = f"{self.picture.jobs[due.job].name}, due at {write_instant(due.at)}"
                tip = tooltip(f"{words}: {DUE_WORDS[due.outcome]}")
                place = f"M{x} {px(row.top + 3)}v11"
                yield f'<path class="{DUE_CLASSES[due.outcome]}" d="{place}">{tip}</path>'
            return
        places: dict[str, dict[str, None]] = {outcome: {} for outcome in DUE_CLASSES}
        for due in dues:
            places[due.outcome][px(self.axis.x(due.at))] = None
        for outcome, of_outcome in places.items():
            if of_outcome:
                strokes = "".join(f"M{x} {px(row.top + 3)}v11" for x in of_outcome)
                yield f'<path class="{DUE_CLASSES[outcome]}" d="{strokes}"/>'

    # --- the lanes

    def _lanes(self) -> Iterator[str]:
        picture = self.picture
        self.y += 6
        height = 22.0 if len(picture.lanes) <= 40 else 9.0
        by_lane = picture.bars.numbers_by("lane")
        server, top = None, self.y
        for number, lane in enumerate(picture.lanes):
            if lane.server != server:
                server, top = lane.server, self.y
            row = self._row(lane.label, height - 1)
            self.y += 1
            if height > 12:
                yield text(LEFT - 8, row.top + 14, short(lane.label), "e")
            yield from self._presence(lane.server, row)
            of_lane = by_lane.get(number, ())
            yield from self._leads(of_lane, row)
            yield from self._bars(picture.bars.picked(of_lane), row)
            following = (
                picture.lanes[number + 1].server if number + 1 < len(picture.lanes) else None
            )
            if following != server and server:
                yield from self._shades(server, top, self.y)
        yield from self._unclaimed()

    def _presence(self, server: str, row: Row) -> Iterator[str]:
        """The grey ground of a lane, where its server is there."""
        members = [member for member in self.picture.members if member.server == server]
        if not members:
            yield rect(LEFT, row.top, self.axis.width, row.height, "p")
        for member in members:
            x = self.axis.x(member.begins)
            yield rect(x, row.top, self.axis.x(member.ends) - x, row.height, "p")

    def _shades(self, server: str, top: float, bottom: float) -> Iterator[str]:
        """The faults of a server and of the store, and where the server left."""
        for fault in self.picture.faults:
            if fault.target in (server, STORE):
                x = self.axis.x(fault.begins)
                width = max(self.axis.x(fault.ends) - x, 2)
                words = f"{fault.fault} of {fault.target}"
                yield rect(x, top, width, bottom - top - 1, "f", title=words)
        for member in self.picture.members:
            if member.server == server and member.ended_by and member.ends <= self.picture.end:
                yield cross(self.axis.x(member.ends), (top + bottom) / 2)

    def _leads(self, numbers: Iterable[int], row: Row) -> Iterator[str]:
        """The waits before the runs of a lane, which have these numbers: a thin line under them."""
        leads, begins = self.picture.bars.column("lead"), self.picture.bars.column("begins")
        spans = sorted((leads[n], begins[n]) for n in numbers if leads[n] < begins[n])
        bottom = row.top + row.height - 2
        drawn = [(self.axis.x(since), self.axis.x(until)) for since, until in merge_spans(spans)]
        strokes = "".join(f"M{px(x)} {px(bottom)}H{px(y)}" for x, y in drawn if y - x >= 0.5)
        if strokes:
            yield f'<path class="w" d="{strokes}"/>'

    def _bars(self, bars: Iterable[Bar], row: Row) -> Iterator[str]:
        height = row.height - 6
        shapes: dict[str, list[str]] = {}
        taken = 0.0  # how far the lane is drawn, where runs have no tooltips
        for bar in bars:
            x, until = self.axis.x(bar.begins), self.axis.x(bar.ends)
            width = max(until - x, 1)
            colour = JOB_COLOURS[bar.job % len(JOB_COLOURS)]
            if self.has_titles:
                yield self._bar(bar, colour, x, row.top + 1, width, height)
                continue
            if x + width >= taken + 0.5:
                x, width = max(x, taken), x + width - max(x, taken)
                taken = x + width
                shapes.setdefault(colour, []).append(
                    f"M{px(x)} {px(row.top + 1)}h{px(width)}v{px(height)}h-{px(width)}z"
                )
            if bar.outcome in ("failed", "cut off"):
                yield cross(x + width / 2, row.top + 1 + height / 2)
        for colour, paths in shapes.items():
            yield f'<path style="fill:{colour}" d="{"".join(paths)}"/>'

    def _bar(self, bar: Bar, colour: str, x: float, y: float, width: float, height: float) -> str:
        job = self.picture.jobs[bar.job]
        wait = span(bar.begins - bar.lead)
        words = (
            f"{job.name}, message {bar.message}, attempt {bar.attempt}:"
            f" {OUTCOME_WORDS[bar.outcome]}; started {write_instant(bar.begins)} after {wait},"
            f" ran {span(bar.ends - bar.begins)}"
        )
        if bar.outcome == "cut off":
            return rect(x, y, width, height, fill="#fff", stroke="#d62728", title=words)
        mark = cross(x + width / 2, y + height / 2) if bar.outcome == "failed" else ""
        return rect(x, y, width, height, fill=colour, title=words) + mark

    def _unclaimed(self) -> Iterator[str]:
        """The messages that waited and were not run, each a dashed line while there is room."""
        unclaimed = self.picture.unclaimed
        if not unclaimed:
            return
        self.y += 4
        rows = unclaimed[:MOST_UNCLAIMED]
        apart = min(4.0, 120 / len(rows))
        yield text(LEFT - 8, self.y + 10, f"not run: {count(len(unclaimed))}", "e")
        if len(unclaimed) > len(rows):
            words = f"the first {MOST_UNCLAIMED} are drawn"
            yield text(LEFT - 8, self.y + 10 + LINE, words, "e d")
        for one in rows:
            x, until = px(self.axis.x(one.begins)), px(self.axis.x(one.ends))
            tip = tooltip(f"{self.picture.jobs[one.job].name}, message {one.message}")
            place = f"M{x} {px(self.y + 5)}H{until}"
            yield f'<path class="w" stroke-dasharray="3 2" d="{place}">{tip}</path>'
            self.y += apart
        self.y += 10 if len(rows) * apart > 2 * LINE else 2 * LINE
