"""Hypothesis strategies for whole recordings: small, valid, with all that a recording can contain.

They draw what reading a recording gives: commands in order of their time. So a drawn recording can
be compared with the same one written and read back.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from gnomon.reference.jobs import JOB_TYPES, MISFIRE_POLICIES, Definition, write
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, write_instant
from gnomon.reference.service import order_of_calls
from gnomon.specs.recording.commands import (
    CATALOGUE,
    MOST_DRIFT,
    Command,
    Create,
    CutServer,
    Edit,
    JobCommand,
    LoseWrites,
    edit,
)
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    ServiceSpec,
    Spread,
)
from tests.support.strategies import cron_texts, instants, texts, zones

CRON_LASTS = 36
"""A recording with cron jobs lasts this many times longer: hours instead of minutes."""

METHODS = sorted({method for job_type in JOB_TYPES for method in order_of_calls(job_type)})
FREQUENT = ("* * * * *", "*/7 * * * *", "13 * * * *", "*/20 */2 * * *", "@hourly")
MOSTLY = st.sampled_from([True, True, True, False])


def spreads(longest: int) -> SearchStrategy[Spread]:
    """Every kind of spread, of durations up to `longest` µs, and often of none at all."""
    durations = st.sampled_from([0, longest]) | st.integers(0, longest)
    quantiles = st.lists(st.integers(1, longest), min_size=2, max_size=2).map(sorted)
    samples = st.lists(durations, min_size=1, max_size=4)
    return st.one_of(
        durations.map(Fixed),
        quantiles.map(lambda pair: Lognormal(*pair)),
        samples.map(lambda drawn: Samples(tuple(drawn))),
    )


def clusters() -> SearchStrategy[ClusterSpec]:
    """One to four servers with one to four workers each, at the store or near it."""
    return st.builds(
        ClusterSpec,
        servers=st.integers(1, 4),
        workers=st.integers(1, 4),
        lease=st.sampled_from([SECOND, 10 * SECOND]) | st.integers(SECOND, MINUTE),
        latency=st.just(Fixed(0)) | spreads(100 * MILLISECOND),
        profile=st.sampled_from(["durable", "classic"]),
    )


def services(longest: int) -> SearchStrategy[list[ServiceSpec]]:
    """One to three services; some raise, some are not deployed."""
    service = st.builds(
        ServiceSpec,
        name=texts(20, shortest=1),
        duration=spreads(longest),
        raises=st.just({}) | st.dictionaries(st.sampled_from(METHODS), texts(20), max_size=3),
        deployed=MOSTLY,
    )
    return st.lists(service, min_size=1, max_size=3, unique_by=lambda service: service.name)


class World:
    """What the jobs and the commands of one recording have in common.

    An interval is a whole number of `unit`: seconds where there are no cron jobs, else minutes.
    """

    def __init__(self, start: int, until: int, services: list[ServiceSpec], cron: bool) -> None:
        self.services = st.sampled_from([service.name for service in services])
        self.instants = st.just(start) | st.integers(start, until - 1)
        self.start_dates = st.one_of(
            st.just(start), self.instants, st.integers(2 * start - until, 2 * until - start)
        )
        self.job_types = st.sampled_from(JOB_TYPES if cron else JOB_TYPES[:2])
        self.unit = MINUTE if cron else SECOND

    def grids(self, draw: DrawFn) -> dict[str, int]:
        """An interval, from one to a hundred units."""
        length = draw(st.sampled_from([1, 2, 5]) | st.integers(1, 100)) * self.unit
        return {"minutes": length // MINUTE, "seconds": length % MINUTE // SECOND}

    def crons(self, draw: DrawFn) -> dict[str, str]:
        """A cron definition; more often than not it is due within hours."""
        return {
            "cron_definition": draw(st.sampled_from(FREQUENT) | cron_texts()),
            "timezone": draw(zones()),
        }

    def definition(self, draw: DrawFn, name: str) -> Definition:
        """A job of any type."""
        job_type = draw(self.job_types)
        own: dict[str, Any] = {}
        if job_type == "interval_based":
            own = {**self.grids(draw), "repeats": draw(st.none() | st.integers(1, 10))}
        elif job_type == "cron_style":
            own = {**self.crons(draw), "repeats": draw(st.none() | st.integers(1, 10))}
        return Definition(
            name=name,
            job_type=job_type,  # type: ignore[arg-type]
            service=draw(self.services),
            start_date=draw(self.start_dates),
            is_active=draw(MOSTLY),
            extra=draw(st.none() | texts()),
            misfire=draw(st.sampled_from(MISFIRE_POLICIES)),
            grace=draw(st.sampled_from([0, SECOND, MINUTE])),
            max_parallel=draw(st.none() | st.integers(1, 9)),
            jitter=draw(st.sampled_from([0, 0, 1, SECOND - 1])),
            max_runtime=draw(st.sampled_from([None, None, 1, SECOND])),
            **own,
        )

    def edits(self, draw: DrawFn) -> dict[str, Any]:
        """One to three changes of a job, that may suit it or not, or be wrong altogether."""
        changes: list[Callable[[], dict[str, Any]]] = [
            lambda: {"name": draw(texts(20, shortest=1))},
            lambda: {"service": draw(self.services)},
            lambda: {"extra": draw(st.none() | texts())},
            lambda: {"start_date": write_instant(draw(self.start_dates))},
            lambda: {"is_active": draw(st.booleans())},
            lambda: {"misfire": draw(st.sampled_from(MISFIRE_POLICIES))},
            lambda: {"repeats": draw(st.none() | st.integers(-1, 10))},
            lambda: {"ends": draw(st.none() | self.start_dates.map(write_instant))},
            lambda: {**self.grids(draw)},
            lambda: {**self.crons(draw)},
            lambda: {draw(st.sampled_from(Definition.__struct_fields__[:2])): 5},
            lambda: {"grace": draw(st.sampled_from(["0s", "1m", "soon", ""]))},
            lambda: {"jitter": draw(st.sampled_from(["0s", "500ms", "1h", 1]))},
            lambda: {"max_runtime": draw(st.sampled_from(["0s", "500ms", "1h", None]))},
            lambda: {"max_parallel": draw(st.sampled_from([0, 1, 9, "2", None]))},
        ]
        chosen = draw(st.lists(st.sampled_from(changes), min_size=1, max_size=3))
        return {field: value for change in chosen for field, value in change().items()}


_durations = st.integers(1, 30 * SECOND) | st.sampled_from([1, SECOND, 11 * SECOND, MINUTE])
_percent = st.sampled_from([0, 1, 50, 100]) | st.integers(0, 100)
_FIELDS: dict[str, SearchStrategy[Any]] = {
    "duration": _durations,
    "delay": st.just(0) | _durations,
    "by": _durations | _durations.map(int.__neg__),
    "gains": st.integers(-MOST_DRIFT, MOST_DRIFT),
    "lose": _percent,
    "repeat": _percent,
    "lacks": st.none() | st.just(()),
}
"""Values of the fields of commands, by name."""
_FIELDS_OF: dict[type[Command], dict[str, SearchStrategy[Any]]] = {
    CutServer: {"lose": st.sampled_from(["both", "requests", "replies"])},
    LoseWrites: {"writes": st.integers(1, 30)},
}
"""Fields that one kind of command has, or that mean something else there."""


def commands_of(
    kind: type[Command], at: SearchStrategy[int], servers: SearchStrategy[str]
) -> SearchStrategy[Command]:
    """Commands of one kind, for a server or for the store."""
    known = {"at": at, "server": servers} | _FIELDS | _FIELDS_OF.get(kind, {})
    fields = {name: known[name] for name in kind.__struct_fields__}
    drawn: SearchStrategy[Command] = st.builds(kind, **fields)
    return drawn.filter(lambda command: command.contradiction() is None)


JOB_COMMANDS = [kind for kind in CATALOGUE if issubclass(kind, JobCommand)]
OTHER_COMMANDS = [kind for kind in CATALOGUE if not issubclass(kind, JobCommand)]


@st.composite
def _commands(
    draw: DrawFn, world: World, jobs: list[JobSpec], servers: tuple[str, ...], most: int
) -> list[Command]:
    instants = sorted(draw(st.lists(world.instants, max_size=most)))
    known = [job.id for job in jobs]
    commands: list[Command] = []
    for at in instants:
        kind = draw(st.sampled_from(CATALOGUE if known else [Create, *OTHER_COMMANDS]))
        if kind not in JOB_COMMANDS:
            commands.append(draw(commands_of(kind, st.just(at), st.sampled_from(servers))))
        elif kind is Create:
            job = draw(texts(10, shortest=1))
            definition = world.definition(draw, draw(texts(20, shortest=1)))
            wrong = draw(st.sampled_from([{}, {"seconds": -1}]))
            commands.append(Create(at=at, job=job, set=write(definition) | wrong))
            known.append(job)
        elif kind is Edit:
            commands.append(edit(at, draw(st.sampled_from(known)), world.edits(draw)))
        else:
            commands.append(kind(at=at, job=draw(st.sampled_from(known))))  # type: ignore[call-arg]
    return commands


@st.composite
def recordings(
    draw: DrawFn, max_jobs: int = 4, max_span: int = 5 * MINUTE, max_commands: int = 6
) -> Recording:
    """Valid recordings of up to `max_span` µs, or `CRON_LASTS` times that if cron jobs may occur.

    Intervals are so long that a job is due about `max_span` in seconds times at most.
    """
    start, cron = draw(instants()), draw(st.booleans())
    longest = max_span * (CRON_LASTS if cron else 1)
    until = start + draw(st.sampled_from([1, longest // 10, longest]) | st.integers(1, longest))
    cluster = draw(clusters())
    provided = draw(services(MINUTE if cron else 10 * SECOND))
    world = World(start, until, provided, cron)
    count = draw(st.integers(0, max_jobs) | st.just(max_jobs))
    names = draw(st.lists(texts(20, shortest=1), min_size=count, max_size=count, unique=True))
    ids = draw(st.just(names) | st.permutations(names))
    jobs = [JobSpec(id, world.definition(draw, name)) for id, name in zip(ids, names, strict=True)]
    return Recording(
        start=start,
        until=until,
        title=draw(texts(30)),
        note=draw(texts(30)),
        seed=draw(st.sampled_from([0, 2**63 - 1]) | st.integers(0, 2**63 - 1)),
        cluster=cluster,
        jobs=tuple(jobs),
        services=tuple(provided),
        commands=tuple(draw(_commands(world, jobs, cluster.server_names, max_commands))),
    )
