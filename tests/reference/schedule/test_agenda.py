"""The agenda against a plain table that is sorted at every question."""

from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gnomon.reference.schedule.agenda import MOST_NEAR, Agenda

JOBS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
INSTANTS = st.integers(0, 5)


class AgendaMachine(RuleBasedStateMachine):
    """Few jobs and few instants, so that ties and moves are common."""

    def __init__(self) -> None:
        super().__init__()
        self.agenda = Agenda()
        self.plain: dict[str, int] = {}

    @property
    def in_order(self) -> list[tuple[int, str]]:
        return sorted((due, job) for job, due in self.plain.items())

    @rule(job=JOBS, due=INSTANTS)
    def add(self, job: str, due: int) -> None:
        self.agenda.add(job, due)
        self.plain[job] = due

    @rule(job=JOBS)
    def cancel(self, job: str) -> None:
        self.agenda.cancel(job)
        self.plain.pop(job, None)

    @rule(now=INSTANTS, most=st.integers(0, 7))
    def pop_due(self, now: int, most: int) -> None:
        expected = [job for due, job in self.in_order if due <= now][:most]
        assert self.agenda.pop_due(now, most) == expected
        for job in expected:
            del self.plain[job]

    @rule()
    def clear(self) -> None:
        self.agenda.clear()
        self.plain.clear()

    @invariant()
    def agrees(self) -> None:
        self.agenda.check()
        assert list(self.agenda) == self.in_order
        assert len(self.agenda) == len(self.plain)
        assert self.agenda.next_due == min(self.plain.values(), default=None)


TestAgenda = AgendaMachine.TestCase


@pytest.mark.parametrize("order", ["rising", "falling", "mixed", "together"])
def test_many_jobs_go_from_near_to_far_and_back(order: str) -> None:
    """More than near can hold, filled in every order, against a plain sorted list."""
    count = 3 * MOST_NEAR
    instants = list(range(count))
    if order == "falling":
        instants.reverse()
    elif order == "mixed":
        Random(1).shuffle(instants)
    elif order == "together":
        instants = [number % 3 for number in instants]
    agenda, plain = Agenda(), sorted((due, f"{n:05d}") for n, due in enumerate(instants))
    for number, due in enumerate(instants):
        agenda.add(f"{number:05d}", due)
    agenda.check()
    assert list(agenda) == plain
    for _, job in plain[::7]:
        agenda.cancel(job)
    agenda.check()
    left = [entry for number, entry in enumerate(plain) if number % 7]
    for due, job in left[: count // 2]:
        assert (agenda.next_due, agenda.pop_due(due, most=1)) == (due, [job])
    agenda.check()
    assert agenda.pop_due(count, most=count) == [job for _, job in left[count // 2 :]]
    assert len(agenda) == 0 and agenda.next_due is None
    agenda.check()
