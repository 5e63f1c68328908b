"""The agenda against a plain table that is sorted whenever somebody asks."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reference.agenda import Agenda

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
