# /// script
# [tool.gnomon]
# levels = ["next", "tick"]
# ///
"""Adapter: Gnomon's own reference. At level tick one server and one store, in virtual time."""

import pickle
from datetime import UTC
from heapq import heappop, heappush
from itertools import count as count_from
from itertools import islice
from pathlib import Path

from adapter_kit import Refused, serve

from gnomon.reference.cluster.outputs import Run
from gnomon.reference.cluster.server import TIMERS, Server
from gnomon.reference.events import Coalesced, Published, Skipped
from gnomon.reference.jobs import Rejected, read
from gnomon.reference.schedule.clock import (
    SECOND,
    from_datetime,
    to_datetime,
    write_instant,
)
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.store import operations
from gnomon.reference.store.memory import MemoryStore

LONGEST_SEARCH = 100 * 366 * 86_400_000_000


def next_instants(cron, zone, after, count):
    start = from_datetime(after.astimezone(UTC)) + 1
    fields = {"job_type": "cron_style", "cron_definition": cron, "timezone": zone}
    return instants_of(fields | {"start_date": write_instant(start)}, after, count)


def interval_instants(every, start, zone, after, count):
    fields = {"job_type": "interval_based", "seconds": every}
    return instants_of(fields | {"start_date": written(start)}, after, count)


def one_time_instants(at, zone, after, count):
    return instants_of({"job_type": "one_time", "start_date": written(at)}, after, count)


def written(instant):
    return write_instant(from_datetime(instant))


def instants_of(fields, after, count):
    """The instants of a job with those fields. Raises Refused."""
    try:
        definition = read({"name": "next", "service": "next", **fields})
    except Rejected as error:
        raise Refused(str(error)) from None
    start = from_datetime(after.astimezone(UTC)) + 1
    due = upcoming(trigger(definition), start, start + LONGEST_SEARCH)
    return [to_datetime(instant) for instant in islice(due, count)]


# --- level tick

NAME = "server"
WORKERS = 16
LEASE = 60 * SECOND  # longer than by default: months pass here, and each heartbeat takes time

# By more than a lease: see `clock_set_back` in scheduler.md.
PROFILE = {
    "clock_back": "repeats-if-large",
}


class Kept:
    """What the store folder holds: the store, and what the adapter knows about jobs and runs."""

    def __init__(self):
        self.events = []  # those since the latest request
        self.store = MemoryStore(self.events.append)
        self.processes = 0
        self.takes = {}  # job -> how long a run lasts (µs)
        self.on_demand = set()  # messages
        self.paused = set()  # jobs


