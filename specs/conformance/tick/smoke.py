"""Is an adapter right? A few requests whose answers any scheduler must give.

The one idea: nothing is asked about which schedulers differ. So a fault that is found here is one
of the adapter, and not a finding about its scheduler.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Error,
    Fired,
    Firing,
    Job,
    Refused,
    Unsupported,
)
from gnomon.specs.conformance.runner import Limits
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.run import DEFAULT_LIMITS, run
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Restart,
    Scenario,
)

PAYLOAD = "two words"
SPAN = 180
"""Seconds of each advance: the job is due three times in it."""


def _scenario(name: str, *actions: Action) -> Scenario:
    return Scenario(f"smoke/{name}", "", (), "2026-01-05T00:00:07Z", actions)


def _about(name: str, job: Job) -> Scenario:
    spans = (Advance(SPAN), Advance(SPAN), Advance(SPAN))
    return _scenario(name, Create(job), *spans, Delete(job.id), Advance(SPAN))


SMOKE = (
    _about("interval", Job("a", every=60, payload=PAYLOAD)),
    _about("cron", Job("a", cron="* * * * *", payload=PAYLOAD)),
    _scenario("restart", Restart("close", 10), Advance(10), Restart("kill", 10), Advance(10)),
)
"""A job of a minute fires in each of three advances, and not after it is deleted."""


def smoke(
    command: Sequence[str], limits: Limits = DEFAULT_LIMITS, keep: Path | None = None
) -> list[str]:
    """The faults of an adapter at level tick. Raises AdapterFault.

    `keep` is a folder for the transcript of each scenario.
    """
    found = run(command, SMOKE, keep=keep, limits=limits)
    faults = [f"{one.scenario.id}: {fault}" for one in found.observations for fault in _faults(one)]
    reasons = [reason for one in found.observations[:2] for reason in _why_no_job(one)]
    if len(reasons) == 2:
        text = "; ".join(reasons)
        faults.append(f"neither an interval job nor a cron job could be created: {text}")
    return faults


def _why_no_job(observation: Observation) -> Iterator[str]:
    """Why the scheduler has no such job, if that is so; an error is a fault of its own."""
    if observation.replies and isinstance(reply := observation.replies[0], Refused | Unsupported):
        yield _written(reply)


def _written(reply: Refused | Unsupported | Error | Failure) -> str:
    match reply:
        case Refused(refused=text):
            return f"refused: {text}"
        case Unsupported(unsupported=feature):
            return f"unsupported: {feature}"
        case Error(error=text):
            return f"error: {text.strip()}"
        case Failure(failure=kind, evidence=evidence):
            return f"{kind}: {evidence}"


def _faults(observation: Observation) -> Iterator[str]:
    replies = (observation.opened, *observation.replies)
    steps = ("open", *map(_name, observation.scenario.actions))
    for step, reply in zip(steps, replies, strict=False):
        if isinstance(reply, Failure | Error):
            yield f"{step}: {_written(reply)}"
        elif isinstance(reply, Refused | Unsupported) and not step.startswith(("create", "delete")):
            yield f"{step}: {_written(reply)}; every scheduler can do that"
    has_job = isinstance(observation.scenario.actions[0], Create)
    for number, starts in enumerate(_spans(observation), 1):
        if has_job and number <= 3:
            if not starts:
                yield f"advance {number}: a job of a minute has not fired in {SPAN} s"
            else:
                yield from _faults_in(starts[0], observation.introduction.observes)
        elif starts:
            yield f"advance {number}: {len(starts)} firings; there is no job"


def _spans(observation: Observation) -> list[list[Firing]]:
    """The runs that began in each advance."""
    runs: set[str] = set()
    spans = [reply.fired for reply in observation.replies if isinstance(reply, Fired)]
    return [[one for one in span if _is_start(one, runs)] for span in spans]


def _is_start(firing: Firing, runs: set[str]) -> bool:
    """Whether a firing is the start of a run; `runs` are those that have begun."""
    if firing.outcome == "misfired" or firing.run in runs:
        return False
    if firing.run is not None:
        runs.add(firing.run)
    return True


def _faults_in(firing: Firing, observes: Sequence[str]) -> Iterator[str]:
    """How a firing differs from what the adapter lists in `observes`."""
    if "payload" in observes and firing.payload != PAYLOAD:
        yield f"the payload is {firing.payload!r}; it was created with {PAYLOAD!r}"
    has = {"payload": firing.payload, "due": firing.due, "runs": firing.run}
    for name, value in has.items():
        if name not in observes and value is not None:
            yield f"a firing holds {value!r}; `observes` does not list {name!r}"
    if "runs" in observes and firing.run is None:
        yield "a firing has no run; `observes` lists 'runs'"


def _name(action: Action) -> str:
    return type(action).__name__.lower()
