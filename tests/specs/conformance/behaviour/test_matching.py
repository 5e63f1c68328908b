"""What counts as predicted."""

from gnomon.reference.schedule.clock import SECOND, read_instant, write_instant
from gnomon.specs.conformance.behaviour.matching import (
    LARGEST,
    differences,
    explains,
    likeness,
)
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.process import Failure
from gnomon.specs.conformance.protocol import (
    Done,
    Error,
    Fired,
    Firing,
    Job,
    Refused,
    Reply,
    Unsupported,
)
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Advance, Create, Pause, Scenario
from tests.specs.conformance.behaviour.in_process import INTRODUCTION

NOW = "2026-01-05T00:00:07Z"
SCENARIO = Scenario(
    "x/y", "", (), NOW, (Create(Job("a", every=60)), Advance(130), Pause("a"), Advance(100))
)
DONE = Done(1, True)


def at(seconds: float) -> str:
    return write_instant(read_instant(NOW) + round(seconds * SECOND))


def seen(*replies: Reply | Failure) -> Observation:
    return Observation(SCENARIO, INTRODUCTION, DONE, replies)


def fired(*seconds: float, job: str = "a") -> Fired:
    return Fired(1, tuple(Firing(job, at(one)) for one in seconds))


def test_instants_may_be_a_second_off() -> None:
    assert explains(predict(SCENARIO), seen(DONE, fired(0, 61, 119.5), DONE, fired()))
    assert not explains(predict(SCENARIO), seen(DONE, fired(0, 61.1, 120), DONE, fired()))


def test_a_missing_and_another_firing_are_differences() -> None:
    (text,) = differences(predict(SCENARIO), seen(DONE, fired(0, 60), DONE, fired(180)))
    assert text == (f"a: predicted {at(0)}, {at(60)}, {at(120)}; seen {at(0)}, {at(60)}, {at(180)}")


def test_ends_of_runs_misfires_and_foreign_jobs_are_no_firings() -> None:
    firings = (
        Firing("a", at(0), run="1"),
        Firing("a", at(5), run="1", outcome="ok"),
        Firing("a", at(60), outcome="misfired"),
        Firing("a", at(60), run="2", outcome="ok"),
        Firing("a", at(120)),
        Firing("cleanup", at(120)),
    )
    assert explains(predict(SCENARIO), seen(DONE, Fired(1, firings), DONE, fired()))


def test_what_was_not_tried_is_not_compared() -> None:
    assert explains(predict(SCENARIO), seen(DONE, fired(0, 60, 120), Unsupported(1, "pause")))
    assert explains(predict(SCENARIO), seen(Unsupported(1, "every")))


def test_a_refusal_or_a_failure_that_was_not_predicted_is_a_difference() -> None:
    for reply in (Refused(1, "no"), Error(1, "boom"), Failure("hang", "10 s")):
        found = differences(predict(SCENARIO), seen(DONE, fired(0, 60, 120), reply))
        assert len(found) == 1
        assert found[0].startswith("action 3: ")


def test_the_likeness_grows_with_what_is_predicted() -> None:
    runs = [seen(DONE, fired(*some), DONE, fired()) for some in ((), (0,), (0, 60), (0, 60, 120))]
    found = [likeness(predict(SCENARIO), one) for one in runs]
    assert found == sorted(set(found))
    assert found[-1] == LARGEST
