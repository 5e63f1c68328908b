"""The state of a cluster after each event, for an excerpt that ends there.

The one idea: what a store knows at the end of its history follows from the events. So it is added
up while they happen, and no event needs to be kept for it.
"""

from msgspec.structs import replace

from gnomon.reference import events, jobs
from gnomon.reference.events import Event, Fields, is_planned
from gnomon.reference.store.operations import Job, Worker
from gnomon.specs.excerpt.excerpt import Known

NOTHING = Known()


class ClusterState:
    """What a store knows after the events so far, which began with the state `known`."""

    def __init__(self, known: Known = NOTHING) -> None:
        self._jobs = {job.id: job for job in known.jobs}
        self._servers = {server.server: server for server in known.servers}
        self._leader = known.leader
        self._held: dict[Worker, int] = dict(known.held)
        self._paused = known.paused

    def known(self) -> Known:
        """The state now."""
        return Known(
            jobs=tuple(self._jobs.values()),
            servers=tuple(self._servers.values()),
            leader=self._leader,
            held=dict(self._held),
            paused=self._paused,
        )

    def add(self, event: Event) -> None:
        """One more event has happened."""
        match event:
            case events.LeaseAcquired():
                self._leader = event
            case events.LeaseReleased() | events.LeaseExpired() | events.ClockSetBack():
                self._leader = None
            case events.ClusterPaused():
                self._paused = event
            case events.ClusterResumed():
                self._paused = None
            case _:
                self._add_to_servers(event)
                self._add_to_jobs(event)

    def _add_to_servers(self, event: Event) -> None:
        match event:
            case events.Claimed() | events.Started():
                self._held[event.server, event.worker] = event.message
            case events.Finished() | events.Reclaimed() | events.Lost():
                if self._held.get((event.server, event.worker)) == event.message:
                    del self._held[event.server, event.worker]
            case events.ServerStarted():
                self._servers[event.server] = event
            case events.ServerStopped() | events.ServerCrashed():
                self._servers.pop(event.server, None)
                for worker in [one for one in self._held if one[0] == event.server]:
                    del self._held[worker]
            case _:
                pass

    def _add_to_jobs(self, event: Event) -> None:
        match event:
            case events.JobCreated():
                published = event.published or 0
                self._define(event.job, event.definition, event.revision, published)
            case events.JobEdited():
                before = self._jobs.get(event.job)
                published = before.published if before else 0
                self._define(event.job, event.definition, event.revision, published)
            case events.JobActivated() | events.JobDeactivated() if event.job in self._jobs:
                job = self._jobs[event.job]
                is_active = isinstance(event, events.JobActivated)
                definition = replace(job.definition, is_active=is_active)
                self._jobs[event.job] = replace(job, revision=event.revision, definition=definition)
            case events.JobDeleted():
                self._jobs.pop(event.job, None)
            case events.Published() if is_planned(event) and event.job in self._jobs:
                job = self._jobs[event.job]
                self._jobs[event.job] = replace(job, published=job.published + 1)
            case _:
                pass

    def _define(self, job: str, fields: Fields, revision: int, published: int) -> None:
        """A job has a new definition; what is not acceptable (JOB-5) is not known to a store."""
        try:
            self._jobs[job] = Job(job, revision, jobs.read(fields), None, published)
        except jobs.Rejected:
            self._jobs.pop(job, None)


def open_faults(happened: list[Event]) -> list[events.FaultBegan]:
    """The faults that began in `happened` and did not end."""
    began: dict[tuple[str, str], list[events.FaultBegan]] = {}
    for event in happened:
        if isinstance(event, events.FaultBegan):
            began.setdefault((event.fault, event.target), []).append(event)
        elif isinstance(event, events.FaultEnded):
            began.get((event.fault, event.target), [event])[:1] = []
    return [event for several in began.values() for event in several]
