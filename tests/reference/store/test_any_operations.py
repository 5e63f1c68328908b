"""Arbitrary operations from several servers in any order; an independent model checks each step."""

from contextlib import suppress
from itertools import islice
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace

from gnomon.reference.events import DeadLettered, Event
from gnomon.reference.jobs import Definition, Rejected, read, write
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.schedule.trigger import trigger, upcoming
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import (
    Accepted,
    Assignment,
    Campaign,
    Changes,
    Claim,
    Complete,
    DeleteJob,
    Done,
    EditJob,
    Entry,
    Execute,
    Heartbeat,
    JobList,
    Join,
    Leader,
    Operation,
    Publish,
    PutJob,
    Reclaim,
    Refused,
    Resign,
    SetActive,
    SetAside,
    Withdraw,
    first_turn,
)
from gnomon.simulator.explore.store_model import StoreModel
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")

SERVERS = st.sampled_from(["s1", "s2", "s3"])
WORKERS = st.sampled_from([1, 2])
JOBS = st.sampled_from(["a", "b", "c"])
NAMES = st.sampled_from(["x", "y", "z", "u", "v"])
SPANS = st.sampled_from([SECOND // 2, SECOND, 5 * SECOND])
LEASES = st.sampled_from([SECOND, 10 * SECOND, 100 * SECOND])
HOW = st.sampled_from(["first", "coalesce", "skip"])
"""What a leader does about several instants of a job that are due by now."""
LIVES = st.sampled_from([*[""] * 5, "joins", "joins unheard", "beats"])
BEHIND = st.sampled_from([0, 0, 0, 1])
"""How many revisions, epochs or attempts ago the asker looked; mostly it is up to date."""

STARTS = st.integers(-5, 20).map(lambda seconds: NOW + seconds * SECOND)
SECONDS_TO_ENDS = st.none() | st.integers(-2, 130)


def ended(definition: Definition, seconds: int | None) -> Definition:
    """That definition with an end; without one if it would never be due before it."""
    if seconds is None:
        return definition
    with suppress(Rejected):
        return read(write(replace(definition, ends=NOW + seconds * SECOND + 1)))
    return definition


DEFINITIONS = st.tuples(
    st.builds(a_job, NAMES, start_date=STARTS),
    st.builds(
        ended,
        st.builds(
            a_job,
            NAMES,
            job_type=st.just("interval_based"),
            start_date=STARTS,
            is_active=st.sampled_from([True, True, False]),
            seconds=st.integers(1, 4),
            repeats=st.none() | st.integers(1, 4),
            max_parallel=st.none() | st.integers(1, 3),
        ),
        SECONDS_TO_ENDS,
    ),
    st.builds(
        ended,
        st.builds(
            a_job,
            NAMES,
            job_type=st.just("cron_style"),
            start_date=STARTS,
            cron_definition=st.just("* * * * *"),
            repeats=st.none() | st.integers(1, 4),
        ),
        SECONDS_TO_ENDS,
    ),
)
"""One definition of each type."""


class StoreMachine(RuleBasedStateMachine):
    """Three servers of two workers, three jobs, five names; time only moves on."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[Event] = []
        self.store = MemoryStore(self.recorded.append)
        self.model = StoreModel()
        self.now = NOW
        # What each server makes of the changes it is told of: id -> revision and definition.
        self.copies: dict[str, dict[str, tuple[int, Definition]]] = {}
        self.versions: dict[str, int] = {}
        self.turns: dict[tuple[str, int], int] = {}
        self.processes: dict[str, int] = {}

    def ask(self, server: str, operation: Operation) -> Any:
        """The reply to `operation`; None if it has to wait."""
        already = len(self.recorded)
        deliveries = self.store.apply(self.now, server, operation)
        self.store.check()
        self.model.observe(self.now, server, operation, self.recorded[already:])
        answers = []
        for to, what, reply in deliveries:
            assert reply.now == self.now
            if type(what) is Resign and to != server:
                assert what is operation and self.model.alive_until[to] > self.now
                assert type(reply) is Leader and reply.server is None
            elif what is operation:
                assert to == server
                answers.append(reply)
            if type(reply) is JobList:
                self.learn(to, reply)
            if type(what) is Claim and type(reply) is Done:
                worker = (to, what.worker)
                assert what.turn < self.model.turns[worker], "its turn is not over"
                assert worker not in self.model.held and worker not in self.model.idle
            elif type(what) is Claim:
                assert type(reply) is Assignment
                assert self.model.held[to, what.worker][:2] == (reply.message.id, reply.attempt)
        assert len(answers) <= 1
        return answers[0] if answers else None

    def learn(self, server: str, reply: JobList) -> None:
        copy = self.copies.setdefault(server, {})
        copy.update({job.id: (job.revision, job.definition) for job in reply.jobs})
        for id in reply.gone:
            copy.pop(id, None)
        self.versions[server] = reply.version

    @property
    def messages(self) -> int:
        """How many messages have been published."""
        return len(self.model.attempts)

    def revision(self, id: str, behind: int) -> int:
        """The revision that somebody names who is so far behind."""
        return self.model.jobs[id].revision - behind if id in self.model.jobs else 1

    def names(self, but: str = "") -> list[str]:
        """The names of all jobs but one."""
        return [job.definition.name for id, job in self.model.jobs.items() if id != but]

    # --- time and the lease

    @initialize(definitions=DEFINITIONS, repeats=st.integers(1, 9))
    def begin_with_a_leader_and_some_jobs(
        self, definitions: tuple[Definition, ...], repeats: int
    ) -> None:
        self.campaign("s1", 100 * SECOND)
        busy = a_job("w", job_type="interval_based", start_date=NOW, seconds=1, repeats=repeats)
        for id, definition in zip(("a", "b", "c"), (busy, *definitions[:2]), strict=True):
            self.put("s1", id, definition)

    @rule(span=SPANS)
    def time_passes(self, span: int) -> None:
        self.now += span

    @rule(server=SERVERS, ttl=LEASES)
    def campaign(self, server: str, ttl: int) -> None:
        winner = self.model.leads(self.now) or server
        reply = self.ask(server, Campaign(ttl))
        expected = (winner, self.model.epoch, self.model.until)
        assert (reply.server, reply.epoch, reply.until) == expected

    @precondition(lambda self: self.model.leader and len(self.recorded) > 20)
    @rule(server=SERVERS, behind=BEHIND)
    def resign(self, server: str, behind: int) -> None:
        leader = self.model.leads(self.now)
        left = None if not behind and leader == server else leader
        assert self.ask(server, Resign(self.model.epoch - behind)).server == left

    # --- jobs

    @rule(server=SERVERS, id=JOBS, definition=DEFINITIONS.flatmap(st.sampled_from))
    def put(self, server: str, id: str, definition: Definition) -> None:
        is_taken = id in self.model.jobs or definition.name in self.names()
        is_over = definition.is_active and definition.ends is not None
        is_refused = is_taken or (is_over and (definition.ends or 0) <= self.now)
        reply = self.ask(server, PutJob(id, definition))
        assert type(reply) is (Refused if is_refused else Accepted)
        assert is_refused or self.model.jobs[id].definition == definition

    @rule(server=SERVERS, id=JOBS, definitions=DEFINITIONS, behind=BEHIND, like=st.booleans())
    def edit(
        self,
        server: str,
        id: str,
        definitions: tuple[Definition, ...],
        behind: int,
        like: bool,
    ) -> None:
        """A new definition; `like` says to pick one of the job's own type."""
        job = self.model.jobs.get(id)
        alike = [new for new in definitions if job and new.job_type == job.definition.job_type]
        definition = (alike if like and alike else definitions)[0]
        is_right = definition in alike and not behind and definition.name not in self.names(id)
        reply = self.ask(server, EditJob(id, self.revision(id, behind), definition))
        assert type(reply) is (Accepted if is_right else Refused)

    @rule(server=SERVERS, id=JOBS, is_active=st.booleans(), behind=BEHIND)
    def set_active(self, server: str, id: str, is_active: bool, behind: int) -> None:
        job = self.model.jobs.get(id)
        was_active = job is not None and job.definition.is_active
        reply = self.ask(server, SetActive(id, self.revision(id, behind), is_active))
        if job is None or behind:
            assert type(reply) is Refused
        elif type(reply) is Accepted:
            job = self.model.jobs[id]
            assert (job.definition.is_active, job.revision) == (is_active, reply.revision)
        else:  # its plan has ended
            is_still_active = self.model.jobs[id].definition.is_active
            assert (was_active, is_active, is_still_active) == (False, True, False)

    @precondition(lambda self: len(self.recorded) > 20)
    @rule(server=SERVERS, id=JOBS, behind=BEHIND)
    def delete(self, server: str, id: str, behind: int) -> None:
        is_right = id in self.model.jobs and not behind
        reply = self.ask(server, DeleteJob(id, self.revision(id, behind)))
        assert type(reply) is (Accepted if is_right else Refused)
        assert not is_right or id not in self.model.jobs

    @rule(server=SERVERS, id=JOBS, behind=BEHIND)
    def execute(self, server: str, id: str, behind: int) -> None:
        before, is_right = self.messages, id in self.model.jobs and not behind
        reply = self.ask(server, Execute(id, self.revision(id, behind), "K1"))
        assert type(reply) is (Accepted if is_right else Refused)
        assert self.messages == before + is_right

    @rule(server=SERVERS)
    def changes(self, server: str) -> None:
        """Whoever has asked for the changes since what it knew knows everything, and then waits."""
        self.ask(server, Changes(self.versions.get(server, 0)))
        known = {id: (job.revision, job.definition) for id, job in self.model.jobs.items()}
        assert self.copies.get(server, {}) == known
        assert self.ask(server, Changes(self.versions.get(server, 0))) is None

    # --- publishing

    @rule(
        server=SERVERS,
        ids=st.lists(JOBS, min_size=1, max_size=3),
        how=HOW,
        stale=st.sampled_from([*[""] * 12, "server", "epoch", "revision", "cursor"]),
        span=st.just(0) | SPANS,
    )
    def publish(self, server: str, ids: list[str], how: str, stale: str, span: int) -> None:
        """What a leader would ask for, but for one kind of knowledge that may be `stale`.

        A job may be named twice: the second entry then knows nothing of the first.
        """
        self.now += span
        if not stale:
            server = self.model.leads(self.now) or server
            self.campaign(server, 10 * SECOND)
        leads = self.model.leads(self.now) == server and stale != "epoch"
        entries = [self.entry(id, how, stale) for id in ids]
        operation = Publish(self.model.epoch - (stale == "epoch"), tuple(entries), self.now + 1)
        active = {id: job.definition.is_active for id, job in self.model.jobs.items()}
        refusals = self.ask(server, operation).refusals or (None,) * len(entries)
        for number, (entry, refusal) in enumerate(zip(entries, refusals, strict=True)):
            if not leads:
                expected = "deposed"
            elif entry.job not in active:
                expected = "gone"
            elif not active[entry.job]:
                expected = "inactive"
            elif stale in ("revision", "cursor"):
                expected = stale
            elif entry.due is not None and entry.due > self.now:
                expected = "early"
            elif entry.job in ids[:number]:
                is_active = self.model.jobs[entry.job].definition.is_active
                expected = "cursor" if is_active else "inactive"
            else:
                expected = None
            has_limit = entry.due is not None and refusal == "surplus"  # the model checks it
            assert refusal == expected or (has_limit and expected is None)
        self.publish_again(server, operation)

    def publish_again(self, server: str, operation: Publish) -> None:
        """The reply was lost; what was accepted is accepted no more (PUB-1)."""
        before = self.messages
        refusals = self.ask(server, operation).refusals
        assert len(refusals) == len(operation.entries)
        assert None not in refusals
        assert self.messages == before

    @precondition(lambda self: self.model.jobs)
    @rule(server=SERVERS, id=JOBS, how=HOW, switches=st.booleans())
    def publish_around_a_change(self, server: str, id: str, how: str, switches: bool) -> None:
        """Between two publishes, in no time at all, a job is switched off and on, or edited.

        It is edited to what it was, so that its instants are the same and must not come twice.
        """
        self.publish(server, [id], how, stale="", span=0)
        if switches:
            self.set_active(server, id, is_active=False, behind=0)
            self.set_active(server, id, is_active=True, behind=0)
        elif id in self.model.jobs:
            same = replace(self.model.jobs[id].definition, is_active=True)
            self.ask(server, EditJob(id, self.revision(id, 0), same))
        self.publish(server, [id], how, stale="", span=0)

    def entry(self, id: str, how: str, stale: str) -> Entry:
        """What a leader makes of the job as the store tells of it."""
        job = self.store.job(id)
        if job is None or job.cursor is None:
            return Entry(id, self.revision(id, 0), self.now, self.now, True, "K2")
        first = trigger(job.definition).first
        due = first(job.cursor)
        coalesced: tuple[int, ...] = ()
        skipped: tuple[int, ...] = ()
        misfired = upcoming(trigger(job.definition), job.cursor, self.now - job.definition.grace)
        instants = tuple(islice(misfired, 5))
        if how == "coalesce" and instants:
            coalesced, due = instants[:-1], instants[-1]
        elif how == "skip" and instants:
            due, skipped = None, instants
        last = skipped[-1] if skipped else due
        is_last = last is None or first(last + 1) is None
        return Entry(
            id,
            job.revision - (stale == "revision"),
            job.cursor - (stale == "cursor"),
            due,
            is_last,
            "K2",
            coalesced,
            skipped,
        )

    # --- delivering

    @rule(server=SERVERS, worker=WORKERS, is_done=st.booleans(), ttl=LEASES)
    def claim(self, server: str, worker: int, is_done: bool, ttl: int) -> None:
        self.ask(server, Heartbeat(ttl))
        me = (server, worker)
        held = self.model.held.get(me)
        self.turns[me] = self.next_turn(me)
        done = held[:2] if held is not None and is_done else None
        reply = self.ask(server, Claim(worker, self.turns[me], done))
        assert (reply is None) == (me in self.model.idle)

    @rule(server=SERVERS, worker=WORKERS, behind=st.integers(1, 3))
    def claim_late(self, server: str, worker: int, behind: int) -> None:
        """A claim of an earlier turn changes nothing."""
        recorded = len(self.recorded)
        turn = self.turns.setdefault((server, worker), 0)
        reply = self.ask(server, Claim(worker, turn - behind)) if turn else None
        assert reply is None or type(reply) is Done
        assert len(self.recorded) == recorded

    def next_turn(self, worker: tuple[str, int]) -> int:
        """The turn of the worker's next claim, in its server's latest process."""
        begins = first_turn(self.processes.get(worker[0], 0))
        return max(self.turns.get(worker, 0), begins) + 1

    @precondition(lambda self: self.model.held)
    @rule(server=SERVERS, worker=WORKERS, behind=BEHIND, readable=st.sampled_from([1, 1, 1, 0]))
    def complete(self, server: str, worker: int, behind: int, readable: int) -> None:
        """A worker completes a message, or puts aside what it cannot read."""
        message, attempt, _ = self.model.held.get((server, worker), (1, 1, 0))
        holds = (server, worker) in self.model.held and not behind
        if not readable:
            self.ask(server, SetAside(worker, message, attempt - behind, "unreadable"))
            assert not holds or type(self.recorded[-1]) is DeadLettered
        else:
            turn = self.turns.get((server, worker), 0)
            reply = self.ask(server, Complete(worker, turn, message, attempt - behind))
            assert reply.accepted is holds
        assert not holds or (server, worker) not in self.model.held

    @rule(server=SERVERS, ttl=LEASES, starts=LIVES)
    def heartbeat(self, server: str, ttl: int, starts: str = "") -> None:
        """A sign of life; or the server crashes and starts again, and its Join may be lost."""
        process = self.processes[server] = self.processes.get(server, 0) + bool(starts)
        if starts == "joins unheard":
            return
        self.ask(server, Join(process, ttl) if starts == "joins" else Heartbeat(ttl, process))
        assert not starts or not [worker for worker in self.model.idle if worker[0] == server]

    @precondition(lambda self: self.model.held or self.model.idle)
    @rule(server=SERVERS, span=st.just(0) | LEASES)
    def reclaim(self, server: str, span: int) -> None:
        self.now += span
        self.ask(server, Reclaim())

    @precondition(lambda self: self.model.idle)
    @rule(server=SERVERS)
    def withdraw(self, server: str) -> None:
        self.ask(server, Withdraw())
        assert not [worker for worker in self.model.idle if worker[0] == server]

    # --- what holds all the time

    @invariant()
    def the_store_keeps_the_messages_that_are_not_completed(self) -> None:
        held = {held.message for held in self.model.held.values()}
        assert self.store.waiting == len(self.model.waiting)
        assert self.store.open == {*self.model.waiting, *held, *self.model.dead}

    @invariant()
    def the_store_describes_the_jobs_as_the_model_does(self) -> None:
        for id in ("a", "b", "c"):
            job, expected = self.store.job(id), self.model.jobs.get(id)
            assert (job is None) == (expected is None)
            if job is not None and expected is not None:
                assert job.definition == expected.definition
                assert (job.revision, job.published) == (expected.revision, expected.published)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(stateful_step_count=100)  # it takes a while to get into trouble
