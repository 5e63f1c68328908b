"""A prediction from one cluster is what another cluster does, where the world is simulated."""

import pytest

from gnomon.reference.jobs import read
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, read_instant
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import ClusterSpec, Fixed, JobSpec, Recording, ServiceSpec
from tests.support.paths import ROOT
from tests.twin import report
from tests.twin.cluster.live import Shape
from tests.twin.cluster.load import BURST_WORK, STEADY_WORK, draw_load
from tests.twin.cluster.service import Burst, Steady
from tests.twin.comparison import compare
from tests.twin.measures import measure
from tests.twin.prediction import predict
from tests.twin.scenarios import SCENARIOS

BEGINS = read_instant("2026-01-05T08:00:40Z")
WIDE, NARROW = Shape(3, 4), Shape(3, 2)


def recording(shape: Shape, latency: int) -> Recording:
    """A simulated cluster of `shape` with the jobs of a load of a minute."""
    jobs = draw_load(6, MINUTE, 1).jobs
    return Recording(
        start=BEGINS - MINUTE,
        until=BEGINS + 5 * MINUTE,
        cluster=ClusterSpec(servers=shape.servers, workers=shape.workers, latency=Fixed(latency)),
        jobs=tuple(JobSpec(job.name, read(job.definition(BEGINS))) for job in jobs),
        services=(
            ServiceSpec(name=Steady.name, duration=STEADY_WORK),
            ServiceSpec(name=Burst.name, duration=BURST_WORK),
        ),
    )


def test_the_figures_of_another_shape_are_predicted() -> None:
    """Runs take the same times in both clusters, drawn in the order of starting."""
    wide, narrow = (replay(recording(shape, 4 * MILLISECOND)) for shape in (WIDE, NARROW))
    found = compare(measure(narrow, BEGINS, MINUTE), measure(predict(wide, NARROW), BEGINS, MINUTE))
    assert all(each.difference == 0 for each in found)
    assert any(
        not each.holds
        for each in compare(measure(narrow, BEGINS, MINUTE), measure(wide, BEGINS, MINUTE))
    )


@pytest.mark.parametrize(
    ("page", "names"),
    [("README.md", ["figures"]), ("specs/twin.md", ["figures", "overheads", "machine"])],
)
def test_a_page_has_a_place_for_each_of_its_tables(page: str, names: list[str]) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert all("a new table" in report.between_marks(text, name, "a new table") for name in names)


def test_every_load_of_another_shape_is_one_that_the_recorded_cluster_can_run() -> None:
    for scenario in SCENARIOS:
        if scenario.recorded != scenario.predicted:
            assert scenario.busy < scenario.recorded.total
