"""Jobs that end, in a simulated cluster: misfires and edits at the end, and repeats (FIRE-3)."""

from typing import Any

import pytest
from msgspec.structs import replace

from gnomon.reference import events
from gnomon.reference.history import History
from gnomon.reference.jobs import Misfire
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.commands import Activate, Command, CrashServer, StartServer, edit
from gnomon.specs.recording.model import Fixed, JobSpec
from gnomon.specs.rules import judge
from tests.support.worlds import START, definition, world


def at(seconds: int) -> str:
    return write_instant(START + seconds * SECOND)


def run(fields: dict[str, Any], *commands: Command, span: int = 120) -> History:
    """The history of one job on one server; no rule is broken."""
    job = JobSpec("a", definition("a", **fields))
    recording = world([job], span=span * SECOND, duration=Fixed(0), servers=1)
    history = replay(replace(recording, commands=commands))
    assert not [id for id, finding in judge(history).items() if finding.violations]
    return history


def outcomes(history: History) -> list[tuple[str, int]]:
    """The outcomes of the job, and where it became active or inactive, in seconds."""
    found = []
    for event in history.events:
        if isinstance(event, events.Published | events.Coalesced | events.Skipped):
            found.append((events.kind_of(event), (event.due - START) // SECOND))
        elif isinstance(event, events.JobDeactivated | events.JobActivated):
            found.append((events.kind_of(event), (event.at - START) // SECOND))
    return found


DOWN = (
    CrashServer(at=START + 15 * SECOND, server="s1"),
    StartServer(at=START + 60 * SECOND, server="s1"),
)


@pytest.mark.parametrize(
    ("misfire", "missed"),
    [
        ("once", [("coalesced", 20), ("published", 30)]),
        ("all", [("published", 20), ("published", 30)]),
        ("skip", [("skipped", 20), ("skipped", 30)]),
    ],
)
def test_the_end_passes_while_nobody_leads(misfire: Misfire, missed: list[tuple[str, int]]) -> None:
    history = run({"seconds": 10, "ends": at(40), "misfire": misfire}, *DOWN)
    *before, ended = outcomes(history)
    assert before == [("published", 0), ("published", 10), *missed]
    assert ended[0] == "job_deactivated" and ended[1] >= 60


@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": 20, "ends": at(60)},
        {"seconds": 20, "repeats": 3},
        {"cron_definition": "* * * * *", "ends": at(121)},
        {"cron_definition": "* * * * *", "repeats": 3},
    ],
)
def test_a_job_ends_with_its_last_occurrence(fields: dict[str, Any]) -> None:
    *published, ended = outcomes(run(fields, span=300))
    assert [kind for kind, _ in published] == ["published"] * 3
    assert ended == ("job_deactivated", published[-1][1])


def test_an_edit_ends_a_job_in_the_past_and_another_extends_it() -> None:
    history = run(
        {"seconds": 10},
        edit(START + 25 * SECOND, "a", {"ends": at(22)}),
        edit(START + 45 * SECOND, "a", {"ends": at(61)}),
        Activate(at=START + 47 * SECOND, job="a"),
    )
    assert outcomes(history) == [
        ("published", 0),
        ("published", 10),
        ("published", 20),
        ("job_deactivated", 25),
        ("job_activated", 47),
        ("published", 50),
        ("published", 60),
        ("job_deactivated", 60),
    ]


def test_an_edit_leaves_no_occurrence_before_the_end() -> None:
    history = run({"seconds": 60}, edit(START + 10 * SECOND, "a", {"ends": at(30)}))
    assert outcomes(history) == [("published", 0), ("job_deactivated", 10)]


def test_an_edit_removes_the_end() -> None:
    history = run({"seconds": 50, "ends": at(60)}, edit(START + 10 * SECOND, "a", {"ends": None}))
    assert outcomes(history) == [("published", 0), ("published", 50), ("published", 100)]
