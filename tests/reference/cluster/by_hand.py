"""One server whose replies are made by hand, and the rare transitions that it is taken through."""

from typing import Any

from gnomon.reference.cluster.outputs import Outputs, Run
from gnomon.reference.cluster.server import Timer
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Changes,
    Claim,
    Done,
    Job,
    JobList,
    Jobs,
    Join,
    Leader,
    Message,
    Operation,
    Outcomes,
    Publish,
    Reclaim,
    Refusal,
    Reply,
    Resign,
    Withdraw,
    Withdrawn,
)
from tests.reference.cluster.checked import CheckedServer
from tests.reference.cluster.loop import LEASE
from tests.support.worlds import START, definition


class Hand:
    """One server with two workers; its replies are made by hand."""

    def __init__(self) -> None:
        self.now = START
        self.server = CheckedServer("s1", 2, LEASE, lambda: "K1")
        self.sent: list[Operation] = []
        self.do(self.server.start(START))

    def do(self, outputs: Outputs) -> None:
        self.sent += [output for output in outputs if not isinstance(output, Run)]

    def latest(self, kind: type[Operation]) -> Operation:
        return [operation for operation in self.sent if type(operation) is kind][-1]

    def receive(self, kind: type[Operation], reply: Reply) -> None:
        """The reply to the latest operation of that kind."""
        self.do(self.server.receive(self.now, self.latest(kind), reply))

    def leader(self, name: str = "s1", epoch: int = 4, version: int = 9, store: int = 1) -> None:
        """The reply to the latest Campaign."""
        self.receive(Campaign, Leader(self.now, name, epoch, self.now + LEASE, version, store))

    def released(self, epoch: int = 4, store: int = 1) -> None:
        """The report that another server, which led in that epoch, has resigned."""
        reply = Leader(self.now, None, epoch, self.now + LEASE, 9, store)
        self.do(self.server.receive(self.now, Resign(epoch), reply))

    def lead(self) -> None:
        """Load one job, and lead in epoch 4."""
        self.leader()
        made = definition("job", seconds=1)
        self.receive(Jobs, JobList(self.now, 9, (Job("job", 1, made, START, 0),), store=1))

    def lead_and_load(self) -> None:
        """Load the first page, of one job, and lead in epoch 4."""
        self.leader()
        self.page("job", more="place")

    def page(self, id: str, more: str | None) -> None:
        """The reply to the latest request for jobs: a page of one job, due every second."""
        made = Job(id, 1, definition(id, seconds=1), START, 0)
        self.receive(Jobs, JobList(self.now, 9, (made,), more=more, store=1))

    def outcomes(self, refusal: Refusal | None) -> None:
        """The reply to the latest Publish: all entries are accepted, or refused for a reason."""
        publish = self.latest(Publish)
        assert isinstance(publish, Publish)
        refusals = () if refusal is None else tuple(refusal for _ in publish.entries)
        self.receive(Publish, Outcomes(self.now, refusals))

    def wake(self, timer: Timer) -> None:
        self.do(self.server.wake(self.now, timer))

    def wait(self) -> None:
        """Wait for the time between two heartbeats, and send one."""
        self.now += LEASE // 3
        self.wake("heartbeat")

    def drain(self) -> None:
        self.do(self.server.drain(self.now))

    def claim(self, worker: int) -> tuple[Claim, Assignment]:
        """The first claim of a worker, and a reply to it."""
        campaign = self.sent[1]
        assert isinstance(campaign, Campaign)
        claim = next(claim for claim in campaign.claims if claim.worker == worker)
        return claim, Assignment(self.now, message(worker), 1)

    def assign(self, worker: int) -> None:
        """The reply to the claim of a worker."""
        self.do(self.server.receive(self.now, *self.claim(worker)))

    def over(self, worker: int, claim: Claim | None = None) -> Claim:
        """The reply that the turn of the worker's first claim, or of `claim`, is over."""
        claim = claim or self.claim(worker)[0]
        self.do(self.server.receive(self.now, claim, Done(self.now)))
        return claim

    def withdrawn(self, worker: int) -> None:
        """The reply to Withdraw: the claim of a worker had been answered before."""
        self.receive(Withdraw, Withdrawn(self.now, (self.claim(worker),)))

    def finish(self, worker: int) -> None:
        self.do(self.server.finish(self.now, worker))


