"""The due instants of each stage of a job, beside the outcomes that they had.

The one idea: nearly every stage *follows its plan*: its outcomes are those of the first instants
that were due, in order, and nothing else. Each question below is answered at once for such a stage,
and by comparing instants for any other. The answers do not depend on which way was taken.

A history may have been made under another version of the time zone database. What a cron job in a
zone other than UTC was due at then is not known here: its outcomes count as its due instants.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from gnomon.reference import events, oracle
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import HOUR, LAST_INSTANT
from gnomon.reference.schedule.zones import zone_database
from gnomon.specs.trace.entities import Stage
from gnomon.specs.trace.outcomes import InstantOutcome, PackedOutcomes
from gnomon.specs.trace.trace import Trace


def zone_databases(trace: Trace) -> frozenset[str]:
    """The versions of the time zone database under which a history was made, as far as known.

    They are those of its servers; if no server names one, that of the header.
    """
    started = (event for event in trace.events if isinstance(event, events.ServerStarted))
    named = frozenset(event.tzdata for event in started if event.tzdata is not None)
    header = trace.header.versions.get("tzdata")
    return named or (frozenset() if header is None else frozenset((header,)))


def has_other_zones(trace: Trace) -> bool:
    """Whether a history was made under another version of the time zone database than this one."""
    return bool(trace.cached(zone_databases)) and trace.cached(zone_databases) != {zone_database()}


def is_unknown_when_due(trace: Trace, stage: Stage) -> bool:
    """Whether another version of the time zone database decided when a stage was due."""
    fields = stage.fields
    in_zone = fields.get("job_type") == "cron_style" and fields.get("timezone", "UTC") != "UTC"
    return in_zone and trace.cached(has_other_zones)


def due(trace: Trace, stage: Stage) -> Sequence[int]:
    """The instants at which an active stage of an acceptable definition was due, by the oracle."""
    if stage.due is None:
        instants = _compute_due(trace, stage)
        is_long = isinstance(stage.outcomes, PackedOutcomes)
        stage.due = array("q", instants) if is_long else list(instants)
    return stage.due


def _compute_due(trace: Trace, stage: Stage) -> Iterator[int]:
    definition = stage.definition
    if definition is None or not stage.active:
        return iter(())
    first = max(stage.begins, stage.latest_before + 1)
    if definition.job_type == "one_time" and type(stage.cause) is not events.JobActivated:
        first = stage.latest_before + 1  # a start_date in the past is a misfire (FIRE-10)
    if is_unknown_when_due(trace, stage):
        return iter(sorted({instant for instant in stage.outcomes.instants if instant >= first}))
    ends = trace.end - 1 if stage.ends is None else stage.ends
    instants = oracle.due_instants(definition, first, ends + 1)
    corrected_at = trace.corrected_at(stage.begins)
    if corrected_at is None:
        return instants
    # The stage began beyond that instant, and counts as beginning microseconds before it.
    had = set(stage.outcomes.instants)
    return (instant for instant in instants if instant >= corrected_at or instant in had)


def follows_plan(trace: Trace, stage: Stage) -> bool:
    """Whether the outcomes of a stage are those of its first due instants, in order."""
    if stage.follows_plan is None:
        instants = stage.outcomes.instants
        stage.follows_plan = instants == due(trace, stage)[: len(instants)]
    return stage.follows_plan


def is_due_at(trace: Trace, stage: Stage, instant: int) -> bool:
    """Whether the definition of a stage is due at `instant`, whenever it began to count."""
    if stage.definition is None:
        return False
    return is_unknown_when_due(trace, stage) or instant in oracle.due_instants(
        stage.definition, instant, instant + 1
    )


def planned_at(stage: Stage, instant: int) -> int:
    """When the occurrence of a stage is to be published that is due at an instant (LIMIT-2)."""
    jitter = 0 if stage.definition is None else stage.definition.jitter
    return instant + oracle.jitter_offset(stage.job, instant, jitter) if jitter else instant


@lru_cache(maxsize=4096)
def next_due(definition: Definition, since: int) -> int | None:
    """The first instant from `since` on (µs, UTC) at which a definition is due; None: none is left.

    A minute is looked at after the other: a second for each year in which a cron job is not due.
    """
    ends = LAST_INSTANT + 1 if definition.ends is None else definition.ends
    return next(oracle.due_instants(definition, since, ends), None)


def count_up_to_cursor(trace: Trace, stage: Stage) -> int:
    """How many instants of a stage were due up to its cursor."""
    if follows_plan(trace, stage):
        return len(stage.outcomes)
    instants = due(trace, stage)
    having_outcome = set(stage.outcomes.instants)
    cursor = max(having_outcome.intersection(instants), default=-1)
    return bisect_right(instants, cursor)


def ahead_of_cursor(trace: Trace, stage: Stage) -> Sequence[int]:
    """The due instants of a stage ahead of its cursor."""
    return due(trace, stage)[count_up_to_cursor(trace, stage) :]


def without_outcome(trace: Trace, stage: Stage) -> list[int]:
    """The due instants of a stage up to its cursor that had no outcome in it."""
    if follows_plan(trace, stage):
        return []
    having_outcome = set(stage.outcomes.instants)
    up_to_cursor = due(trace, stage)[: count_up_to_cursor(trace, stage)]
    return [instant for instant in up_to_cursor if instant not in having_outcome]


def first_outcomes(trace: Trace, stage: Stage) -> Sequence[InstantOutcome]:
    """The first outcome in a stage of each instant that was due in it."""
    if follows_plan(trace, stage):
        return stage.outcomes
    first: list[InstantOutcome] = []
    awaited = set(due(trace, stage))
    for instant, event in stage.outcomes:
        if instant in awaited:
            awaited.remove(instant)
            first.append((instant, event))
    return first


def outcomes_after(trace: Trace, stage: Stage, grace: int) -> Iterable[InstantOutcome]:
    """The first outcomes in a stage, perhaps without messages of up to `grace` µs after it."""
    if follows_plan(trace, stage):
        return stage.outcomes.candidates(grace)
    return first_outcomes(trace, stage)


def current_outcomes(trace: Trace, stage: Stage) -> Sequence[InstantOutcome]:
    """The outcomes that a stage must answer for.

    Those of outdated messages are not, unless all outcomes are those of its own due instants.
    """
    if follows_plan(trace, stage):
        return stage.outcomes
    return [(instant, event) for instant, event in stage.outcomes if not stage.is_outdated(event)]


def not_due(trace: Trace, stage: Stage) -> list[InstantOutcome]:
    """The current outcomes of a stage at instants at which its definition is never due."""
    if stage.definition is None or follows_plan(trace, stage):
        return []
    expected = set(due(trace, stage))
    return [
        (instant, event)
        for instant, event in current_outcomes(trace, stage)
        if instant not in expected and not is_due_at(trace, stage, instant)
    ]


def is_near_change(zone: str, instant: int) -> bool:
    """Whether the zone's offset changes within 25 hours of the hour in which `instant` lies."""
    return zone != "UTC" and _is_near_change(zone, instant // HOUR)


@lru_cache(maxsize=65_536)
def _is_near_change(zone: str, hour: int) -> bool:
    return oracle.near_change(zone, hour * HOUR)


Message = events.Published | events.Fired
"""What the history has of a message: how it was published, or how its run began."""


class Plan:
    """The stages of one job, from its creation to its deletion."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.published = 0
        self.is_ascending = True

    def add(self, stage: Stage) -> None:
        """Add the next stage: the planned messages so far, and whether each instant is later."""
        self.stages.append(stage)
        self.published += stage.published - stage.beside_plan
        self.is_ascending = self.is_ascending and stage.is_ascending

    def messages(self) -> Iterator[tuple[int, Message]]:
        """The planned messages with their instants, in the order of publishing."""
        for stage in self.stages:
            for instant, event in stage.outcomes:
                if isinstance(event, events.FIRINGS):
                    yield instant, event

    def instants_published(self) -> int:
        """How many instants have a planned message."""
        if self.is_ascending:
            return self.published
        return len({instant for instant, _ in self.messages()})

    def repetitions(self) -> Iterator[tuple[int, Message, Message]]:
        """An instant, its first message, and another of the same instant."""
        if self.is_ascending:
            return
        first: dict[int, Message] = {}
        for instant, event in self.messages():
            before = first.setdefault(instant, event)
            if before is not event:
                yield instant, before, event

    def inversions(self) -> Iterator[tuple[int, int, Message]]:
        """The latest instant that was published, and a later message of an earlier one.

        An instant that was published before is one of the `repetitions`.
        """
        if self.is_ascending:
            return
        latest: int | None = None
        published: set[int] = set()
        for instant, event in self.messages():
            if latest is not None and instant < latest and instant not in published:
                yield latest, instant, event
            latest = instant if latest is None else max(latest, instant)
            published.add(instant)


def early(trace: Trace) -> list[Message]:
    """Every message that was published before it was due."""
    fired = (firing.fired for firing in trace.firings)
    found: list[Message] = [
        event for event in fired if event.due is not None and event.at < event.due
    ]
    if trace.observes("messages"):
        found += trace.messages.early()
    return found


def on_demand(trace: Trace) -> list[Message]:
    """Every message that was published on demand."""
    found: list[Message] = [f.fired for f in trace.firings if f.fired.on_demand]
    if trace.observes("messages"):
        found += trace.messages.on_demand()
    return found


def plans(trace: Trace) -> list[Plan]:
    """The plan of each job; a job created again under an old id is another job."""
    found: list[Plan] = []
    for stage in trace.stages:
        if type(stage.cause) is events.JobCreated:
            found.append(Plan())
        found[-1].add(stage)
    return found
