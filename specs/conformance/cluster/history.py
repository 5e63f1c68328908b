"""A partial history from an observation of level cluster, for the rules and for ``gnomon check``.

The one idea: a witness shows when runs began, and nothing else. So the history observes the jobs,
which the runner deployed, and the firings; it has no server, leader or message.
"""

from collections.abc import Iterator

from gnomon.reference.events import Event, Fields, Fired, JobCreated, JobEdited, recorded_payload
from gnomon.reference.history import Header, History, Observable
from gnomon.reference.schedule.clock import read_instant, write_instant
from gnomon.specs.conformance.cluster.scenarios import Deploy
from gnomon.specs.conformance.cluster.slots import Slots
from gnomon.specs.conformance.protocol import Job
from gnomon.specs.rules.tolerances import POLLING


def history_of(slots: Slots) -> History:
    """The partial history of an observation.

    A firing stands for the instant that the scheduler names; if it names none, for the due instant
    of its slot. An interval job starts at the due instant of its first firing: outside of the
    scheduler only the distance between firings is known.
    """
    firings = slots.observation.firings
    seen: list[Observable] = ["jobs", "firings"]
    if firings and all(firing.due is not None for firing in firings):
        seen.append("due")
    if firings and all(firing.payload is not None for firing in firings):
        seen.append("payload")
    events = sorted(_events(slots), key=lambda event: event.at)
    start = min((event.at for event in events), default=slots.observation.ended)
    header = Header(
        start=start,
        end=max(slots.observation.ended, *(event.at for event in events), start) + 1,
        observes=tuple(seen),
        # A firing may come until the next one is due: lateness is POLLING and twice the lag.
        lag=max(0, slots.interval - POLLING) // 2,
        versions={"scheduler": slots.observation.introduction.implementation.version},
    )
    return History(header, events)


def _events(slots: Slots) -> Iterator[Event]:
    observation, job = slots.observation, slots.observation.scenario.job
    first = slots.due(slots.assigned[0]) if slots.assigned else observation.ended
    begins = min([first, *(event.at for event in observation.events[:1])])
    yield JobCreated(begins, job.id, job.id, _definition(job, first), 1)
    edits = [one.job for one in observation.scenario.actions if isinstance(one, Deploy)]
    edited = [event.at for event in observation.events if event.kind == "edited"]
    for revision, (at, edit) in enumerate(zip(edited, edits, strict=False), 2):
        yield JobEdited(at, job.id, job.id, _definition(edit, first), revision)
    for number, (slot, firing) in enumerate(zip(slots.assigned, observation.firings, strict=True)):
        due = slots.due(slot) if firing.due is None else read_instant(firing.due)
        payload = recorded_payload(firing.payload)
        yield Fired(read_instant(firing.at), number + 1, firing.job, due, payload)


def _definition(job: Job, start: int) -> Fields:
    common = {"name": job.id, "service": job.id, "start_date": write_instant(start)}
    common |= {} if job.payload is None else {"extra": job.payload}
    if job.cron is not None:
        return common | {"job_type": "cron_style", "cron_definition": job.cron}
    assert job.every is not None
    return common | {"job_type": "interval_based", "seconds": round(job.every)}
