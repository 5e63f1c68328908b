"""Any operation of anybody in any order: three stores give the same replies and events."""

from typing import Any

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from gnomon.reference import events
from gnomon.reference.events import Outcome
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import LAST_INSTANT, SECOND, read_instant
from gnomon.reference.schedule.trigger import trigger
from gnomon.reference.store.administration import (
    AgreeSessionKey,
    AgreeSettings,
    CheckProcess,
    CheckSession,
    EndSession,
    ExpectJobs,
    JobByName,
    JobsByName,
    LastResults,
    NewJobId,
    NewProcess,
    OpenRuns,
    Overview,
    RecordEvents,
    RegisterServer,
    RemoveServer,
    Reported,
    ReportUnschedulable,
    ResultsOf,
    RunsOf,
)
from gnomon.reference.store.faults import LatestFaults
from gnomon.reference.store.kept_messages import (
    DropMessage,
    MessageById,
    Messages,
    MessagesOfJob,
    PutBackMessage,
)
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Changes,
    Claim,
    Complete,
    DeleteJob,
    Delivery,
    EditJob,
    Entry,
    Execute,
    Former,
    Heartbeat,
    Jobs,
    Join,
    Operation,
    Publish,
    PutJob,
    Reclaim,
    Resign,
    SetActive,
    SetAside,
    Withdraw,
    first_turn,
)
from gnomon.reference.store.pause import PauseCluster, ResumeCluster
from gnomon.reference.store.unpublished import UnpublishedOf
from tests.reference.store.test_any_operations import DEFINITIONS
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")

