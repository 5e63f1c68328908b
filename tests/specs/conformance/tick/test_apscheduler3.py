"""A scheduler of others at level tick: APScheduler 3, in an environment of its own."""

import pytest

from gnomon.specs.conformance.protocol import Fired, Firing, Job
from gnomon.specs.conformance.shipped import command_for, find
from gnomon.specs.conformance.tick.run import run
from gnomon.specs.conformance.tick.scenarios import (
    Action,
    Advance,
    Create,
    Pause,
    Restart,
    Resume,
    Scenario,
    Step,
)

NEW_YORK = "America/New_York"
MINUTE = Create(Job("a", every=60))


def scenario(name: str, now: str, *actions: Action, zone: str = "UTC", lag: float = 0) -> Scenario:
    return Scenario(name, "A test.", (), now, actions, zone, lag)


SCENARIOS = (
    scenario("late", "2026-01-05T00:00:07Z", MINUTE, Advance(6000), lag=0.25),
    scenario(
        "killed", "2026-01-05T00:00:07Z", MINUTE, Advance(150), Restart("kill", 195), Advance(60)
    ),
    scenario(
        "paused",
        "2026-01-05T00:00:07Z",
        MINUTE,
        Advance(150),
        Pause("a"),
        Advance(195),
        Resume("a"),
        Advance(60),
    ),
    scenario("long", "2026-01-05T00:00:07Z", Create(Job("a", every=10, takes=25)), Advance(45)),
    scenario(
        "gap",
        "2026-03-08T00:00:07Z",
        Create(Job("a", cron="30 2 * * *", zone=NEW_YORK, payload="ü\n\0")),
        Advance(86_400),
        zone=NEW_YORK,
    ),
    scenario("back", "2026-01-05T00:00:07Z", MINUTE, Advance(150), Step(-3600), Advance(300)),
)


@pytest.fixture(scope="module")
def seen() -> dict[str, list[Firing]]:
    """The firings of each scenario."""
    found = run(command_for(find("apscheduler3")), SCENARIOS).observations
    return {
        one.scenario.id: [
            firing for reply in one.replies if isinstance(reply, Fired) for firing in reply.fired
        ]
        for one in found
    }


def starts(firings: list[Firing]) -> list[str]:
    return [one.at[11:-1] for one in firings if one.outcome is None]


def misfires(firings: list[Firing]) -> list[str | None]:
    return [one.due and one.due[11:-1] for one in firings if one.outcome == "misfired"]


def test_intervals_do_not_drift(seen: dict[str, list[Firing]]) -> None:
    found = starts(seen["late"])
    assert len(found) == 99
    assert {at[6:] for at in found} == {"07.250000"}


def test_missed_instants_are_reported_and_not_made_up(seen: dict[str, list[Firing]]) -> None:
    assert starts(seen["killed"]) == ["00:01:07", "00:02:07", "00:06:07"]
    assert misfires(seen["killed"]) == ["00:05:07"]


def test_each_run_has_an_id_of_its_own(seen: dict[str, list[Firing]]) -> None:
    ids = [one.run for one in seen["killed"] if one.run and one.outcome is None]
    assert len(ids) == len(set(ids)) == 3


def test_a_resumed_job_keeps_its_grid(seen: dict[str, list[Firing]]) -> None:
    assert starts(seen["paused"]) == ["00:01:07", "00:02:07", "00:06:07"]


def test_a_run_blocks_the_next_ones(seen: dict[str, list[Firing]]) -> None:
    assert starts(seen["long"]) == ["00:00:17", "00:00:47"]
    assert misfires(seen["long"]) == ["00:00:27", "00:00:37"]
    assert [one.at[11:-1] for one in seen["long"] if one.outcome == "ok"] == ["00:00:42"]


def test_a_skipped_instant_is_shifted_and_the_payload_travels(
    seen: dict[str, list[Firing]],
) -> None:
    started = seen["gap"][0]
    assert (started.at[11:-1], started.payload) == ("07:30:00", "ü\n\0")


def test_it_is_silent_when_the_clock_is_set_back(seen: dict[str, list[Firing]]) -> None:
    assert starts(seen["back"]) == ["00:01:07", "00:02:07"]