def message(number: int) -> Message:
    return Message(number, "K1", "job", 1, START, 4, "job", "interval_based", "work", None)


def late_campaign(doubting: Hand, **reply: Any) -> None:
    """A Campaign from within the last lease is answered when the server is in doubt."""
    doubting.now = START + LEASE
    doubting.leader(**reply)


def by_hand() -> None:
    """Rare transitions."""
    from_an_earlier_epoch()
    late_replies()
    to_a_server_that_drains()
    to_a_draining_server_in_doubt()
    to_a_turn_that_is_over()
    from_another_store()
    released_by_another()
    while_jobs_are_loaded()


def from_another_store() -> None:
    """A store in the place of the former one; and replies of the former one that arrive late."""
    for prepare in (Hand.wait, Hand.leader, Hand.lead_and_load, Hand.lead):
        hand = Hand()
        hand.leader(name="s2")
        prepare(hand)
        former = hand.latest(Campaign)
        hand.wait()
        hand.leader(store=2)
        late = Leader(hand.now, "s1", 4, hand.now + LEASE, 9, 1)
        hand.do(hand.server.receive(hand.now, former, late))
    hand = Hand()
    hand.lead()
    hand.leader(epoch=1, store=2)
    hand.leader(epoch=1, store=2)
    hand.do(hand.server.receive(hand.now, former, late))
    hand.receive(Jobs, JobList(hand.now, 0, (), more="place", store=2))
    hand.do(hand.server.receive(hand.now, former, late))
    hand.receive(Jobs, JobList(hand.now, 0, (), store=2))
    hand.do(hand.server.receive(hand.now, former, late))
    hand.receive(Changes, JobList(hand.now, 10, (), ("job",), store=1))
    hand = Hand()
    hand.leader()
    late_campaign(hand, store=2)
    hand = Hand()
    hand.leader()
    hand.wait()
    hand.now += LEASE
    hand.leader(store=2)
    runs_of_a_former_store()


def released_by_another() -> None:
    """Another server has resigned; mostly, the report arrives late."""
    for prepare in (Hand.wait, Hand.leader, Hand.lead, Hand.lead_and_load, resigning, Hand.drain):
        hand = Hand()
        prepare(hand)
        hand.released(epoch=3)


def while_jobs_are_loaded() -> None:
    """A leader that has not read all pages leads like any other."""
    hand = Hand()
    hand.leader()
    hand.leader(version=0)
    hand = Hand()
    hand.lead_and_load()
    hand.do(hand.server.receive(hand.now, Publish(4, (), 0), Outcomes(hand.now, ())))
    for refusal in (None, "gone"):
        hand.now += SECOND
        hand.wake("publish")
        hand.wake("publish")
        hand.outcomes(refusal)
    hand.receive(Jobs, JobList(hand.now, 9, (), ("job",), store=1))
    changed = Job("job", 2, definition("job", seconds=1), START, 0)
    hand.now += SECOND
    hand.do(hand.server.receive(hand.now, Changes(9), JobList(hand.now, 10, (changed,), store=1)))
    hand.do(hand.server.receive(hand.now, Changes(9), JobList(hand.now, 10, (changed,), store=1)))
    hand.do(hand.server.receive(hand.now, Changes(9), JobList(hand.now, 11, (), store=2)))
    hand.wake("publish")
    newer = Job("job", 3, definition("job", seconds=1), START, 0)
    hand.do(hand.server.receive(hand.now, Changes(10), JobList(hand.now, 11, (newer,), store=1)))
    hand.outcomes("revision")
    hand.leader(version=11)
    hand.leader(version=12)
    hand.leader(name="s2", epoch=3)
    hand.wait()
    hand.wait()
    for follow in ("loading", "another", "deposed", "drain"):
        hand = Hand()
        hand.lead_and_load()
        hand.page("second", more="next")
        if follow == "loading":
            hand.leader(epoch=5)
        elif follow == "another":
            hand.leader(name="s2", epoch=5)
        elif follow == "deposed":
            hand.wake("publish")
            hand.outcomes("deposed")
        else:
            hand.drain()
    hand = Hand()
    hand.lead_and_load()
    hand.page("last", more=None)


