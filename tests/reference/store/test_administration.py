"""Copies of a store with runs and registered servers go their own way."""

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import (
    AgreeSettings,
    ClusterOverview,
    JobRuns,
    NewJobId,
    NewProcess,
    Number,
    Overview,
    RecordEvents,
    RegisterServer,
    RunsOf,
)
from gnomon.reference.store.operations import (
    OPERATOR,
    Claim,
    Execute,
    Heartbeat,
    Operation,
    PutJob,
    Reply,
    first_turn,
)
from gnomon.reference.store.runs import MemoryStoreWithRuns
from tests.support.store_bench import NOW
from tests.support.strategies import a_job


def ask(store: MemoryStoreWithRuns, operation: Operation, server: str = OPERATOR) -> Reply:
    ((_, _, reply),) = store.apply(NOW, server, operation)
    return reply


def test_a_copy_goes_its_own_way() -> None:
    recorded: list[Event] = []
    copied: list[Event] = []
    store = MemoryStoreWithRuns(recorded.append)
    ask(store, PutJob("a", a_job("a")))
    ask(store, Execute("a", 1, "K1"))
    ask(store, Heartbeat(SECOND), "s1")
    store.apply(NOW, "s1", RegisterServer(1, NOW, 1, ()))
    questions = (RunsOf("a"), Overview())
    before = [ask(store, question) for question in questions]
    length = len(recorded)

    other = store.copy(copied.append)
    assert [ask(other, question) for question in questions] == before
    ask(other, Claim(1, first_turn(1)), "s1")
    started = events.Started(0, 1, "s1", 1, 1)
    other.apply(NOW, "s1", RecordEvents(1, (started,)))
    ask(other, Execute("a", 1, "K2"))
    other.apply(NOW, "s2", RegisterServer(1, NOW, 1, ()))
    ask(other, AgreeSettings("classic", SECOND))
    numbers = (NewJobId(), NewProcess("s3"))
    assert [ask(other, number) for number in numbers * 2] == [Number(NOW, n) for n in (1, 1, 2, 2)]
    assert [ask(store, question) for question in questions] == before
    assert [ask(store, number) for number in numbers] == [Number(NOW, 1), Number(NOW, 1)]
    assert len(recorded) == length

    runs, overview = (ask(other, question) for question in questions)
    assert isinstance(runs, JobRuns) and isinstance(overview, ClusterOverview)
    assert [(run.message, run.started) for run in runs.runs] == [(2, None), (1, NOW)]
    assert [member.name for member in overview.members] == ["s1", "s2"]
    assert (overview.profile, overview.lease_length) == ("classic", SECOND)
    store.apply(NOW, "s1", RecordEvents(1, (started,)))  # the copy's report is not this store's
    assert len(recorded) == length + 1
