"""The page of figures: the fit of an exponent, the finding, and the page, from made-up figures."""

from itertools import islice
from pathlib import Path

import pytest

from gnomon.reference.events import Published
from gnomon.reference.schedule.clock import DAY, MINUTE, to_datetime
from gnomon.simulator.world.replay import replay
from tests.benchmarks.figures import page, rates, works
from tests.benchmarks.figures.growth import Measured, exponent, exponents, finding
from tests.benchmarks.figures.machine import Machine, processor_in
from tests.benchmarks.figures.measuring import Turn, measure_in_turn
from tests.benchmarks.figures.rates import Rate
from tests.benchmarks.figures.works import BY_NAME, GROWING

MIB = 1 << 20
MACHINE = Machine("2026-01-02", "CPython 3.11.7", "Some CPU", 2, {"gnomon": "1.2"})


def growing_by(power: float) -> list[Measured]:
    return [
        Measured(size, 3e-6 * size**power, 40 * MIB + 100 * size, 40 * MIB)
        for size in (1_000_000, 10_000, 100_000)
    ]


@pytest.mark.parametrize("power", [0, 0.5, 1, 1.1, 2])
def test_the_exponent_of_a_power_is_the_power(power: float) -> None:
    overall, last = exponents(growing_by(power))
    assert overall == pytest.approx(power)
    assert last == pytest.approx(power)


def test_the_exponent_is_the_least_squares_line() -> None:
    # Ordinates 0, 0, 1 over 0, 1, 2: the line has the slope 1/2.
    assert exponent([(1, 1), (10, 1), (100, 10)]) == pytest.approx(0.5)


def test_the_last_step_shows_growth_that_begins_late() -> None:
    cheap_at_first = [Measured(1, 1, 0, 0), Measured(10, 1, 0, 0), Measured(100, 100, 0, 0)]
    assert [*exponents(cheap_at_first)] == pytest.approx([1, 2])


def test_an_exponent_needs_two_sizes() -> None:
    with pytest.raises(ValueError, match="two different sizes"):
        exponent([(10, 1), (10, 2)])


def test_a_finding_names_the_work_and_the_exponent() -> None:
    assert finding("Runs", growing_by(1.09)) is None
    assert finding("Runs", growing_by(1.25)) == (
        "Runs: processor time grows with the power 1.25 of the size, from 10,000 to 1,000,000; "
        "at most 1.1 is expected"
    )


def test_the_page_has_every_size_and_names_what_was_not_measured() -> None:
    text = page.written(
        MACHINE, {BY_NAME["runs"]: growing_by(1)}, [Rate("read", "croniter", (10, 20), (2, 4))]
    )
    assert "| 10,000 | 0.030 s | 3.0 µs | 41 MiB | 100 |\n" in text
    assert "| runs | 1.00 | 1.00 | 3.0 µs | 1,000,000 | 10,000,000 |\n" in text
    assert "| processor | Some CPU, 2 cores |\n" in text
    assert "| read | croniter | 15 | 10 to 20 | 3.00 × |\n" in text
    assert "No exponent is above 1.1." in text


def test_the_page_lists_findings() -> None:
    text = page.written(MACHINE, {BY_NAME["jobs"]: growing_by(2)}, [])
    assert f"- {BY_NAME['jobs'].title}: processor time grows with the power 2.00" in text


def test_a_listing_without_a_model_names_no_processor() -> None:
    assert processor_in("processor\t: 0\nBogoMIPS\t: 50.00\n") is None


@pytest.mark.parametrize("growing", GROWING, ids=lambda growing: growing.name)
def test_every_work_has_sizes_that_grow(growing: works.Growing) -> None:
    assert len(growing.sizes) >= 3
    assert [*growing.sizes] == sorted(set(growing.sizes))


class Works:
    """Measures works in no time, on a clock that moves by a second for each unit, and by 5."""

    def __init__(self, *impossible: tuple[str, int]) -> None:
        self.measured: list[tuple[str, int]] = []
        self.notes: list[str] = []
        self._impossible = impossible
        self._now = 100.0

    def clock(self) -> float:
        return self._now

    def __call__(self, name: str, size: int) -> Turn | None:
        self.measured.append((name, size))
        self._now += 5 + size
        possible = (name, size) not in self._impossible
        return Turn(Measured(size, size, 0, 0), 5 + size) if possible else None

    def in_turn(self, limit: float | None = None) -> dict[str, list[int]]:
        sizes = {BY_NAME["runs"]: (1, 10, 1000), BY_NAME["jobs"]: (2, 20, 200)}
        found = measure_in_turn(sizes, self, self.notes.append, limit, self.clock)
        return {growing.name: [one.size for one in of_it] for growing, of_it in found.items()}


IN_ALL = sum(5 + size for size in (1, 2, 10, 20, 200, 1000))


def test_small_sizes_of_all_works_come_first() -> None:
    measured = Works()
    assert measured.in_turn() == {"runs": [1, 10, 1000], "jobs": [2, 20, 200]}
    assert [size for _, size in measured.measured] == [1, 2, 10, 20, 200, 1000]
    assert measured.notes[0] == "runs, 1" and measured.notes[-1] == "runs, 1,000: about 1005 s"


def test_a_size_that_takes_too_long_is_left_out() -> None:
    measured = Works()
    assert measured.in_turn(limit=IN_ALL - 1) == {"runs": [1, 10], "jobs": [2, 20, 200]}
    assert measured.notes[-1] == "runs, 1,000: left out; it would take about 1005 s"
    assert Works().in_turn(limit=IN_ALL)["runs"] == [1, 10, 1000]


def test_larger_sizes_than_one_that_cannot_be_measured_are_left_out() -> None:
    measured = Works(("jobs", 20))
    assert measured.in_turn() == {"runs": [1, 10, 1000], "jobs": [2]}
    assert ("jobs", 200) not in measured.measured


def test_a_history_is_made_once_and_read_by_each_work(tmp_path: Path) -> None:
    works.reading(400, tmp_path)()
    (file,) = tmp_path.iterdir()
    made = file.stat().st_mtime_ns
    works.judging(400, tmp_path)()
    assert [one.stat().st_mtime_ns for one in tmp_path.iterdir()] == [made]


def test_works_do_as_much_as_they_count() -> None:
    for interval, runs in ((MINUTE, 60), (DAY, 30)):
        found = replay(works.cluster_of(30, 2 * MINUTE, interval)).events
        assert sum(isinstance(event, Published) for event in found) == runs
    assert len(set(islice(works.definitions(), 100_000))) == 100_000


@pytest.mark.parametrize("text", rates.TEXTS)
def test_every_library_gives_the_same_instants(text: str) -> None:
    expected = [to_datetime(at) for at in islice(rates.ours(text, "UTC"), 5)]
    for library in ("croniter", "cronsim"):
        assert [*islice(rates.LIBRARIES[library](text, "UTC"), 5)] == expected
