"""LIMIT-3 in histories in which many runs have to be excused."""

from collections.abc import Iterator

import pytest

from gnomon.reference.events import Event
from gnomon.reference.history import History
from gnomon.specs.notation.parser import read_example
from gnomon.specs.rules import judge
from gnomon.specs.trace.trace import Trace


class CountedEvents(list[Event]):
    """The events of a history; counts how often they are walked through."""

    walks = 0

    def __iter__(self) -> Iterator[Event]:
        self.walks += 1
        return super().__iter__()


def early_reports(number: int, lost_at: int) -> History:
    """Runs that are reported as overdue too early; the store lost writes at `lost_at` seconds."""
    lines = ["0s job_created report seconds=60 max_runtime=30s", "0s server_started s1 workers=1"]
    for message in range(1, number + 1):
        at = 60 * (message - 1)
        lines += [
            f"{at}s published {message} report due={at}s",
            f"{at}s claimed {message} s1/1",
            f"{at}s started {message} s1/1",
            f"{at + 10}s overdue {message} s1/1",
            f"{at + 20}s finished {message} s1/1",
        ]
    lost = f"{lost_at}s writes_lost writes=0 since={lost_at}s undone=[] reopened=[] emptied=false"
    instants = [int(line.split("s ", 1)[0]) for line in lines]
    lines.insert(sum(one <= lost_at for one in instants), lost)
    return read_example("\n".join(lines))


def reported_early(history: History) -> list[int | None]:
    """The messages whose reports LIMIT-3 does not accept."""
    return [found.message for found in judge(history)["LIMIT-3"].violations]


@pytest.mark.parametrize(
    ("lost_at", "broken"), [(1, []), (70, [1]), (71, [1, 2]), (610, [*range(1, 11)])]
)
def test_a_loss_excuses_the_reports_since(lost_at: int, broken: list[int]) -> None:
    """What was reported after a loss may have begun before its start: a write of it was lost."""
    assert reported_early(early_reports(10, lost_at)) == broken


def test_the_events_are_walked_as_often_for_many_excused_runs_as_for_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def walks(runs: int) -> int:
        counted: list[CountedEvents] = []
        original = Trace.__init__

        def init(self: Trace, *arguments: object, **more: object) -> None:
            original(self, *arguments, **more)  # type: ignore[arg-type]
            self.events = CountedEvents(self.events)
            counted.append(self.events)

        with monkeypatch.context() as patched:
            patched.setattr(Trace, "__init__", init)
            judge(early_reports(runs, lost_at=1))
        return sum(events.walks for events in counted)

    assert walks(3) == walks(30)
