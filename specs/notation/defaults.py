"""What a line of an example or a picture leaves out.

The one idea: what is not said is as a faultless scheduler would have it, after all that has been
said before. Here it is worked out, and nowhere else.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gnomon.reference import events
from gnomon.reference.schedule.clock import write_instant
from gnomon.reference.service import order_of_calls

INTERVAL = ("weeks", "days", "hours", "minutes", "seconds")


class Assumed:
    """What is assumed of the next event. It is told of each one that happened."""

    def __init__(self, origin: int) -> None:
        self.origin = origin
        self._definitions: dict[str, dict[str, Any]] = {}
        self._revisions: dict[str, int] = {}
        self._messages: dict[int, events.Published] = {}
        self._usage: dict[str, dict[str, int]] = {}
        self._services: dict[str, tuple[tuple[str, ...], Any]] = {}
        self._began: dict[tuple[str, int], tuple[int, int]] = {}
        self._epoch = 0
        self._leader = "s1"

    def heed(self, event: events.Event) -> None:
        """Take note of what happened."""
        match event:
            case events.JobCreated() | events.JobEdited():
                self._revisions[event.job] = event.revision
                self._definitions[event.job] = event.definition
            case events.JobActivated() | events.JobDeactivated():
                self._revisions[event.job] = event.revision
                fields = dict(self._definitions.get(event.job, {}))
                fields.pop("is_active", None)  # a definition says it only if it is not
                is_active = {} if isinstance(event, events.JobActivated) else {"is_active": False}
                self._definitions[event.job] = fields | is_active
            case events.JobDeleted():
                self._revisions.pop(event.job, None)
            case events.LeaseAcquired():
                self._epoch, self._leader = self._epoch + 1, event.server
            case events.Published():
                self._messages.setdefault(event.message, event)
            case events.Started():
                self._begin(event)
            case events.Invoked():
                known = event.defines, event.saw.get("impl_name")
                self._services[self._service_of(event.message)] = known
            case events.ServerStarted():
                self._usage.pop(event.server, None)

    def _begin(self, event: events.Started) -> None:
        service = self._service_of(event.message)
        usage = self._usage.setdefault(event.server, {})
        usage[service] = usage.get(service, 0) + 1
        self._began[event.server, event.worker] = (event.at, usage[service])

    def _service_of(self, number: int) -> str:
        message = self._messages.get(number)
        return message.service if message else ""

    # --- each kind's own

    def fields(self, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What is assumed of an event of that `kind` of which the fields `given` are known."""
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

    def _of_job(self, given: Mapping[str, Any]) -> dict[str, Any]:
        job = given["job"]
        return {
            "revision": self._revisions.get(job, 0) + 1,
            "name": _text(given.get("definition", {}), "name", job),
            "faults": (),
        }

    def _of_message(self, given: Mapping[str, Any]) -> dict[str, Any]:
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
            "payload": events.shown(extra) if isinstance(extra, str) else None,
        }

    def _of_run(self, given: Mapping[str, Any]) -> dict[str, Any]:
        message = self._messages.get(given["message"])
        every = order_of_calls(message.job_type if message else "")
        defines, _ = self._services.get(self._service_of(given["message"]), (every, None))
        return {"attempt": 1, "defines": defines, "calls": given.get("defines", defines)}

    # --- what is spread out over a line

    def entries(self, kind: str, given: Mapping[str, Any], named: Iterable[str]) -> dict[str, Any]:
        """What is assumed to be in the field that is spread out, if the entries `named` are."""
        if kind == "invoked":
            return self._saw(given)
        return self._definition(kind, given["job"], named)

    def _definition(self, kind: str, job: str, named: Iterable[str]) -> dict[str, Any]:
        old = self._definitions.get(job, {}) if kind == "job_edited" else {}
        named = {*old, *named}
        if any(unit in named for unit in INTERVAL):
            job_type = "interval_based"
        else:
            job_type = "cron_style" if "cron_definition" in named else "one_time"
        fields = {"name": job, "job_type": job_type, "service": "report"}
        return {**fields, "start_date": write_instant(self.origin), **old}

    def _saw(self, given: Mapping[str, Any]) -> dict[str, Any]:
        message = self._messages.get(given["message"])
        place = given["server"], given["worker"]
        unseen = ((), "services.Report")
        _, implementation = self._services.get(self._service_of(given["message"]), unseen)
        began, usage = self._began.get(place, (given["at"], 1))
        return {
            "channel": "scheduler",
            "job_type": message and message.job_type,
            "cid": message and message.cid,
            "name": message and message.service,
            "impl_name": implementation,
            "invocation_time": write_instant(began),
            "data_format": None,
            "slow_threshold": 99_999,
            "usage": usage,
            "user_msg": "",
            "environ": {},
            "wsgi_environ": {},
            "payload": message and message.payload,
        }


def _text(fields: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else otherwise