WORKERS = st.integers(1, 2)
SERVERS = st.sampled_from(["s1", "s2", "s3"])
JOBS = st.sampled_from(["a", "b/é", "c"])
REVISIONS = st.integers(1, 3)
SMALL = st.integers(1, 4)
SPANS = st.sampled_from([0, 0, SECOND, SECOND, 3 * SECOND, 15 * SECOND, 20 * SECOND])
"""Whole seconds, as everything is due at, so that things happen at the very edge of others."""
BACK = st.sampled_from([SECOND, 10 * SECOND, 11 * SECOND, 61 * SECOND])
TTLS = st.sampled_from([SECOND, 10 * SECOND, 60 * SECOND])
ODD = st.sampled_from(
    [
        a_job("x", extra='Zażółć \r\n\t"\\/ \x00\U0001f600 ' * 3),
        a_job("y", extra="long " * 200),
        a_job("z", start_date=LAST_INSTANT, extra=""),
        a_job('q"/\\', start_date=NOW + SECOND),
    ]
)
ANY_DEFINITION = DEFINITIONS.flatmap(st.sampled_from) | ODD
CLAIMS = st.builds(
    Claim,
    worker=st.integers(1, 2),
    turn=st.builds(lambda process, n: first_turn(process) + n, st.integers(0, 2), SMALL),
    done=st.none() | st.tuples(SMALL, st.integers(1, 2)),
)
PROCESSES = st.integers(0, 3)
STORES = st.sampled_from([0, NOW, NOW - 7])
"""No store, the one under test, another."""
FORMER = st.none() | st.builds(Former, st.just(NOW - 7), SMALL, st.none() | SMALL)
SESSIONS = st.sampled_from(["A-_z", "é"])
LASTS = st.sampled_from([-SECOND, 0, SECOND, 20 * SECOND])
ATTEMPTS = st.integers(1, 2)
REPORTED: st.SearchStrategy[Reported] = st.one_of(
    st.builds(events.Started, st.just(0), SMALL, SERVERS, WORKERS, ATTEMPTS),
    st.builds(events.Finished, st.just(0), SMALL, SERVERS, WORKERS, ATTEMPTS, st.just("ok")),
    st.builds(
        events.Finished,
        st.just(0), SMALL, SERVERS, WORKERS, ATTEMPTS, st.just("failed"), st.just('E: "\\\n\t é'),
    ),
    st.builds(events.ServerStopping, st.just(0), SERVERS),
    st.builds(events.FaultBegan, st.just(0), st.just("cut"), SERVERS),
)  # fmt: skip
ADMINISTRATION: st.SearchStrategy[Operation] = st.one_of(
    st.just(Overview()),
    st.builds(JobByName, st.sampled_from(["w", "x", "y", "z", 'q"/\\', "é", ""])),
    st.builds(RunsOf, JOBS),
    st.builds(ResultsOf, JOBS),
    st.builds(LastResults, st.lists(JOBS, min_size=1, max_size=4).map(tuple)),
    st.builds(OpenRuns, st.lists(SMALL, min_size=1, max_size=4).map(tuple)),
    st.builds(
        JobsByName, st.sampled_from([None, "", "w", "x", "é"]), st.integers(1, 3), st.booleans()
    ),
    st.just(NewJobId()),
    st.builds(
        AgreeSettings, st.sampled_from(["durable", "classic"]), TTLS, st.sampled_from([1, 2, 3])
    ),
    st.builds(Messages, st.sampled_from(["waiting", "held", "dead"]), st.integers(0, 2)),
    st.builds(MessageById, SMALL),
    st.builds(DropMessage, SMALL),
    st.builds(PutBackMessage, SMALL),
    st.builds(MessagesOfJob, JOBS, st.booleans()),
    st.builds(PauseCluster, st.sampled_from(["ops", 'é "\\'])),
    st.builds(ResumeCluster, st.just("ops")),
    st.builds(AgreeSessionKey, st.sampled_from(['k"1', "k2"])),
    st.builds(EndSession, SESSIONS, LASTS),
    st.builds(UnpublishedOf, JOBS),
    st.builds(CheckSession, SESSIONS),
    st.builds(NewProcess, SERVERS),
    st.builds(CheckProcess, st.integers(0, 3)),
    st.builds(
        RegisterServer,
        st.integers(0, 3),
        st.just(NOW),
        WORKERS,
        st.just(("é", "b")),
        st.sampled_from([None, "2026f"]),
    ),
    st.builds(RecordEvents, st.integers(0, 5), st.lists(REPORTED, max_size=3).map(tuple), STORES),
    st.builds(
        ReportUnschedulable,
        st.integers(0, 3),
        st.sampled_from([(), (("a", 'timezone: "\\ é'), ("b", "why"))]),
        st.sampled_from([(), ("s", 'é "\\')]),
    ),
    st.builds(
        ExpectJobs,
        st.lists(st.tuples(JOBS, st.sampled_from([0, NOW, LAST_INSTANT])), max_size=3).map(tuple),
    ),
    st.builds(
        lambda name, how, process: RemoveServer(name, how(0, name), process),
        SERVERS,
        st.sampled_from([events.ServerStopped, events.ServerCrashed]),
        st.sampled_from([0, 0, 1, 2]),
    ),
)
EXTRA = st.sampled_from([None, None, "", "south", 'é ","payload":" \r\n', "x" * 300])
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.builds(
        Campaign,
        TTLS,
        st.lists(CLAIMS, max_size=2).map(tuple),
        STORES,
        FORMER,
        PROCESSES,
        st.sampled_from([None, None, ("w",), ("w", "é"), ()]),
    ),
    st.builds(Resign, SMALL),
    st.builds(PutJob, JOBS, ANY_DEFINITION),
    st.builds(EditJob, JOBS, REVISIONS, ANY_DEFINITION),
    st.builds(SetActive, JOBS, REVISIONS, st.booleans()),
    st.builds(DeleteJob, JOBS, REVISIONS),
    st.builds(Execute, JOBS, REVISIONS, st.sampled_from(["K1", "K2"]), EXTRA),
    st.builds(Jobs, st.none() | st.lists(JOBS, max_size=3).map(tuple)),
    st.builds(Changes, st.integers(0, 6)),
    CLAIMS,
    CLAIMS,
    st.builds(
        Complete, st.integers(1, 2), st.integers(0, 5).map(first_turn(1).__add__), SMALL, SMALL
    ),
    st.builds(SetAside, st.integers(1, 2), SMALL, st.integers(1, 2), st.just('"no JSON" \\ é')),
    st.builds(Join, PROCESSES, TTLS),
    st.builds(Heartbeat, TTLS, PROCESSES),
    st.just(Reclaim()),
    st.builds(Withdraw, st.lists(CLAIMS, max_size=2).map(tuple)),
)