def resigning(hand: Hand) -> None:
    hand.lead()
    hand.drain()


def runs_of_a_former_store() -> None:
    """They go on, and complete nothing."""
    for drains, in_doubt in ((False, 0), (True, 0), (True, LEASE)):
        hand = Hand()
        hand.leader()
        hand.assign(1)
        hand.assign(2)
        hand.leader(store=2)
        if drains:
            hand.receive(Join, Done(hand.now))
            hand.drain()
            hand.receive(Withdraw, Withdrawn(hand.now))
        hand.now += in_doubt
        hand.finish(1)
        hand.finish(2)
        assert hand.server.has_left is drains


def from_an_earlier_epoch() -> None:
    hand = Hand()
    hand.leader()
    hand.leader(name="s2", epoch=3)
    hand.receive(Jobs, JobList(START, 9, (), store=1))
    hand.leader(name="s2", epoch=3)


def late_replies() -> None:
    for version in (9, 10):
        hand = Hand()
        hand.lead()
        hand.wait()
        late_campaign(hand, version=version)
    for name in ("s1", "s2"):
        hand = Hand()
        hand.wait()
        late_campaign(hand, name=name)
        hand = Hand()
        hand.wait()
        hand.drain()
        late_campaign(hand, name=name)


def to_a_server_that_drains() -> None:
    hand = Hand()
    hand.lead()
    hand.wake("publish")
    hand.drain()
    hand.receive(Withdraw, Withdrawn(START))
    hand.assign(1)
    hand.receive(Resign, Leader(START, None, 4, START, 9, 1))
    hand.receive(Publish, Outcomes(START, ()))
    hand = Hand()
    hand.lead()
    hand.receive(Join, Done(START))
    hand.drain()
    hand.receive(Withdraw, Withdrawn(START))
    hand.receive(Resign, Leader(START, None, 4, START, 9, 1))
    assert hand.server.has_left


def to_a_draining_server_in_doubt() -> None:
    # Join has not been answered when the doubt ends.
    hand = Hand()
    hand.drain()
    hand.wait()
    hand.now += LEASE
    hand.wake("heartbeat")
    hand.receive(Reclaim, Done(hand.now))
    # Nothing has been completed.
    hand = Hand()
    hand.drain()
    hand.now += LEASE
    hand.assign(1)
    # A run has been completed, but that has not been answered.
    for assigns in (Hand.assign, Hand.withdrawn):
        hand = Hand()
        hand.assign(1)
        hand.drain()
        hand.finish(1)
        hand.now += LEASE
        assigns(hand, 2)
        hand.assign(1)
    # The messages that were assigned are left to the others.
    hand = Hand()
    hand.receive(Join, Done(START))
    hand.drain()
    hand.now += LEASE
    hand.withdrawn(1)
    assert hand.server.has_left


def to_a_turn_that_is_over() -> None:
    """The message of a turn was reclaimed, and its claim is repeated."""
    hand = Hand()
    first = hand.over(1)
    assert type(hand.sent[-1]) is Claim, "it claims in the next turn"
    hand.over(1, first)  # of another turn
    hand.assign(2)
    hand.over(2)
    for drains in (False, True):
        hand = Hand()
        if drains:
            hand.drain()
            hand.over(2)
        sent = len(hand.sent)
        hand.now += LEASE
        hand.over(1)
        assert len(hand.sent) == sent, "it waits until the doubt has ended"
    hand = Hand()
    hand.drain()
    hand.receive(Withdraw, Withdrawn(START))
    hand.over(1)
