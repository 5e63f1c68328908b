"""Bursts and the words for when they come again."""

import pytest

from gnomon.reference.schedule.clock import DAY, HOUR, MINUTE, SECOND, read_instant
from gnomon.simulator.sizing.bursts import bursts, fillers, words_for
from gnomon.simulator.sizing.queue_model import Load, Request

MONDAY = read_instant("2026-01-05T00:00:00Z")
WEEK = 7 * DAY
NINE = MONDAY + 9 * HOUR


@pytest.mark.parametrize(
    ("instants", "days", "words"),
    [
        ([NINE], 14, "at 2026-01-05T09:00:00Z"),
        ([NINE, NINE + WEEK], 14, "at 09:00 UTC on Mondays"),
        ([NINE + day * DAY for day in range(14)], 14, "at 09:00 UTC every day"),
        ([NINE + day * DAY for day in range(5)], 7, "at 09:00 UTC from Monday to Friday"),
        ([NINE, NINE + 2 * DAY], 7, "at 09:00 UTC on 2 days"),
        ([NINE + 30 * SECOND, NINE + 30 * SECOND + WEEK], 14, "at 09:00:30 UTC on Mondays"),
        ([MONDAY + hour * HOUR for hour in range(24)], 1, "at :00 every hour"),
        ([MONDAY + hour * HOUR + MINUTE for hour in (0, 1, 7)], 1, "at :01 of 3 hours"),
        ([NINE, NINE + MINUTE, NINE + 2 * MINUTE], 1, "every 1 min from 2026-01-05T09:00:00Z"),
        ([NINE, NINE + 1, NINE + 3], 1, "3 times, first at 2026-01-05T09:00:00Z"),
    ],
)
def test_when_instants_come_again(instants: list[int], days: int, words: str) -> None:
    assert words_for(instants, MONDAY, MONDAY + days * DAY) == words


def test_the_bursts_with_the_most_work_come_first() -> None:
    requests = [
        Request(at, at, duration * SECOND, job, "service of " + job)
        for at, job, duration in [
            (MONDAY, "a", 10), (MONDAY, "b", 30), (MONDAY + HOUR, "a", 10),
            (MONDAY + HOUR, "b", 29), (MONDAY + MINUTE, "c", 20),
        ]
    ]  # fmt: skip
    load = Load(requests, MONDAY, MONDAY + 2 * HOUR, 0)
    first, second = bursts(load, 5)
    assert first.at == MONDAY and first.instants == [MONDAY, MONDAY + HOUR]
    assert first.jobs == ["b", "a"] and first.work == 40 * SECOND
    assert first.words == "at :00 every hour"
    assert second.jobs == ["c"]
    services, jobs = fillers(load, 2)
    assert [filler[:2] for filler in jobs] == [("b", 2), ("a", 2)]
    assert services[0] == ("service of b", 2, 59 * SECOND)
