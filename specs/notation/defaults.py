"""The values that a line of the notation leaves out.

The one idea: a value that is absent is the one that a faultless scheduler would have recorded
after all earlier lines. It is computed here and nowhere else, for the parser and the renderer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from gnomon.reference import events
from gnomon.reference.events import Event, Fields, Json
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.service import order_of_calls

INTERVAL = ("weeks", "days", "hours", "minutes", "seconds")


class Defaults:
    """The defaults of the next event, after every event that was given to ``apply``.

    `published` are the messages of a whole history, which then need not be kept as they come.
    """

    def __init__(self, origin: int, published: Sequence[events.Published] | None = None) -> None:
        self.origin = origin
        self._definitions: dict[str, Fields] = {}
        self._revisions: dict[str, int] = {}
        self._kept: list[events.Published] = []
        self._published = self._kept if published is None else published
        self._rows: dict[int, int] = {}  # of each message in _published
        self._count = 0
        self._usage: dict[str, dict[str, int]] = {}
        self._services: dict[str, tuple[tuple[str, ...], Json]] = {}
        """By service, the methods that it defines and its impl_name."""
        self._runs: dict[tuple[str, int], tuple[int, int]] = {}
        """By server and worker, when its latest run started (µs), and the usage of its service."""
        self._epoch = 0
        self._leader = "s1"

    def apply(self, event: Event) -> None:
        """Change the defaults as `event` does."""
        match event:
            case events.Started():
                self._start(event)
            case events.Published():
                self._publish(event)
            case events.JobCreated() | events.JobEdited():
                self._revisions[event.job] = event.revision
                self._definitions[event.job] = event.definition
            case events.JobActivated() | events.JobDeactivated():
                self._revisions[event.job] = event.revision
                fields = dict(self._definitions.get(event.job, {}))
                fields.pop("is_active", None)  # a definition has it only if it is false
                is_active = {} if isinstance(event, events.JobActivated) else {"is_active": False}
                self._definitions[event.job] = fields | is_active
            case events.JobDeleted():
                self._revisions.pop(event.job, None)
            case events.LeaseAcquired():
                self._epoch, self._leader = self._epoch + 1, event.server
            case events.Invoked():
                known = event.defines, event.saw.get("impl_name")
                self._services[self._service_of(event.message)] = known
            case events.ServerStarted():
                self._usage.pop(event.server, None)
            case (
                events.JobRejected()
                | events.LeaseReleased()
                | events.LeaseExpired()
                | events.PublishRefused()
                | events.Requested()
                | events.Fired()
                | events.Ended()
                | events.Skipped()
                | events.Coalesced()
                | events.Claimed()
                | events.Finished()
                | events.Overdue()
                | events.Reclaimed()
                | events.Lost()
                | events.Expired()
                | events.DeadLettered()
                | events.Dropped()
                | events.PutBack()
                | events.ServerStopping()
                | events.ServerStopped()
                | events.ServerCrashed()
                | events.WritesLost()
                | events.ClockSetBack()
                | events.StoreReplaced()
                | events.ClusterPaused()
                | events.ClusterResumed()
                | events.FaultBegan()
                | events.FaultEnded()
            ):
                pass
            case _:
                assert_never(event)

    def _publish(self, event: events.Published) -> None:
        if self._published is self._kept:
            self._kept.append(event)
        self._rows.setdefault(event.message, self._count)
        self._count += 1

    def _message(self, number: int) -> events.Published | None:
        row = self._rows.get(number)
        return None if row is None else self._published[row]

    def _start(self, event: events.Started) -> None:
        service = self._service_of(event.message)
        usage = self._usage.setdefault(event.server, {})
        usage[service] = usage.get(service, 0) + 1
        self._runs[event.server, event.worker] = (event.at, usage[service])

    def _service_of(self, number: int) -> str:
        message = self._message(number)
        return message.service if message else ""

    # --- the defaults of each kind

    def fields(self, kind: str, given: Mapping[str, Json]) -> Fields:
        """The defaults of the fields of an event of `kind` that has the fields `given`."""
        if kind.startswith("job_"):
            return self._of_job(given)
        if kind.startswith("lease_"):
            return {"epoch": self._epoch + (kind == "lease_acquired")}
        if kind == "published":
            return self._of_message(given)
        if kind == "publish_refused":
            return {"epoch": self._epoch, "server": self._leader}
        if kind == "invoked":
            return self._of_run(given)
        return {"attempt": 1, "outcome": "ok"}

    def _of_job(self, given: Mapping[str, Json]) -> Fields:
        job = given["job"]
        return {
            "revision": self._revisions.get(job, 0) + 1,
            "name": _text(given.get("definition", {}), "name", job),
            "faults": (),
        }

    def _of_message(self, given: Mapping[str, Json]) -> Fields:
        message, job = given["message"], given["job"]
        fields = self._definitions.get(job, {})
        extra = fields.get("extra")
        return {
            "cid": f"K{message:039d}",
            "revision": self._revisions.get(job, 1),
            "due": given["at"],
            "epoch": 0 if given.get("on_demand") else max(self._epoch, 1),
            "server": self._leader,
            "name": _text(fields, "name", job),
            "job_type": _text(fields, "job_type", "one_time"),
            "service": _text(fields, "service", "report"),
            "payload": events.recorded_payload(extra) if isinstance(extra, str) else None,
        }

    def _of_run(self, given: Mapping[str, Json]) -> Fields:
        message = self._message(given["message"])
        every = order_of_calls(message.job_type if message else "")
        defines, _ = self._services.get(self._service_of(given["message"]), (every, None))
        return {"attempt": 1, "defines": defines, "calls": given.get("defines", defines)}

    # --- the defaults of a field whose entries stand in the line

    def entries(self, kind: str, given: Mapping[str, Json], named: Iterable[str]) -> Fields:
        """The defaults of the entries of that field, if the line has the entries `named`."""
        if kind == "invoked":
            return self._saw(given)
        return self._definition(kind, given["job"], named)

    def _definition(self, kind: str, job: str, named: Iterable[str]) -> Fields:
        old = self._definitions.get(job, {}) if kind == "job_edited" else {}
        named = {*old, *named}
        if any(unit in named for unit in INTERVAL):
            job_type = "interval_based"
        else:
            job_type = "cron_style" if "cron_definition" in named else "one_time"
        fields = {"name": job, "job_type": job_type, "service": "report"}
        return {**fields, "start_date": write_instant(self.origin), **old}

    def _saw(self, given: Mapping[str, Json]) -> Fields:
        message = self._message(given["message"])
        worker = given["server"], given["worker"]
        unknown = ((), "services.Report")
        _, implementation = self._services.get(self._service_of(given["message"]), unknown)
        started_at, usage = self._runs.get(worker, (given["at"], 1))
        return {
            "channel": "scheduler",
            "job_type": message and message.job_type,
            "cid": message and message.cid,
            "name": message and message.service,
            "impl_name": implementation,
            "invocation_time": write_instant(started_at),
            "data_format": None,
            "slow_threshold": 99_999,
            "usage": usage,
            "user_msg": "",
            "environ": {},
            "wsgi_environ": {},
            "payload": message and message.payload,
        }


def _text(fields: Mapping[str, Json], name: str, otherwise: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else otherwise
