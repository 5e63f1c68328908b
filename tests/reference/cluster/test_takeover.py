"""A follower takes over as soon as the lease is free: when it was released, or has run out."""

from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.cluster.server import Server
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.operations import (
    Campaign,
    Changes,
    Job,
    JobList,
    Jobs,
    Leader,
    Operation,
    Outcomes,
    Resign,
)
from gnomon.simulator.world.replay import replay
from gnomon.specs.recording.files import parse
from tests.support.store_bench import NOW, Bench, every_second

LEASE = 9 * SECOND
FOLLOWS = Leader(NOW, "s1", 4, NOW + LEASE, 9, 1)
RELEASED = Leader(NOW + SECOND, None, 4, NOW + LEASE, 9, 1)


def follower(until: int = NOW + LEASE) -> Server:
    """A server whose campaign was answered: s1 leads in epoch 4, until then."""
    server = Server("s2", 1, LEASE, lambda: "K1")
    campaign = campaign_of(server.start(NOW))
    server.receive(NOW, campaign, Leader(NOW, "s1", 4, until, 9, 1))
    return server


def campaign_of(outputs: object) -> Campaign:
    assert isinstance(outputs, list | tuple)
    (campaign,) = (output for output in outputs if isinstance(output, Campaign))
    return campaign


def test_a_released_lease_is_asked_for_at_once() -> None:
    server = follower()
    assert server.wake_at("heartbeat") == NOW + LEASE // 3
    assert server.receive(NOW + SECOND, Resign(4), RELEASED) == ()
    assert server.wake_at("heartbeat") == NOW + SECOND
    campaign_of(server.wake(NOW + SECOND, "heartbeat"))
    assert server.wake_at("heartbeat") == NOW + SECOND + LEASE // 3, "it asks once"


def test_a_late_report_of_an_earlier_release_changes_nothing() -> None:
    server = follower()
    late = Leader(NOW + SECOND, None, 3, NOW + LEASE, 9, 1)
    server.receive(NOW + SECOND, Resign(3), late)
    of_another_store = Leader(NOW + SECOND, None, 4, NOW + LEASE, 9, 2)
    server.receive(NOW + SECOND, Resign(4), of_another_store)
    assert server.wake_at("heartbeat") == NOW + LEASE // 3


def test_a_report_ends_no_resignation_of_its_own() -> None:
    """The Resign of a server that drains has not been answered by the report about another."""
    server = follower()
    campaign = campaign_of(server.wake(NOW + 3 * SECOND, "heartbeat"))
    server.receive(NOW + 3 * SECOND, campaign, Leader(NOW, "s2", 5, NOW + LEASE, 9, 1))
    server.drain(NOW + 3 * SECOND)
    server.receive(NOW + 3 * SECOND, Resign(4), RELEASED)
    assert server.state_of_leader_role == "resigning"
    assert server.wake_at("heartbeat") == NOW + 6 * SECOND


def test_a_lease_that_runs_out_is_asked_for_then() -> None:
    """Not before: its leader renews it thrice per lease, and it lasts beyond the next heartbeat."""
    server = follower(until=NOW + SECOND)
    assert server.wake_at("heartbeat") == NOW + SECOND
    campaign = campaign_of(server.wake(NOW + SECOND, "heartbeat"))
    server.receive(NOW + SECOND, campaign, Leader(NOW + SECOND, "s3", 5, NOW + LEASE, 9, 1))
    assert server.wake_at("heartbeat") == NOW + SECOND + LEASE // 3


def test_a_clock_that_is_ahead_does_not_ask_too_early() -> None:
    """The store's clock counts; a server that asked too early would ask again and again."""
    server = Server("s2", 1, LEASE, lambda: "K1")
    ahead = 2 * SECOND
    campaign = campaign_of(server.start(NOW + ahead))
    server.receive(NOW + ahead, campaign, Leader(NOW, "s1", 4, NOW + SECOND, 9, 1))
    assert server.wake_at("heartbeat") == NOW + SECOND + ahead


def test_a_server_in_doubt_is_not_woken_again_and_again() -> None:
    server = follower(until=NOW + LEASE + 1)
    server.wake(NOW + LEASE, "heartbeat")
    server.receive(NOW + LEASE, Resign(4), RELEASED)
    server.wake(NOW + LEASE, "heartbeat")
    assert server.wake_at("heartbeat") == NOW + LEASE + LEASE // 3


