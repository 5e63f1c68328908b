"""Growth: the recorded load, made larger.

    2x              twice the load: each job once more, due at the same instants
    1.5x            half of the jobs once more, spread evenly over the order of the recording
    +20 jobs        20 more jobs: copies of the recording's own, in turn
    1.5x durations  runs that take 1.5 times as long

The one idea: a copy is a job of its own. It is due when its original is, because that is how load
grows at its worst, and commands for the original are carried out for it as well.
"""

import math
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from gnomon.reference.jobs import LONGEST_DURATION, LONGEST_NAME
from gnomon.specs.recording.commands import Command, Create, Edit, JobCommand
from gnomon.specs.recording.model import (
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    Spread,
)

FORMS = "2x, +20 jobs, 1.5x durations"
MOST_JOBS = 1_000_000
"""The most jobs of a recording that has grown."""
LARGEST_FACTOR = 1000

_FACTOR = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)\s*[x×]\s*(load|durations?)?")
_NUMBERED = re.compile(r" \((\d{1,9})\)$")
_MORE = re.compile(r"\+\s*(\d{1,7})(?:\s*jobs?)?")


class Growth(msgspec.Struct, frozen=True):
    """The load `factor` times as large, `jobs` more, and durations `stretch` times as long."""

    factor: Fraction = Fraction(1)
    jobs: int = 0
    stretch: Fraction = Fraction(1)

    def __str__(self) -> str:
        parts = [f"{float(self.factor):g}x"] if self.factor != 1 else []
        parts += [f"+{self.jobs} jobs"] if self.jobs else []
        parts += [f"{float(self.stretch):g}x durations"] if self.stretch != 1 else []
        return ", ".join(parts)


def parse(texts: Iterable[str]) -> Growth:
    """The growth in some texts, each of one or more between commas. Raises ValueError."""
    growth = Growth()
    for text in (part.strip() for whole in texts for part in whole.split(",")):
        if (factor := _FACTOR.fullmatch(text)) is not None:
            times = Fraction(factor[1])
            if not 0 < times <= LARGEST_FACTOR:
                raise ValueError(f"{text!r}: a factor is above 0 and at most {LARGEST_FACTOR}")
            if (factor[2] or "load") != "load":
                growth = replace(growth, stretch=growth.stretch * times)
            elif times < 1:
                raise ValueError(f"{text!r}: a load grows by a factor of 1 or more")
            else:
                growth = replace(growth, factor=growth.factor * times)
        elif (more := _MORE.fullmatch(text)) is not None:
            growth = replace(growth, jobs=growth.jobs + int(more[1]))
        else:
            raise ValueError(f"{text!r} is no growth; it is one of: {FORMS}")
    return growth


def grown(recording: Recording, growth: Growth) -> Recording:
    """`recording` with that growth. Raises ValueError if it would have too many jobs."""
    ids = [*(spec.id for spec in recording.jobs), *_created(recording)]
    number = len(ids)
    if number == 0 and (growth.factor != 1 or growth.jobs):
        raise ValueError("the recording has no jobs that could grow")
    copies = [
        math.floor((position + 1) * growth.factor)
        - math.floor(position * growth.factor)
        - 1
        + growth.jobs // number
        + (position < growth.jobs % number)
        for position in range(number)
    ]
    if number + sum(copies) > MOST_JOBS:
        raise ValueError(f"it makes {number + sum(copies)} jobs; at most {MOST_JOBS} are planned")
    copies_of = dict(zip(ids, _numbers(recording, copies), strict=True))
    services = tuple(
        replace(service, duration=_stretched(service.duration, growth.stretch))
        for service in recording.services
    )
    return replace(
        recording,
        services=services,
        jobs=tuple(copy for job in recording.jobs for copy in _jobs(job, copies_of[job.id])),
        commands=tuple(
            copy for command in recording.commands for copy in _commands(command, copies_of)
        ),
    )


def _numbers(recording: Recording, copies: Iterable[int]) -> Iterator[range]:
    """The numbers of the copies of each job, behind all numbers that names end with already."""
    names = [name for job in recording.jobs for name in (job.id, job.definition.name)]
    names += [command.job for command in recording.commands if isinstance(command, JobCommand)]
    used = (int(found[1]) for name in names if (found := _NUMBERED.search(name)))
    first = max(used, default=1) + 1
    return (range(first, first + number) for number in copies)


def _created(recording: Recording) -> Iterator[str]:
    """The ids of the jobs that are created later, each once."""
    known = {spec.id for spec in recording.jobs}
    for command in recording.commands:
        if isinstance(command, Create) and command.job not in known:
            known.add(command.job)
            yield command.job


def _jobs(job: JobSpec, copies: range) -> Iterator[JobSpec]:
    yield job
    for number in copies:
        name = _copied(job.definition.name, number)
        yield JobSpec(_copied(job.id, number), replace(job.definition, name=name))


def _commands(command: Command, copies_of: dict[str, range]) -> Iterator[Command]:
    """A command, and the same for each copy of its job."""
    yield command
    if not isinstance(command, JobCommand):
        return
    for number in copies_of.get(command.job, ()):
        copy = replace(command, job=_copied(command.job, number))
        if isinstance(copy, Create | Edit) and "name" in copy.set:
            name = _copied(str(copy.set["name"]), number)
            copy = replace(copy, set={**copy.set, "name": name})
        yield copy


def _copied(name: str, number: int) -> str:
    """The name or id of a copy. Raises ValueError if that would be too long."""
    copied = f"{name} ({number})"
    if len(copied) > LONGEST_NAME:
        raise ValueError(f"a copy of {name!r} needs a name of more than {LONGEST_NAME} characters")
    return copied


def _stretched(spread: Spread, factor: Fraction) -> Spread:
    def longer(duration: int) -> int:
        return min(round(duration * factor), LONGEST_DURATION)

    match spread:
        case Fixed(duration=duration):
            return Fixed(longer(duration))
        case Lognormal(p50=p50, p99=p99):
            return Lognormal(max(longer(p50), 1), max(longer(p99), 1))
        case Samples(samples=samples):
            return Samples(tuple(map(longer, samples)))
