"""The generator: draws recordings at random, each with its own kinds of faults.

The one idea: the kinds of faults and changes are drawn first, and a kind that is not drawn is
exactly absent. Where every fault always happens, much is never reached: some states need a long
quiet time, others one kind of fault often and no other (Groce et al., "Swarm Testing", 2012).

    safety phase    servers, links, clocks and the store fail, jobs are changed
    quiet end       a random core of servers is healthy until all that was due has settled

A `Chooser` makes every choice, as a whole number, so seeds and Hypothesis drive the same generator;
the lowest number is the simplest choice. The order of the choices is part of what a seed means.
"""

from msgspec.structs import replace

from gnomon.reference.store.messages import Profile
from gnomon.simulator.fuzz.generator.changes import draw_changes
from gnomon.simulator.fuzz.generator.choices import Choices, Chooser, Seeded, apart
from gnomon.simulator.fuzz.generator.deployments import with_deployments
from gnomon.simulator.fuzz.generator.faults import draw_faults
from gnomon.simulator.fuzz.generator.given_extra import with_given_extra
from gnomon.simulator.fuzz.generator.jobs import draw_jobs, time_to_drain
from gnomon.simulator.fuzz.generator.limits import (
    draw_edits_of_limits,
    draw_limits,
    with_limits_of_runs,
)
from gnomon.simulator.fuzz.generator.losses import draw_beside_losses
from gnomon.simulator.fuzz.generator.pauses import with_pauses
from gnomon.simulator.fuzz.generator.poison import with_dropped_messages, with_poison
from gnomon.simulator.fuzz.generator.quiet_end import deactivations, fates_of_outsiders, restarts
from gnomon.simulator.fuzz.generator.scenario import Scenario
from gnomon.simulator.fuzz.generator.store_clock import draw_steps_of_store_clock
from gnomon.simulator.fuzz.liveness import patience
from gnomon.specs.recording.commands import Command
from gnomon.specs.recording.model import Recording


def drawn_from(seed: int, profile: Profile = "durable") -> Recording:
    """The recording of a seed, on a cluster of that profile."""
    return replace(draw(Seeded(seed), profile), title=f"Drawn from seed {seed}")


def draw(chooser: Chooser, profile: Profile = "durable") -> Recording:
    """A recording of a few virtual minutes; a pure function of the choices."""
    choices = Choices(chooser)
    scenario = Scenario(choices, profile)
    jobs = draw_jobs(scenario)
    commands = [*draw_changes(scenario, jobs), *draw_faults(scenario)]
    commands += draw_beside_losses(scenario, jobs, commands)
    commands += restarts(scenario, commands)
    drain = time_to_drain(scenario, jobs, len(commands))
    is_busy = 100 * drain // scenario.phase.length > 50
    if is_busy or choices.happens(50):
        commands += deactivations(scenario, jobs, commands)
    recording = Recording(
        start=scenario.phase.start,
        until=scenario.phase.end + 1,
        seed=choices.whole(0, 2**31),
        cluster=scenario.cluster,
        jobs=tuple(jobs),
        services=scenario.services,
        commands=_in_order(commands),
    )
    until = scenario.phase.end + 2 * drain + 2 * patience(recording)
    commands = [*recording.commands, *fates_of_outsiders(scenario, until)]
    recording = with_poison(scenario, replace(recording, until=until, commands=_in_order(commands)))
    recording = with_dropped_messages(scenario, recording)
    commands = [*recording.commands, *draw_edits_of_limits(scenario, recording.jobs)]
    limited = draw_limits(scenario, recording.jobs, commands)
    commands += draw_steps_of_store_clock(scenario, commands)
    recording = replace(recording, jobs=limited, commands=_in_order(commands))
    recording = with_limits_of_runs(apart(chooser, "limits of runs"), scenario.phase, recording)
    recording = with_deployments(apart(chooser, "deployments"), scenario, recording)
    recording = with_pauses(apart(chooser, "pauses"), scenario.phase, recording)
    return with_given_extra(apart(chooser, "given extra"), recording)


def _in_order(commands: list[Command]) -> tuple[Command, ...]:
    return tuple(sorted(commands, key=lambda command: command.at))
