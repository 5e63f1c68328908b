"""Swarm: recordings drawn at random, each with its own idea of what can go wrong.

The one idea: which kinds of faults and changes there are is drawn first, and a kind that is not
drawn is exactly absent. Where everything always goes wrong much is never seen: what needs a long
quiet time, or one kind of fault often and no other (Groce et al., "Swarm Testing", 2012).

    [start, healing)    safety: servers and links fail as drawn, jobs are changed
    [healing, until)    liveness: a random core of servers is healthy, the others are healthy as
                        well, gone or cut off; long enough for all that was due to settle

A `Chooser` is asked for every choice, always for a whole number; so seeds and Hypothesis drive the
same generator, and the lowest number is the simplest choice.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from gnomon.reference.events import STORE
from gnomon.reference.jobs import MISFIRE_POLICIES, Definition
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, read_instant, write_instant
from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.liveness import patience
from gnomon.specs.recording.model import (
    Action,
    ClockDrift,
    ClockStep,
    ClusterSpec,
    Command,
    Cut,
    Disturbance,
    Emptied,
    Fault,
    Fixed,
    JobSpec,
    LostWrites,
    Outage,
    Pause,
    Recording,
    Samples,
    ServiceSpec,
    Spread,
    longest,
)

T = TypeVar("T")

MOST_OCCURRENCES = 800
"""So many are due in a safety phase, roughly: a run shall take a fraction of a second."""
LONGEST_DRAIN = 5 * MINUTE
"""The core can do all that was due in the safety phase in so much time."""
NOON = read_instant("2026-01-05T12:00:00Z")
STARTS = (
    NOON,
    NOON,
    NOON,
    read_instant("2026-03-29T00:58:00Z"),  # two minutes before Europe's clocks go forward
    read_instant("2026-10-25T00:58:00Z"),  # and back
)
ZONES = ("UTC", "UTC", "Europe/Warsaw", "Europe/Warsaw", "Europe/London", "Asia/Kathmandu")
CRONS = (
    "* * * * *",
    "* * * * *",
    "*/2 * * * *",
    "0-59/3 * * * *",
    "@hourly",
    "0-59 1,2 * * *",
    "0-59/5 1,2 * * *",  # what Europe's changes of offset leave out, and what they repeat
    "* * 1 * MON",
    "* * * * 1,SUN",
    "* * * * 2-6",
)
NAMES = "abcdefghijklmnopqrst"
SERVICES = ("work", "report", "backup")
EXTRAS = (None, None, "", "payload", "Zażółć\n{}", " first\r\nδεύτερος ", "long " * 60)
RAISING = (
    "handle",
    "before_job",
    "before_interval_based_job",
    "before_handle",
    "after_handle",
    "after_job",
    "after_one_time_job",
    "finalize_handle",
)
"""Methods of a service that may raise; one that does not is not defined."""
FAULTY: tuple[dict[str, Any], ...] = (
    {"name": "n" * 201},
    {"name": NAMES[0]},
    {"job_type": "now_and_then", "seconds": 0},
    {"seconds": 0},
    {"seconds": True},
    {"repeats": 0},
    {"minutes": -1, "service": ""},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "5-1 * * * *"},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "0 0 30 2 *"},
    {"job_type": "cron_style", "seconds": 0, "cron_definition": "*/0 * L * *"},
)
"""What is wrong with a definition that is to be refused (JOB-1 to JOB-5)."""


class Chooser(Protocol):
    """Where the choices come from."""

    def whole(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        ...


class Seeded:
    """Choices out of a seed: the same seed, the same choices."""

    def __init__(self, seed: int) -> None:
        self.whole = Random(f"gnomon/{seed}/swarm").randint


def drawn_from(seed: int, profile: Profile = "durable") -> Recording:
    """The recording of that seed, on a cluster of that profile."""
    drawn = draw(Seeded(seed), profile)
    return msgspec.structs.replace(drawn, title=f"Drawn from seed {seed}")


def draw(chooser: Chooser, profile: Profile = "durable") -> Recording:
    """A recording of a few virtual minutes; a pure function of the choices."""
    return _Drawing(chooser, profile).recording()


class _Phase(NamedTuple):
    """The safety phase (µs)."""

    start: int
    healing: int

    @property
    def length(self) -> int:
        return self.healing - self.start


class _Scale(NamedTuple):
    """How long the faults of one kind last: from `shortest` to `longest` (µs)."""

    shortest: int
    longest: int


class _Drawing:
    """Draws one recording, part by part: what is drawn first shapes what follows."""

    def __init__(self, chooser: Chooser, profile: Profile) -> None:
        self.whole = chooser.whole
        self.profile = profile
        self.cluster = self.drawn_cluster()
        self.lease = self.cluster.lease
        self.core = self.drawn_core()
        start = self.one_of(STARTS)
        self.phase = _Phase(start, start + self.whole(30, 240) * SECOND)
        self.services = self.drawn_services()
        self.commands: list[Command] = []

    # --- choices

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.whole(0, len(options) - 1)]

    def happens(self, per_cent: int) -> bool:
        """The simplest choice is that it does not."""
        return self.whole(0, 99) >= 100 - per_cent

    def within(self, low: int, high: int, unit: int) -> int:
        """A duration in [low, high] (µs), in whole units if there is room."""
        return low if high <= low else min(low + self.whole(0, (high - low) // unit) * unit, high)

    def instant(self) -> int:
        """In the safety phase: often where something is due, or a moment later."""
        second = self.phase.start + self.whole(0, self.phase.length // SECOND - 1) * SECOND
        if self.happens(50):
            return second + self.whole(0, 999) * MILLISECOND
        return second + self.within(0, 2 * longest(self.cluster.latency), 100)

    # --- parts

    def recording(self) -> Recording:
        jobs = self.drawn_jobs()
        for kind in JOB_CHANGES:
            if self.happens(40):
                for number in range(self.whole(1, 5)):
                    kind(self, jobs, number)
        for per_cent, kinds in FAULT_KINDS.items():
            for fault in kinds:
                if self.happens(per_cent):
                    fault(self)
        self.heal()
        load, drain = self.load_of(jobs)
        if load > 50 or self.happens(50):
            self.wind_down(jobs)
        recording = Recording(
            start=self.phase.start,
            until=self.phase.healing + 1,
            seed=self.whole(0, 2**31),
            cluster=self.cluster,
            jobs=tuple(jobs),
            services=self.services,
            commands=tuple(sorted(self.commands, key=lambda command: command.at)),
        )
        quiet = 2 * drain + 2 * patience(recording)
        return self.with_outsiders(recording, self.phase.healing + quiet)

    def drawn_cluster(self) -> ClusterSpec:
        latencies: list[Callable[[], Spread]] = [
            lambda: Fixed(MILLISECOND),
            lambda: Fixed(0),
            lambda: Fixed(self.whole(1, 50) * MILLISECOND),
            lambda: Samples(tuple(self.whole(0, 50_000) for _ in range(self.whole(2, 7)))),
        ]
        return ClusterSpec(
            servers=self.whole(1, 5),
            workers=self.whole(1, 4),
            lease=self.whole(2, 20) * SECOND,
            latency=self.one_of(latencies)(),
            profile=self.profile,
        )

    def drawn_core(self) -> tuple[str, ...]:
        """The servers that are healthy in the end: at least one."""
        names = self.cluster.server_names
        first, size = self.whole(0, len(names) - 1), self.whole(1, len(names))
        return tuple(names[(first + number) % len(names)] for number in range(size))

    def drawn_services(self) -> tuple[ServiceSpec, ...]:
        return tuple(
            ServiceSpec(
                name=name,
                duration=self.drawn_duration(),
                raises=self.drawn_raises(),
                deployed=not self.happens(5),
            )
            for name in SERVICES[: self.whole(1, len(SERVICES))]
        )

    def drawn_duration(self) -> Spread:
        """From nothing to longer than a lease."""
        scales = (100 * MILLISECOND, 0, SECOND, self.lease // 2, 2 * self.lease)
        scale = self.one_of(scales)
        if self.happens(30):
            count = self.whole(2, 5)
            return Samples(tuple(self.within(0, scale, MILLISECOND) for _ in range(count)))
        return Fixed(self.within(0, scale, MILLISECOND))

    def drawn_raises(self) -> dict[str, str]:
        if not self.happens(15):
            return {}
        return {method: "boom" for method in RAISING if self.happens(40)}

    # --- jobs

    def drawn_jobs(self) -> list[JobSpec]:
        jobs: list[JobSpec] = []
        most = self.whole(1, self.one_of((3, 8, len(NAMES))))
        room, capacity = MOST_OCCURRENCES, self.capacity * LONGEST_DRAIN
        for name in NAMES[:most]:
            definition = self.drawn_definition(name)
            count = self.occurrences(definition)
            work = count * self.duration_of(definition.service)
            if jobs and (count > room or work > capacity):
                break
            room, capacity = room - count, capacity - work
            jobs.append(JobSpec(name, definition))
        return jobs

    def drawn_definition(self, name: str) -> Definition:
        own: dict[str, Any] = self.one_of(
            (self.interval, self.interval, self.one_time, self.cron)
        )()
        return Definition(
            name=name,
            service=self.one_of(self.services).name,
            is_active=not self.happens(8),
            extra=self.one_of(EXTRAS),
            misfire=self.one_of(MISFIRE_POLICIES),  # type: ignore[arg-type]
            grace=self.one_of((SECOND, SECOND, 0, 5 * SECOND, MINUTE)),
            **own,
        )

    def interval(self) -> dict[str, Any]:
        offsets: tuple[Callable[[], int], ...] = (
            lambda: 0,
            lambda: self.whole(0, 10_000) * MILLISECOND,
            lambda: -self.whole(1, 3600) * SECOND,
        )
        scale = self.one_of((10, 5, 60))
        return {
            "job_type": "interval_based",
            "seconds": self.whole(max(scale // 10, 1), scale),
            "start_date": self.phase.start + self.one_of(offsets)(),
            "repeats": self.whole(1, 12) if self.happens(25) else None,
        }

    def one_time(self) -> dict[str, Any]:
        seconds = self.whole(-5, self.phase.length // SECOND)
        return {"job_type": "one_time", "start_date": self.phase.start + seconds * SECOND}

    def cron(self) -> dict[str, Any]:
        return {
            "job_type": "cron_style",
            "cron_definition": self.one_of(CRONS),
            "timezone": self.one_of(ZONES),
            "start_date": self.phase.start,
        }

    @property
    def capacity(self) -> int:
        """How many workers the core has."""
        return len(self.core) * self.cluster.workers

    def duration_of(self, service: str) -> int:
        (spec,) = (spec for spec in self.services if spec.name == service)
        return longest(spec.duration)

    def occurrences(self, definition: Definition) -> int:
        """About how many there are in the safety phase."""
        if definition.job_type == "one_time":
            return 1
        return self.phase.length // (definition.interval or MINUTE) + 1

    def load_of(self, jobs: list[JobSpec]) -> tuple[int, int]:
        """How busy the jobs keep the core (per cent), and how long it has for all of them (µs)."""
        work = [
            self.occurrences(job.definition) * self.duration_of(job.definition.service)
            for job in jobs
        ]
        changes = len(self.commands) * max(longest(spec.duration) for spec in self.services)
        drain = (sum(work) + changes) // self.capacity
        return 100 * drain // self.phase.length, drain

    # --- changes of jobs

    def change(self, do: Action, job: JobSpec, **fields: Any) -> None:
        at = self.instant_of(job.definition)
        self.commands.append(Command(at=at, do=do, target=job.id, fields=fields))

    def instant_of(self, definition: Definition) -> int:
        """In the safety phase: often when the job is due, or while its publish is on its way."""
        start, interval = self.phase.start, definition.interval
        if not interval or self.happens(50):
            return self.instant()
        first = start + (definition.start_date - start) % interval
        due = first + self.whole(0, self.phase.length // interval) * interval
        at = due + self.within(0, longest(self.cluster.latency), 100)
        return at if at < self.phase.healing else start

    def edit(self, jobs: list[JobSpec], _: int) -> None:
        changed = self.one_of(jobs)
        edits: list[Callable[[], dict[str, Any]]] = [
            lambda: {"extra": self.one_of(("changed", None, ""))},
            lambda: {"service": self.one_of(self.services).name},
            lambda: {"misfire": self.one_of(MISFIRE_POLICIES)},
            lambda: {"name": f"{changed.id} renamed"},
            lambda: {"name": self.one_of(jobs).id},
            lambda: {"start_date": write_instant(self.instant())},
            lambda: {"is_active": self.whole(0, 1) == 1},
        ]
        if changed.definition.job_type == "interval_based":
            edits += [
                lambda: {"seconds": self.whole(5, 60)},
                lambda: {"repeats": self.whole(1, 12)},
                lambda: {"seconds": 0},  # refused (JOB-3)
            ]
        self.change("edit", changed, **self.one_of(edits)())

    def switch(self, jobs: list[JobSpec], _: int) -> None:
        self.change(self.one_of(("deactivate", "activate")), self.one_of(jobs))

    def delete(self, jobs: list[JobSpec], _: int) -> None:
        self.change("delete", self.one_of(jobs))

    def create(self, jobs: list[JobSpec], number: int) -> None:
        """A new job, or one of a name that is or was there."""
        id = self.one_of(jobs).id if self.happens(40) else f"new {number + 1}"
        at = self.instant()
        fields: dict[str, Any] = {
            "job_type": "interval_based",
            "service": self.one_of(self.services).name,
            "seconds": self.whole(10, 60),
            "start_date": write_instant(at),
        }
        if self.happens(30):
            fields |= self.one_of(FAULTY)
        self.commands.append(Command(at=at, do="create", target=id, fields=fields))

    def execute(self, jobs: list[JobSpec], _: int) -> None:
        self.change("execute", self.one_of(jobs))

    # --- faults

    def scale(self) -> _Scale:
        """Shorter than a renewal, just below a lease, or longer: each decides something else."""
        lease = self.lease
        least = self.one_of((lease // 10, lease // 3, lease * 9 // 10, lease, 2 * lease))
        return _Scale(least, least + self.whole(0, 4) * lease // 4)

    def lasting(self, at: int, scale: _Scale) -> int:
        """How long a fault lasts that begins at `at`: it is over when all is healed (µs)."""
        wanted = self.within(scale.shortest, scale.longest, 10 * MILLISECOND)
        return max(min(wanted, self.phase.healing - at), 1)

    def target(self, favourite: str | None) -> str:
        return favourite or self.one_of(self.cluster.server_names)

    def favourite(self) -> str | None:
        """A server that this kind of fault always befalls, if it has one."""
        return self.one_of(self.cluster.server_names) if self.happens(50) else None

    def crashes(self) -> None:
        self.downs("crash_server")

    def stops(self) -> None:
        self.downs("stop_server")

    def downs(self, do: Action) -> None:
        scale, favourite = self.scale(), self.favourite()
        for _ in range(self.whole(1, 5)):
            at, name = self.instant(), self.target(favourite)
            back = at + self.lasting(at, scale)
            self.commands.append(Command(at=at, do=do, target=name))
            self.commands.append(Command(at=back, do="start_server", target=name))

    def lasting_faults(self, do: Action, make: Callable[[int], Fault], store: bool = False) -> None:
        scale, favourite = self.scale(), self.favourite()
        for _ in range(self.whole(1, 5)):
            at, name = self.instant(), STORE if store else self.target(favourite)
            fault = make(self.lasting(at, scale))
            self.commands.append(Command(at=at, do=do, target=name, fault=fault))

    def pauses(self) -> None:
        self.lasting_faults("pause_server", Pause)

    def cuts(self) -> None:
        lose = self.one_of(("both", "requests", "replies"))
        self.lasting_faults("cut_server", lambda lasts: Cut(lasts, lose))  # type: ignore[arg-type]

    def disturbances(self) -> None:
        lose, repeat = self.one_of((0, 5, 30)), self.one_of((0, 10, 50))
        delay = self.one_of((0, 20 * MILLISECOND, SECOND))
        if not (lose or repeat or delay):
            lose = 10
        self.lasting_faults("disturb_server", lambda lasts: Disturbance(lasts, lose, repeat, delay))

    def outages(self) -> None:
        self.lasting_faults("stop_store", Outage, store=True)

    def clock_steps(self) -> None:
        favourite, sign = self.favourite(), self.one_of((1, -1))
        most = self.one_of((500 * MILLISECOND, 5 * SECOND, self.lease))
        for _ in range(self.whole(1, 3)):
            at, name = self.instant(), self.target(favourite)
            by = sign * self.within(MILLISECOND, most, MILLISECOND)
            self.commands.append(Command(at=at, do="step_clock", target=name, fault=ClockStep(by)))

    def clock_drifts(self) -> None:
        gains = self.one_of((1, -1)) * self.one_of((200, 10_000, 300_000))
        self.lasting_faults("drift_clock", lambda lasts: ClockDrift(lasts, gains))

    def lost_writes(self) -> None:
        most = self.one_of((3, 30))
        self.store_forgets("lose_writes", lambda: LostWrites(self.whole(1, most)))

    def emptied(self) -> None:
        self.store_forgets("empty_store", Emptied)

    def store_forgets(self, do: Action, make: Callable[[], Fault]) -> None:
        for _ in range(self.whole(1, 2)):
            command = Command(at=self.instant(), do=do, target=STORE, fault=make())
            self.commands.append(command)

    # --- liveness

    def heal(self) -> None:
        """Start the core again. Faults that last are over by now."""
        gone = {c.target: c.do for c in self.commands if c.do in ("crash_server", "stop_server")}
        again = self.phase.healing + max(longest(spec.duration) for spec in self.services)
        for name in self.core:
            if name in gone:
                self.start(self.phase.healing, name)
            if gone.get(name) == "stop_server":  # it may still have been stopping
                self.start(again + self.lease, name)

    def start(self, at: int, name: str) -> None:
        self.commands.append(Command(at=at, do="start_server", target=name))

    def wind_down(self, jobs: list[JobSpec]) -> None:
        """Let the jobs do no more once all is healed, so that the backlog can drain."""
        at = self.phase.healing + self.one_of((2 * self.lease, 0, self.lease // 2))
        created = {c.target: None for c in self.commands if c.do == "create"}
        for id in dict.fromkeys([*(job.id for job in jobs), *created]):
            self.commands.append(Command(at=at, do="deactivate", target=id))

    def with_outsiders(self, recording: Recording, until: int) -> Recording:
        """The whole of `recording`, with what becomes of the servers outside the core."""
        commands = list(recording.commands)
        healing = self.phase.healing
        for name in self.cluster.server_names:
            if name not in self.core and (fate := self.one_of(OUTSIDERS)):
                fault = Cut(until - healing, fate[1]) if fate[1] else None  # type: ignore[arg-type]
                commands.append(Command(at=healing, do=fate[0], target=name, fault=fault))
        commands.sort(key=lambda command: command.at)
        return msgspec.structs.replace(recording, commands=tuple(commands), until=until)


OUTSIDERS: tuple[tuple[Action, str] | None, ...] = (
    None,
    ("crash_server", ""),
    ("cut_server", "both"),
    ("cut_server", "requests"),
    ("cut_server", "replies"),
)
"""What may become of a server outside the core, for good."""
JOB_CHANGES = (
    _Drawing.edit,
    _Drawing.switch,
    _Drawing.delete,
    _Drawing.create,
    _Drawing.execute,
)
FAULT_KINDS: dict[int, tuple[Callable[[_Drawing], None], ...]] = {
    35: (
        _Drawing.crashes,
        _Drawing.stops,
        _Drawing.pauses,
        _Drawing.cuts,
        _Drawing.disturbances,
        _Drawing.outages,
        _Drawing.clock_steps,
        _Drawing.clock_drifts,
    ),
    7: (_Drawing.lost_writes, _Drawing.emptied),
}
"""In so many of 100 recordings there are faults of each of these kinds.

A store that forgets excuses much, and is rare.
"""
