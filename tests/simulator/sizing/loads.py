"""Small recordings for the tests of planning."""

from hypothesis import strategies as st

from gnomon.reference.jobs import Definition
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND, read_instant
from gnomon.specs.recording.model import (
    ClusterSpec,
    Fixed,
    JobSpec,
    Lognormal,
    Recording,
    Samples,
    ServiceSpec,
)

START = read_instant("2026-01-05T00:00:00Z")


def job(number: int, service: str = "work", seconds: int = 10, **more: object) -> JobSpec:
    """A job that is due every `seconds`."""
    fields = {"name": f"job {number}", "job_type": "interval_based", "seconds": seconds}
    definition = Definition(**{"service": service, "start_date": START, **fields, **more})  # type: ignore[arg-type]
    return JobSpec(f"j{number}", definition)


def recording(
    jobs: int = 6, seconds: int = 10, duration: int = 2 * SECOND, minutes: int = 1
) -> Recording:
    """Jobs that are all due at once, for some minutes."""
    return Recording(
        start=START,
        until=START + minutes * MINUTE,
        cluster=ClusterSpec(servers=2, workers=2),
        jobs=tuple(job(number, seconds=seconds) for number in range(jobs)),
        services=(ServiceSpec(name="work", duration=Fixed(duration)),),
    )


@st.composite
def recordings(draw: st.DrawFn, fixed: bool = False) -> Recording:
    """A minute or two of some jobs, with services of fixed, drawn and sampled durations.

    If it is `fixed`, none is drawn or sampled.
    """
    durations = st.integers(MILLISECOND, 5 * SECOND)
    fixed_ones = st.builds(Fixed, durations)
    spreads = st.one_of(
        fixed_ones,
        st.builds(lambda p50: Lognormal(p50, 3 * p50), durations),
        st.builds(Samples, st.lists(durations, min_size=1, max_size=4).map(tuple)),
    )
    services = [
        ServiceSpec(name=f"service {number}", duration=draw(fixed_ones if fixed else spreads))
        for number in range(draw(st.integers(1, 3)))
    ]
    jobs = [
        job(number, draw(st.sampled_from(services)).name, draw(st.integers(3, 30)))
        for number in range(draw(st.integers(1, 8)))
    ]
    latency = draw(st.sampled_from([Fixed(0), Fixed(MILLISECOND)]))
    return Recording(
        start=START,
        until=START + draw(st.integers(30, 120)) * SECOND,
        cluster=ClusterSpec(latency=latency),
        jobs=tuple(jobs),
        services=tuple(services),
    )