class Scheduler:
    """A server whose clock runs evenly, and a store whose clock is the wall clock.

    As in a live cluster: a server reads the time of day once, and learns from the replies of the
    store how far its clock is off.
    """

    observes = ("due", "payload", "misfires", "runs")

    def open(self, store, now, zone, lag):
        self.file = Path(store) / "store.pickle"
        self.kept = pickle.loads(self.file.read_bytes()) if self.file.exists() else Kept()
        self.kept.processes += 1
        self.now = self.wall = from_datetime(now)  # the server's clock, the store's clock (µs)
        self.lag = round(lag * SECOND)
        self.is_reachable = True
        self.firings, self.ends, self.wakes = [], [], {}
        self.numbers = count_from()
        numbers = count_from(self.kept.processes << 64)
        self.server = Server(
            NAME, WORKERS, LEASE, lambda: f"K{next(numbers):039d}", self.kept.processes
        )
        self.do(self.server.start(self.now))
        self.save()

    # --- changes

    def create(self, job):
        self.operate(operations.PutJob(job["id"], self.definition(job, self.wall)))
        self.kept.takes[job["id"]] = round(job.get("takes", 0) * SECOND)
        self.save()

    def edit(self, job):
        old = self.job(job["id"])
        new = self.definition(job, old.definition.start_date)
        self.operate(operations.EditJob(old.id, old.revision, new))
        self.kept.takes[old.id] = round(job.get("takes", 0) * SECOND)
        self.save()

    def delete(self, name):
        self.operate(operations.DeleteJob(name, self.job(name).revision))
        self.kept.paused.discard(name)
        self.save()

    def pause(self, name):
        self.operate(operations.SetActive(name, self.job(name).revision, False))
        self.kept.paused.add(name)
        self.save()

    def resume(self, name):
        self.operate(operations.SetActive(name, self.job(name).revision, True))
        self.kept.paused.discard(name)
        self.save()

    def execute(self, name):
        cid = f"K{next(self.numbers):039d}"
        self.operate(operations.Execute(name, self.job(name).revision, cid))
        self.save()

    def job(self, name):
        if job := self.kept.store.job(name):
            return job
        raise Refused(f"there is no job {name!r}")

    def definition(self, job, start):
        """The definition of a job; `start` (µs) is used if the job has none of its own."""
        fields = {"name": job["id"], "service": "service", "extra": job.get("payload")}
        fields["start_date"] = job.get("start") or write_instant(start)
        fields["is_active"] = job["id"] not in self.kept.paused  # an edit resumes nothing
        if "repeats" in job:
            fields["repeats"] = job["repeats"]
        if "cron" in job:
            fields |= {"job_type": "cron_style", "cron_definition": job["cron"]}
            fields["timezone"] = job.get("zone", "UTC")
        elif "every" in job:
            seconds = job["every"]
            fields["job_type"] = "interval_based"
            fields["seconds"] = int(seconds) if seconds == int(seconds) else seconds
        else:
            fields |= {"job_type": "one_time", "start_date": job["at"]}
        try:
            return read(fields)
        except Rejected as error:
            raise Refused(str(error)) from None

    def operate(self, operation):
        """Carry out an operation of the operator."""
        reply = self.carry_out(operations.OPERATOR, operation)
        if isinstance(reply, operations.Refused):
            raise Refused(reply.why)

    # --- time

    def advance(self, by):
        end = self.now + round(by * SECOND)
        while True:
            timer = min(self.wakes, key=lambda timer: self.wakes[timer][1])
            at = self.wakes[timer][1]
            if self.ends and self.ends[0][0] <= min(at, end):
                self.move(self.ends[0][0])
                self.finish(heappop(self.ends)[2])
            elif at <= end:
                self.move(at)
                del self.wakes[timer]
                self.do(self.server.wake(self.now, timer))
            else:
                break
        self.move(end)
        self.save()
        fired, self.firings = self.firings, []
        return fired

    def move(self, now):
        self.wall += now - self.now
        self.now = now

    def step(self, by):
        self.wall += round(by * SECOND)
        self.wake_now()  # the server learns of the step with its next heartbeat, at the latest

    def store(self, reachable):
        self.is_reachable = reachable
        if reachable:
            self.wake_now()  # a live server sends a heartbeat when its link works again

    def wake_now(self):
        """Let the next heartbeat come at once."""
        self.wakes["heartbeat"] = (self.server.wake_at("heartbeat"), self.now + self.lag)

    def set_timers(self):
        """Note when the server is to be woken; it wakes `lag` after that."""
        for timer in TIMERS:
            at = self.server.wake_at(timer)
            if at is None:
                self.wakes.pop(timer, None)
            elif timer not in self.wakes or self.wakes[timer][0] != at:
                self.wakes[timer] = (at, max(at, self.now) + self.lag)

    # --- between the server and the store

    def do(self, outputs):
        for output in outputs:
            if isinstance(output, Run):
                self.begin(output)
            elif self.is_reachable:
                self.carry_out(NAME, output)
        self.set_timers()

    def carry_out(self, asking, operation):
        """Let the store carry out an operation; the reply to the operator, if there is one."""
        own = None
        replies = self.kept.store.apply(self.wall, asking, operation)
        self.read_events()
        for to, answered, reply in replies:
            if to == operations.OPERATOR:
                own = reply
            else:
                self.do(self.server.receive(self.now, answered, reply))
        return own

    def read_events(self):
        for event in self.kept.events:
            match event:
                case Published(message=message, on_demand=True):
                    self.kept.on_demand.add(message)
                case Coalesced(job=job, due=due) | Skipped(job=job, due=due):
                    self.fire(job=job, due=to_datetime(due), outcome="misfired")
        self.kept.events.clear()

    # --- runs

    def begin(self, run):
        message = run.message
        if run.attempt == 1:  # a run that a kill cut off is the same run when it is repeated
            is_planned = message.id not in self.kept.on_demand
            due = to_datetime(message.due) if is_planned else None
            self.fire(job=message.job, due=due, payload=message.payload, run=str(message.id))
        end = self.now + self.kept.takes.get(message.job, 0)
        heappush(self.ends, (end, next(self.numbers), run))

    def finish(self, run):
        self.fire(job=run.message.job, run=str(run.message.id), outcome="ok")
        self.kept.on_demand.discard(run.message.id)
        self.do(self.server.finish(self.now, run.worker))

    def fire(self, **firing):
        self.firings.append({"at": to_datetime(self.wall)} | firing)

    # --- the end

    def close(self):
        self.do(self.server.drain(self.now))
        self.save()

    def save(self):
        part = self.file.with_suffix(".part")
        part.write_bytes(pickle.dumps(self.kept))
        part.replace(self.file)


if __name__ == "__main__":
    serve(
        "gnomon",
        next_instants,
        Scheduler,
        interval_instants=interval_instants,
        one_time_instants=one_time_instants,
        profile=PROFILE,
    )
