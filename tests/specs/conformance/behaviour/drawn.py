"""Draws scenarios: a few jobs, and whatever can be done to them."""

from hypothesis import strategies as st

from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.protocol import Job
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Delete,
    Edit,
    Execute,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
)

NOW = read_instant("2026-03-08T06:50:07Z")
"""Ten minutes before a gap in New York."""
INTERVALS = st.sampled_from([2, 7, 10, 45, 60, 90, 3600])
CRONS = st.sampled_from(["* * * * *", "*/2 * * * *", "55 * * * *", "30 2 * * *", "5 0 29 2 *"])
ZONES = st.sampled_from(["UTC", "America/New_York"])
LENGTH = 5
"""Seconds of a run: longer than an interval, and never are there more runs than workers."""
DURATIONS = st.one_of(st.integers(1, 400), st.sampled_from([53, 60, 113]))


@st.composite
def jobs(draw: st.DrawFn, id: str, kind: str) -> Job:
    """A job of a kind: every, cron or at."""
    if kind == "at":
        at = write_instant(NOW + draw(st.integers(-300, 600)) * SECOND)
        return Job(id, at=at, takes=draw(st.sampled_from([0, LENGTH])))
    repeats = draw(st.none() | st.integers(1, 5))
    takes = draw(st.sampled_from([0, 0, LENGTH]))
    offset = draw(st.none() | st.integers(-300, 300))
    start = None if offset is None else write_instant(NOW + offset * SECOND)
    if kind == "every":
        return Job(id, every=draw(INTERVALS), start=start, repeats=repeats, takes=takes)
    return Job(id, cron=draw(CRONS), zone=draw(ZONES), start=start, repeats=repeats, takes=takes)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario that any scheduler could be asked to carry out.

    Its store can always be reached: after an outage the reference needs up to a lease to go on.
    """
    kinds = {id: draw(st.sampled_from(["every", "cron", "at"])) for id in ("a", "b")}
    actions: list[Action] = [Create(draw(jobs("a", kinds["a"])))]
    present, paused = {"a"}, set[str]()
    for _ in range(draw(st.integers(0, 8))):
        id = draw(st.sampled_from(["a", "b"]))
        if draw(st.booleans()):
            actions += draw(_TIME)
        elif id in present:
            actions += draw(_changes(id, kinds[id], id in paused))
            match actions[-1]:
                case Delete():
                    present.discard(id)
                    paused.discard(id)
                case Pause() | Resume():
                    paused ^= {id}
        else:
            present.add(id)
            actions.append(Create(draw(jobs(id, kinds[id]))))
    actions.append(Advance(draw(DURATIONS)))
    has_step = any(isinstance(action, Step) for action in actions)
    lag = 0 if has_step else draw(st.sampled_from([0, 0, 0.25]))
    return Scenario("drawn/one", "Drawn.", (), write_instant(NOW), tuple(actions), "UTC", lag)


_TIME: st.SearchStrategy[list[Action]] = st.one_of(
    DURATIONS.map(lambda by: [Advance(by)]),
    st.builds(
        lambda how, down: [Restart(how, down)], st.sampled_from(["close", "kill"]), DURATIONS
    ),
    DURATIONS.map(lambda by: [Step(by), Advance(5)]),
)


def _changes(id: str, kind: str, is_paused: bool) -> st.SearchStrategy[list[Action]]:
    """What can be done to a job; one that is inactive is not edited."""
    either = [Resume(id)] if is_paused else [Pause(id)]
    edits = st.nothing() if is_paused else jobs(id, kind).map(lambda job: [Edit(job)])
    return st.one_of(
        st.sampled_from([[Execute(id), Advance(1)], either, [Delete(id)]]),
        edits,
    )
