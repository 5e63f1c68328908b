"""Queueing, against its theory: start instants, bursts, Little's law, overlap (S6, S10, S11)."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gnomon.reference import oracle
from gnomon.reference.schedule.clock import MILLISECOND, MINUTE, SECOND
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.model import (
    Fixed,
    JobSpec,
    Recording,
    Samples,
    longest_latency,
    shortest_lease,
)
from gnomon.specs.rules import judge
from tests.support.worlds import START, Messages, busy_worlds, definition, interval_job, world


@given(busy_worlds())
def test_every_claim_is_when_first_come_first_served_predicts(recording: Recording) -> None:
    """Starvation (S10, S11): C = N·W workers are a first-come-first-served queue, to the µs.

    Over links of latency L a worker's cycle is the service time and the journey there and back, and
    a run starts a journey after its message was claimed.
    """
    messages = Messages(replay(recording))
    cluster = recording.cluster
    assert isinstance(cluster.latency, Fixed)
    travel = cluster.latency.duration
    service = recording.services[0].duration
    assert isinstance(service, Fixed | Samples)
    samples = service.samples if isinstance(service, Samples) else (service.duration,)
    # Services draw their samples in the order in which runs start, which is that of publishing.
    count = len(messages.published)
    times = [samples[number % len(samples)] for number in range(count)]
    arrivals = [event.at for event in messages.published.values()]
    expected = oracle.start_instants(
        arrivals, [time + 2 * travel for time in times], cluster.servers * cluster.workers
    )
    for number, message in enumerate(messages.published):
        claimed, started = messages.claimed.get(message), messages.started.get(message)
        if claimed is None:
            assert expected[number] >= recording.until
            continue
        assert claimed.at == expected[number]
        if started is not None:
            assert started.at == claimed.at + travel
        finished = messages.finished.get(message)
        if finished is not None and started is not None:
            assert finished.at == started.at + times[number]


@given(busy_worlds())
def test_publishing_is_late_by_no_more_than_its_journeys(recording: Recording) -> None:
    messages = Messages(replay(replace(recording, seed=0)))  # all jobs are in one page
    assert isinstance(recording.cluster.latency, Fixed)
    # An election precedes the first Publish: a Campaign and the jobs, there and back. Later ones
    # are a journey late, or wait for the reply to the Publish before.
    travel = recording.cluster.latency.duration
    for event in messages.published.values():
        assert event.due <= event.at <= event.due + 5 * travel


@settings(max_examples=settings().max_examples // 3)  # short leases make many requests
@given(busy_worlds(), st.one_of(st.integers(MILLISECOND, 1_003), st.integers(SECOND, MINUTE)))
def test_the_slowest_links_that_a_recording_may_have_hold_up_no_run(
    recording: Recording, lease: int
) -> None:
    """No reply comes later than the next heartbeat, or the servers would doubt that they live."""
    latency = longest_latency(lease)
    assert shortest_lease(latency) <= lease < shortest_lease(latency + 1)
    cluster = replace(recording.cluster, lease=lease, latency=Fixed(latency))
    found = judge(replay(replace(recording, cluster=cluster)))
    assert not found["OVER-1"].violations and not found["WORK-3"].violations


@given(
    jobs=st.integers(1, 40),
    servers=st.integers(1, 4),
    workers=st.integers(1, 4),
    service=st.integers(1, 60 * SECOND),
)
def test_a_burst_is_served_in_rounds(jobs: int, servers: int, workers: int, service: int) -> None:
    """k jobs at one instant T, C workers, service time S: the i-th starts at T + (i // C)·S."""
    due = 30 * SECOND
    specs = [JobSpec(f"{n:03d}", definition(f"{n:03d}", due)) for n in range(jobs)]
    rounds = -(-jobs // (servers * workers))
    recording = world(
        specs,
        span=due + rounds * service + 1,
        duration=Fixed(service),
        servers=servers,
        workers=workers,
    )
    starts = [event.at - START for event in Messages(replay(recording)).started.values()]
    assert starts == [due + number // (servers * workers) * service for number in range(jobs)]


@given(busy_worlds())
def test_littles_law_holds_as_an_identity(recording: Recording) -> None:
    """The integral of how many are in the system equals the sum of how long each was there."""
    messages = Messages(replay(recording))
    spent = 0
    steps: list[tuple[int, int]] = []
    for number, published in messages.published.items():
        finished = messages.finished.get(number)
        leaves = recording.until if finished is None else finished.at
        spent += leaves - published.at
        steps += [(published.at, 1), (leaves, -1)]
    integral, inside, since = 0, 0, START
    for at, step in sorted(steps):
        integral += inside * (at - since)
        inside, since = inside + step, at
    assert inside == 0
    assert integral == spent


@given(
    seconds=st.sampled_from([1, 2, 5]),
    factor=st.integers(1, 12),
    servers=st.integers(1, 3),
    workers=st.integers(1, 4),
)
def test_runs_of_one_job_overlap_up_to_every_worker(
    seconds: int, factor: int, servers: int, workers: int
) -> None:
    """No run waits for the one before it; as many run at once as there are workers (S6)."""
    service = factor * seconds * SECOND
    recording = world(
        [interval_job("job", 0, seconds)],
        span=2 * service + 30 * seconds * SECOND,
        duration=Fixed(service),
        servers=servers,
        workers=workers,
    )
    history = replay(recording)
    messages = Messages(history)
    capacity = servers * workers
    running = [
        sum(
            1
            for other, started in messages.started.items()
            if started.at <= at.at
            and (other not in messages.finished or messages.finished[other].at > at.at)
        )
        for at in messages.started.values()
    ]
    assert max(running) == min(factor, capacity)
    if factor <= capacity:  # nothing waits, so every run starts when it is due
        assert all(
            event.at == messages.published[number].due for number, event in messages.started.items()
        )
    findings = judge(history)
    assert not any(finding.violations for finding in findings.values())
    if factor > 1:
        assert findings["OVER-2"].examined or capacity == 1


def test_a_backlog_drains_when_the_load_falls() -> None:
    """Ten jobs at once, then nothing: the backlog rises to eight and falls to none (WORK-4)."""
    jobs = [JobSpec(f"{n}", definition(f"{n}", SECOND)) for n in range(10)]
    recording = world(jobs, span=600 * SECOND, duration=Fixed(SECOND), servers=1, workers=2)
    history = replay(recording)
    messages = Messages(history)
    assert len(messages.finished) == 10
    assert max(event.at for event in messages.finished.values()) == START + 6 * SECOND
    findings = judge(history)
    assert findings["WORK-4"].examined and not findings["WORK-4"].violations
    assert findings["WORK-1"].examined == 8


def test_every_message_takes_the_latency() -> None:
    """One job, one server, 40 ms each way: published, claimed and started are journeys apart."""
    travel = 40 * MILLISECOND
    recording = world(
        [interval_job("job", 10 * SECOND, 10)],
        span=12 * SECOND,
        duration=Fixed(SECOND),
        servers=1,
        workers=1,
        latency=Fixed(travel),
    )
    messages = Messages(replay(recording))
    due = START + 10 * SECOND
    assert messages.published[1].at == messages.claimed[1].at == due + travel
    assert messages.started[1].at == due + 2 * travel
    assert messages.finished[1].at == due + 2 * travel + SECOND