class ThreeArms(RuleBasedStateMachine):
    """Three servers ask; whatever a server is told, the three stores must agree on it."""

    profile: Profile
    clock: Any
    server: "redis.Redis"

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.arms = Arms(self.profile, self.clock, self.server, results=2)
        self.memory = self.arms.memory
        self.turns: dict[tuple[str, int], int] = {}
        self.held: dict[tuple[str, int], tuple[int, int]] = {}

    @initialize(definitions=DEFINITIONS)
    def begin(self, definitions: tuple[Definition, ...]) -> None:
        self.ask("s1", Campaign(100 * SECOND))
        self.ask("s2", Heartbeat(100 * SECOND))
        for id, definition in zip(("a", "b/é", "c"), definitions, strict=True):
            self.ask("s1", PutJob(id, definition))

    @rule(server=SERVERS, operation=OPERATIONS | ADMINISTRATION)
    def ask_anything(self, server: str, operation: Operation) -> None:
        """Any operation, whatever was before."""
        self.ask(server, operation)

    @rule()
    def ask_questions(self) -> None:
        runs = (kind(job) for kind in (RunsOf, ResultsOf) for job in ("a", "b/é", "c"))
        names = (JobsByName(None, 2), JobsByName(None, 9, reverse=True))
        last = (LastResults(("a", "b/é", "c")), OpenRuns((1, 2, 3, 4)))
        self.ask("operator", Overview(), LatestFaults(), *runs, *names, *last)

    def teardown(self) -> None:
        self.ask_questions()

    @rule(server=SERVERS, worker=WORKERS, ends=st.sampled_from([None, "ok", "failed"]))
    def report_run(self, server: str, worker: int, ends: Outcome | None) -> None:
        """Started and perhaps finished, as a server reports what its worker holds."""
        message, attempt = self.held.get((server, worker), (1, 1))
        happened: list[Reported] = [events.Started(0, message, server, worker, attempt)]
        if ends is not None:
            error = "E: no" if ends == "failed" else None
            happened.append(events.Finished(0, message, server, worker, attempt, ends, error))
        self.ask(server, RecordEvents(0, tuple(happened)))

    def ask(self, server: str, *operations: Operation) -> list[Delivery]:
        """The deliveries on which all three agree."""
        expected = self.arms.apply(self.now, server, *operations)
        for to, what, reply in expected:
            if type(what) is Claim and type(reply) is Assignment:
                self.held[to, what.worker] = (reply.message.id, reply.attempt)
        return expected

    # --- what is asked by those who know what they want

    @rule(span=SPANS)
    def time_passes(self, span: int) -> None:
        self.now += span

    @rule(span=BACK, id=JOBS)
    def the_clock_goes_back(self, span: int, id: str) -> None:
        """By less than a lease, or by more; before or after something was published ahead."""
        self.publish_on_time_and_switch(id)
        self.now -= span

    @rule(servers=st.lists(SERVERS, max_size=3), ttl=TTLS)
    def beat(self, servers: list[str], ttl: int) -> None:
        for server in servers:
            self.ask(server, Heartbeat(ttl))

    @rule(server=SERVERS, worker=WORKERS, is_done=st.booleans())
    def claim_in_turn(self, server: str, worker: int, is_done: bool) -> None:
        """What a worker that goes on asks for, so that there is something to complete and lose."""
        turn = self.turns[server, worker] = self.turns.get((server, worker), first_turn(1)) + 1
        self.ask(server, Claim(worker, turn, self.held.get((server, worker)) if is_done else None))

    @rule(server=SERVERS, worker=WORKERS)
    def claim_again(self, server: str, worker: int) -> None:
        """The same claim, that comes twice or late."""
        self.ask(server, Claim(worker, self.turns.get((server, worker), first_turn(1))))

    @rule(server=SERVERS, id=JOBS)
    def give_up(self, server: str, id: str) -> None:
        """Complete what one does not hold, and withdraw while one holds something."""
        self.wait_in_line([server, server], id)
        self.complete_in_turn(server, 1, 0, 1)
        self.claim_again(server, 1)
        self.withdraw_in_turn(server, 0)

    @rule(server=SERVERS, worker=WORKERS, behind=st.integers(-1, 1), later=st.integers(0, 1))
    def complete_in_turn(self, server: str, worker: int, behind: int, later: int) -> None:
        turn = self.turns.get((server, worker), first_turn(1)) + behind
        message, attempt = self.held.get((server, worker), (1, 1))
        self.ask(server, Complete(worker, turn, message, attempt + later))

    @rule(server=SERVERS, behind=st.integers(-1, 2))
    def withdraw_in_turn(self, server: str, behind: int) -> None:
        mine = [(worker, turn) for (name, worker), turn in self.turns.items() if name == server]
        claims = tuple(
            Claim(worker, turn - behind, self.held.get((server, worker)) if worker == 2 else None)
            for worker, turn in mine
        )
        self.ask(server, Withdraw(claims))

    @rule(servers=st.lists(SERVERS, min_size=2, max_size=4), id=JOBS)
    def wait_in_line(self, servers: list[str], id: str) -> None:
        """Workers that wait, some asking again meanwhile; then there is something for one."""
        self.beat(["s1", "s2", "s3"], 60 * SECOND)
        for server in servers:
            self.claim_in_turn(server, 1, is_done=True)
        self.execute(id, 0)

    @rule(server=SERVERS, ahead=st.sampled_from([-1, 0, 0, 1]), id=JOBS)
    def watch(self, server: str, ahead: int, id: str) -> None:
        """Wait for changes, perhaps for more than the next one, while a job changes."""
        version = self.ask(server, Jobs(()))[0][2].version  # type: ignore[attr-defined]
        self.ask(server, Changes(version + ahead))
        self.switch(id, 0)

    @rule(id=JOBS, behind=st.sampled_from([0, 0, 0, 1]))
    def execute(self, id: str, behind: int) -> None:
        job = self.memory.job(id)
        self.ask("s3", Execute(id, job.revision - behind if job else 1, "K6"))

    @rule(id=JOBS, span=st.sampled_from([0, 0, SECOND]))
    def switch(self, id: str, span: int) -> None:
        """Off and on again, perhaps at the very instant at which it was published."""
        for is_active in (False, True):
            job = self.memory.job(id)
            self.ask("s1", SetActive(id, job.revision if job else 1, is_active))
            self.now += span

    @rule(id=JOBS, definition=ANY_DEFINITION)
    def edit(self, id: str, definition: Definition) -> None:
        job = self.memory.job(id)
        self.ask("s1", EditJob(id, job.revision if job else 1, definition))

    @rule(
        ids=st.lists(JOBS, min_size=1, max_size=3),
        wrong=st.sampled_from(["", "", "", "", "epoch", "late", "revision", "cursor", "lapsed"]),
        how=st.sampled_from(["publish", "publish", "coalesce", "skip"]),
        span=SPANS,
    )
    def publish(self, ids: list[str], wrong: str, how: str, span: int) -> None:
        """What a leader asks for, but for one thing that may be wrong."""
        self.now += 0 if wrong == "lapsed" else span
        lease = self.ask("s1", Campaign(10 * SECOND))[0][2]
        self.now += span if wrong == "lapsed" else 0
        entries = tuple(self.entry(id, wrong, how) for id in ids)
        epoch = lease.epoch - (wrong == "epoch")  # type: ignore[attr-defined]
        self.ask("s1", Publish(epoch, entries, self.now + (wrong != "late")))
        self.ask("s1", Jobs(after=""))

    @rule(id=JOBS)
    def publish_on_time_and_switch(self, id: str) -> None:
        """So that an instant is accounted for that must not come again at that very instant."""
        job = self.memory.job(id)
        due = trigger(job.definition).first(job.cursor) if job and job.cursor else None
        if due is not None and self.now < due < self.now + 100 * SECOND:
            self.now = due
        self.publish([id], "", "publish", 0)
        self.switch(id, 0)
        self.publish([id], "", "publish", 0)

    def entry(self, id: str, wrong: str, how: str) -> Entry:
        job = self.memory.job(id)
        if job is None or job.cursor is None:
            return Entry(id, 1, self.now, self.now, True, "K3")
        first = trigger(job.definition).first
        due = first(job.cursor)
        revision, cursor = job.revision - (wrong == "revision"), job.cursor - (wrong == "cursor")
        if due is None:
            return Entry(id, revision, cursor, None, how != "skip", "")
        is_misfire = due <= self.now - job.definition.grace  # or just not one yet
        following = first(due + 1)
        if is_misfire and following is not None and how == "coalesce":
            is_last = first(following + 1) is None
            expected = first(following + 1)
            return Entry(id, revision, cursor, following, is_last, "K4", (due,), expected=expected)
        is_last = following is None
        if is_misfire and how == "skip":
            return Entry(id, revision, cursor, None, is_last, "", (), (due,), following)
        return Entry(id, revision, cursor, due, is_last, "K5", expected=following)


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_three_stores_agree(profile: Profile, clock: Any, real_server: Any) -> None:
    members = {"profile": profile, "clock": clock, "server": real_server.client()}
    machine = type("Machine", (ThreeArms,), members)
    most = settings().max_examples // 2  # each step asks three stores, one of them in Python's Lua
    search = settings(stateful_step_count=40, max_examples=most)
    run_state_machine_as_test(machine, settings=search)
