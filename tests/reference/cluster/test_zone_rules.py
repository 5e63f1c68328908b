"""A change of a zone's rules loses no occurrence and doubles none, whenever it happens (FIRE-5).

Leaders follow each other around one store. Each computes the due instants by rules of its own: the
zone America/Vancouver has the rules of another zone. An accounted instant is one that was
published, coalesced or skipped. The instants are correct if each leader accounts for everything
that is due, by its rules, after the last instant that is accounted for.
"""

from itertools import count
from typing import NamedTuple

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import events, oracle
from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.events import Event
from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, read_instant, write_instant
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Changes, Operation, PutJob
from gnomon.simulator.mutants.patch import Mutant, patched
from tests.support.strategies import a_cron
from tests.support.zone_rules import RULES, VANCOUVER, vancouver_like

LEASE = 10 * MINUTE
START = read_instant("2026-10-20T00:00:00Z")
EXPECTED_NEXT = Mutant(
    "the cursor is the next instant expected",
    "FIRE-5",
    "what the new rules make due before it is published by nobody",
    "gnomon.reference.store.memory:MemoryStore._publish",
    "cursor = entry.next_cursor",
    "cursor = entry.next_cursor and __import__('gnomon').reference.schedule.trigger.trigger("
    "kept.definition).first(entry.next_cursor)",
)


class Term(NamedTuple):
    """A leader: the rules by which it computes, and how long it does nothing before each step."""

    zone: str
    waits: list[int]


class Cluster:
    """A store with one job, and what became of the job's occurrences."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.recorded: list[Event] = []
        self.accounted: list[int] = []
        self.store = MemoryStore(self._note)
        self.now = definition.start_date
        self._names = (f"s{number}" for number in count(1))
        self._cids = (f"K{number}" for number in count(1))
        self.store.apply(self.now, "operator", PutJob("a", definition))

    def _note(self, event: Event) -> None:
        self.recorded.append(event)
        match event:
            case events.Published(due=due) | events.Coalesced(due=due) | events.Skipped(due=due):
                self.accounted.append(due)

    def lead(self, term: Term) -> None:
        """Let a new server lead after each of the waits, until nothing is due."""
        with vancouver_like(term.zone):
            role = LeaderRole(next(self._names), LEASE, lambda: next(self._cids))
            for wait in term.waits:
                self.now += LEASE + wait
                for operation in role.heartbeat(self.now):
                    self._ask(role, operation)
                while (publish := role.publish_due(self.now)) is not None:
                    self._ask(role, publish)
            resign = role.resign()
            assert resign is not None
            self._ask(role, resign)

    def _ask(self, role: LeaderRole, operation: Operation | None) -> None:
        """Carry out an operation, and those that follow from its replies."""
        while operation is not None and type(operation) is not Changes:
            name = role._name
            answers = self.store.apply(self.now, name, operation)
            self.store.check()
            (reply,) = (reply for to, asked, reply in answers if to == name and asked is operation)
            operation = role.receive(self.now, operation, reply)


def correct(definition: Definition, terms: list[Term]) -> list[int]:
    """The instants that are accounted for if nothing is lost or doubled."""
    now = definition.start_date
    instants: list[int] = []
    for term in terms:
        now += sum(LEASE + wait for wait in term.waits)
        following = instants[-1] + 1 if instants else definition.start_date
        with vancouver_like(term.zone):
            instants += oracle.due_instants(definition, following, now + 1)
    return instants


def accounted(definition: Definition, terms: list[Term]) -> list[int]:
    """The instants that are accounted for, in the order in which they were."""
    cluster = Cluster(definition)
    for term in terms:
        cluster.lead(term)
    return cluster.accounted


def vancouver(cron: str = "37 23 * * *", misfire: str = "all", start: int = START) -> Definition:
    return replace(a_cron(cron, VANCOUVER, start), misfire=misfire)


crons = st.sampled_from(["37 23 * * *", "30 1 * * *", "15,45 2 * * *", "*/40 * * * *", "0 0 * * 0"])
definitions = st.builds(
    vancouver,
    crons,
    st.sampled_from(["once", "all", "skip"]),
    st.integers(START, START + 14 * DAY),
)
waits = st.lists(st.integers(0, DAY // MINUTE).map(MINUTE.__mul__), min_size=1, max_size=3)
terms = st.lists(st.builds(Term, st.sampled_from(RULES), waits), min_size=1, max_size=4)


@given(definitions, terms)
def test_any_change_of_the_rules_loses_and_doubles_nothing(
    definition: Definition, terms: list[Term]
) -> None:
    assert accounted(definition, terms) == correct(definition, terms)


def test_a_search_finds_a_cursor_that_is_the_next_instant_expected() -> None:
    def is_broken(terms: list[Term]) -> bool:
        return accounted(vancouver(), terms) != correct(vancouver(), terms)

    with patched(EXPECTED_NEXT):
        found = find(terms, is_broken, settings=settings(phases=[Phase.generate]))
    assert not is_broken(found)


def test_no_night_is_lost_in_vancouver() -> None:
    """23:37 is 07:37Z by the rules until 2026a, and 06:37Z by those after it."""
    job = vancouver(start=read_instant("2026-11-28T00:00:00Z"))
    before = Term("America/Los_Angeles", [7 * HOUR + 37 * MINUTE - LEASE])
    assert [write_instant(due) for due in accounted(job, [before, Term(VANCOUVER, [2 * DAY])])] == [
        "2026-11-28T07:37:00Z",
        "2026-11-29T06:37:00Z",
        "2026-11-30T06:37:00Z",
    ]