def test_the_store_reports_a_release_to_live_servers_only() -> None:
    bench = Bench()
    bench.lead()
    bench.ask(0, "s3", Campaign(LEASE))
    bench.ask(0, "s2", Campaign(10 * LEASE))
    resign: Operation = Resign(1)
    replies = bench.replies(LEASE, "s1", resign)
    assert [to for to, _ in replies] == ["s1", "s2"]
    assert {reply.server for _, reply in replies} == {None}
    assert [to for to, _ in bench.replies(LEASE, "s1", resign)] == ["s1"], "it was released before"


def in_pages(*expected: int) -> Bench:
    """A store whose jobs a, b, c … are due next at these instants, read in pages of two."""
    bench = Bench()
    bench.store.read_in_pages_of(2)
    bench.lead()
    for number, at in enumerate(expected):
        bench.put(id="abcdefgh"[number], start_date=NOW + at)
    return bench


def read_all(bench: Bench, publish: bool = False) -> list[list[str]]:
    """The pages that a new leader reads; job a may be published after the first."""
    pages: list[list[str]] = []
    after: int | str | None = ""
    while after is not None:
        listed = bench.ask(0, "s1", Jobs(after=after))
        pages.append([job.id for job in listed.jobs])
        after = listed.more
        if publish and len(pages) == 1:
            assert bench.publish(0, 0, expected=NOW + SECOND) is None
    return pages


def test_pages_come_in_the_order_of_what_is_due_next() -> None:
    assert read_all(in_pages(30, 10, 20, 40, 0)) == [["e", "b"], ["c", "a"], ["d"]]
    assert read_all(in_pages(7, 7, 7, 7)) == [["a", "b"], ["c", "d"], []]


def test_a_job_that_is_published_meanwhile_hides_no_other() -> None:
    """It moves to a later place, and may be read twice."""
    pages = read_all(in_pages(0, 5, 5, 2 * SECOND, 3 * SECOND), publish=True)
    assert pages == [["a", "b"], ["c", "a"], ["d", "e"], []]


def test_a_leader_publishes_before_it_has_read_all_jobs() -> None:
    """And does not take an occurrence for due again that it has published meanwhile."""
    role = LeaderRole("s1", LEASE, lambda: "K1")
    (campaign,) = role.heartbeat(NOW)
    load = role.receive(NOW, campaign, Leader(NOW, "s1", 4, NOW + LEASE, 9))
    first = Job("a", 1, every_second(name="a"), NOW, 0)
    second = Job("b", 1, every_second(name="b", start_date=NOW + 1), NOW, 0)
    assert load == Jobs(after="")
    following = role.receive(NOW, load, JobList(NOW, 9, (first,), more="x"))
    assert following == Jobs(after="x")
    assert role.epoch == 4 and role.publish_at == NOW
    publish = role.publish_due(NOW)
    assert publish is not None and [entry.job for entry in publish.entries] == ["a"]
    asked = role.receive(NOW, following, JobList(NOW, 9, (first, second)))
    assert asked == Changes(9)
    role.receive(NOW, publish, Outcomes(NOW, ()))
    assert role.publish_at == NOW + 1
    publish = role.publish_due(NOW + 1)
    assert publish is not None and [entry.job for entry in publish.entries] == ["b"]


RECORDING = """
format = "gnomon-recording/1"
from = "2026-01-01T00:00:00Z"
until = "2026-01-01T00:01:00Z"
[cluster]
servers = 3
lease = "10s"
latency = "1ms"
[[job]]
name = "often"
job_type = "interval_based"
service = "s"
seconds = 1
start_date = "2026-01-01T00:00:00Z"
misfire = "skip"
grace = "500ms"
[[service]]
name = "s"
duration = "1ms"
[[command]]
at = "2026-01-01T00:00:20.900Z"
do = "{command}"
server = "s1"
"""


def kinds_of(command: str) -> dict[str, list[int]]:
    """When each kind of event happened (ms since the start)."""
    history = replay(parse(RECORDING.replace("{command}", command).encode()))
    at: dict[str, list[int]] = {}
    for event in history.events:
        at.setdefault(type(event).__name__, []).append((event.at - history.header.start) // 1_000)
    return at


def test_a_clean_stop_makes_no_misfire() -> None:
    """The other servers ask within the travel times, although their heartbeats come later."""
    at = kinds_of("stop_server")
    assert at["LeaseReleased"] == [20_901]
    assert at["LeaseAcquired"][1] == 20_903
    assert "Skipped" not in at and len(at["Published"]) == 60


def test_after_a_crash_the_lease_is_taken_when_it_runs_out() -> None:
    at = kinds_of("crash_server")
    (expired,) = at["LeaseExpired"]
    assert expired == at["LeaseAcquired"][1]
    assert expired - max(beat for beat in range(0, 20_900, 3_333)) <= 10_010
