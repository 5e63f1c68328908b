"""Three stores agree on who gets what while servers have different services (DLV-7)."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from gnomon.reference import events
from gnomon.reference.schedule.clock import SECOND, read_instant
from gnomon.reference.store.administration import Overview, RegisterServer, RemoveServer
from gnomon.reference.store.kept_messages import DropMessage, Messages, MessagesOfJob
from gnomon.reference.store.messages import Profile
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Delivery,
    Execute,
    Join,
    Operation,
    PutJob,
    Reclaim,
    first_turn,
)
from tests.support.arms import Arms
from tests.support.strategies import a_job

NOW = read_instant("2026-01-31T12:00:00Z")
ODD = 'q"/\\é","payload":'
SERVICES = ("a", "b", ODD)
SERVERS = st.sampled_from(["s1", "s2", "s3"])
LISTS = st.sampled_from([None, (), ("a",), ("b",), ("a", "b"), ("a", "b", ODD), (ODD,)])


class Deployments(RuleBasedStateMachine):
    """Servers with services that come and go; messages of each service, claimed and given up."""

    profile: Profile
    clock: Any
    server: Any

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.arms = Arms(self.profile, self.clock, self.server)
        self.turns: dict[tuple[str, int], int] = {}
        self.held: dict[tuple[str, int], tuple[int, int]] = {}
        self.cids = 0

    @initialize()
    def begin(self) -> None:
        for service in SERVICES:
            self.ask(
                "operator", PutJob(service, a_job(f'"job_type":"a",{service}', service=service))
            )
        self.state("s1", ("a",))
        self.state("s2", ("b",))

    @rule(server=SERVERS, services=LISTS)
    def state(self, server: str, services: tuple[str, ...] | None) -> None:
        self.ask(server, Campaign(10 * SECOND, services=services))

    @rule(service=st.sampled_from(SERVICES))
    def publish(self, service: str) -> None:
        self.cids += 1
        self.ask("operator", Execute(service, 1, f"K{self.cids}"))

    @rule(server=SERVERS, worker=st.integers(1, 2), is_done=st.booleans())
    def claim(self, server: str, worker: int, is_done: bool) -> None:
        turn = self.turns[server, worker] = self.turns.get((server, worker), first_turn(1)) + 1
        self.ask(server, Claim(worker, turn, self.held.get((server, worker)) if is_done else None))

    @rule(server=SERVERS, span=st.sampled_from([0, SECOND, 10 * SECOND, 16 * SECOND]))
    def reclaim(self, server: str, span: int) -> None:
        self.now += span
        self.ask(server, Reclaim())

    @rule(server=SERVERS)
    def join(self, server: str) -> None:
        self.ask(server, Join(1, 10 * SECOND))

    @rule(server=SERVERS)
    def leave(self, server: str) -> None:
        self.ask(server, RegisterServer(1, self.now, 2, ()))
        self.ask(server, RemoveServer(server, events.ServerStopped(0, server)))
        self.turns = {who: turn for who, turn in self.turns.items() if who[0] != server}

    @rule(message=st.integers(1, 6))
    def drop(self, message: int) -> None:
        self.ask("operator", DropMessage(message))

    @rule(service=st.sampled_from(SERVICES))
    def drop_all(self, service: str) -> None:
        self.ask("operator", MessagesOfJob(service, True))

    @rule()
    def look(self) -> None:
        self.ask("operator", Overview())
        self.ask("operator", Messages("waiting"))

    def ask(self, server: str, operation: Operation) -> list[Delivery]:
        delivered = self.arms.apply(self.now, server, operation)
        for to, what, reply in delivered:
            if type(what) is Claim and type(reply) is Assignment:
                self.held[to, what.worker] = (reply.message.id, reply.attempt)
        return delivered


@pytest.mark.parametrize("profile", ["durable", "classic"])
def test_three_stores_agree(profile: Profile, clock: Any, real_server: Any) -> None:
    members = {"profile": profile, "clock": clock, "server": real_server.client()}
    machine = type("Machine", (Deployments,), members)
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=30, max_examples=8))
