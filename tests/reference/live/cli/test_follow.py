"""``gnomon check --follow``: a live cluster is judged as it runs, and through outages."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from gnomon.reference import events
from gnomon.reference.events import Event
from gnomon.reference.live.cli import follow
from gnomon.reference.live.cli.client import Client, Failed
from gnomon.reference.live.cli.follow_metrics import FollowMetrics
from gnomon.reference.live.cli.followed import Followed
from gnomon.reference.live.store.storage import RecordedEvent, StoreUnavailable
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_instant
from gnomon.specs.rules import RULES
from tests.support.command import Command, fault
from tests.support.memory_storage import NOW, MemoryStorage
from tests.support.paths import ROOT

RUNS = 200
SETTLED = 120
"""Seconds in which a violation becomes certain, with the default lease; and some more."""


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client


def begin(storage: MemoryStorage, client: Client) -> None:
    """A server leads, and a job is due every second."""
    storage.happen(
        events.ServerStarted(NOW, "s1", 2, ("work",)), events.LeaseAcquired(NOW, "s1", 1)
    )
    start = write_instant(NOW + SECOND)
    fields = {"name": "a", "job_type": "interval_based", "service": "work", "seconds": 1}
    client.create(fields | {"start_date": start})


def run_of(second: int, message: int | None = None) -> list[Event]:
    """The events of one occurrence, which is run at once."""
    at = NOW + second * SECOND
    number = second if message is None else message
    published = events.Published(
        at, number, f"K{number:039}", "1", 1, at, 1, "s1", "a", "interval_based", "work"
    )
    return [
        published,
        events.Claimed(at, number, "s1", 1, 1),
        events.Started(at + MILLISECOND, number, "s1", 1, 1),
        events.Finished(at + 2 * MILLISECOND, number, "s1", 1, 1, "ok"),
    ]


def go_on(storage: MemoryStorage, first: int, last: int) -> None:
    """The occurrences from one second to another; the clock stands half a second later."""
    for second in range(first, last + 1):
        storage.happen(*run_of(second))
    storage.clock.now = NOW + last * SECOND + SECOND // 2


def test_a_cluster_without_fault_is_judged_without_a_finding(
    storage: MemoryStorage, client: Client
) -> None:
    begin(storage, client)
    followed = Followed(client, 1_000)
    for second in range(1, RUNS, 20):
        go_on(storage, second, second + 19)
        now, certain = followed.judge()
        assert (now, certain) == (storage.clock.now, [])
    assert followed.monitor.events == len(storage.events)
    assert {"FIRE-2", "PUB-1", "WORK-2"} <= followed.monitor.exercised
    assert (followed.first, followed.beginnings, followed.broken) == (1, 1, {})


def test_a_violation_is_found_when_it_is_certain_and_once(
    storage: MemoryStorage, client: Client
) -> None:
    begin(storage, client)
    followed = Followed(client, 1_000)
    go_on(storage, 1, 10)
    storage.happen(*run_of(10, message=10_000))  # the tenth occurrence once more
    assert followed.judge().certain == []
    go_on(storage, 11, 20)
    assert followed.judge().certain == []
    go_on(storage, 21, 20 + SETTLED)
    found = followed.judge().certain
    assert "PUB-1" in {violation.rule for violation in found}
    assert followed.judge().certain == []
    assert followed.broken["PUB-1"] == 1


def test_what_the_store_has_forgotten_is_made_up_for_by_what_it_knows(
    storage: MemoryStorage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(storage, client)
    go_on(storage, 1, 50)
    whole = storage.history

    def history(after: int = 0, most: int = 1_000) -> list[RecordedEvent]:
        return [one for one in whole(0, 10**6) if one.seq > max(after, 90)][:most]

    monkeypatch.setattr(storage, "history", history)
    followed = Followed(client, 1_000)
    assert followed.first == 91
    go_on(storage, 51, RUNS)
    assert followed.judge().certain == []
    assert {"FIRE-2", "PUB-1"} <= followed.monitor.exercised
    storage.happen(*run_of(RUNS, message=10_000))
    go_on(storage, RUNS + 1, RUNS + 5)
    followed.judge()
    go_on(storage, RUNS + 6, RUNS + SETTLED)
    assert "PUB-1" in {violation.rule for violation in followed.judge().certain}


def test_judging_begins_anew_where_events_are_missing(
    storage: MemoryStorage, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(storage, client)
    go_on(storage, 1, 10)
    followed = Followed(client, 1_000)
    followed.judge()
    whole = storage.history

    def history(after: int = 0, most: int = 1_000) -> list[RecordedEvent]:
        return [one for one in whole(0, 10**6) if one.seq > max(after, 70)][:most]

    go_on(storage, 11, 30)
    monkeypatch.setattr(storage, "history", history)
    assert followed.judge().certain == []
    assert (followed.beginnings, followed.first) == (2, 71)


def test_judging_begins_anew_in_another_store(storage: MemoryStorage, client: Client) -> None:
    begin(storage, client)
    go_on(storage, 1, 10)
    followed = Followed(client, 1_000)
    followed.judge()
    storage.events.clear()
    storage.happen(events.ServerStarted(storage.clock.now, "s1", 2, ("work",)))
    assert followed.judge().certain == []
    assert (followed.beginnings, followed.monitor.events) == (2, 1)


def test_a_server_that_cannot_read_its_store_is_an_error(
    storage: MemoryStorage, client: Client
) -> None:
    begin(storage, client)
    followed = Followed(client, 1_000)
    storage.outage = StoreUnavailable("no connection", "start it")
    with pytest.raises(Failed):
        followed.judge()
    storage.outage = None
    go_on(storage, 1, 5)
    assert followed.judge().certain == []
    assert followed.monitor.events == len(storage.events)


# --- the command


class Script:
    """Takes the place of the pauses: each does the next thing, and then the user ends it."""

    def __init__(self, *steps: object) -> None:
        self._steps = iter(steps)

    def __call__(self, _: float) -> None:
        step = next(self._steps, None)
        if not callable(step):
            raise KeyboardInterrupt
        step()


def test_the_command_prints_violations_and_ends_with_their_number(
    run: Command,
    url: str,
    storage: MemoryStorage,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(storage, client)
    go_on(storage, 1, 10)
    storage.happen(*run_of(10, message=10_000))

    def outage() -> None:
        storage.outage = StoreUnavailable("no connection", "start it")

    def later() -> None:
        storage.outage = None
        go_on(storage, 11, 10 + SETTLED)

    monkeypatch.setattr(follow, "sleep", Script(outage, later, lambda: None))
    result = run("check", "--follow", url)
    assert result.code == 1
    assert any(" PUB-1 broken: " in line for line in result.out.splitlines())
    notes = result.err.splitlines()
    assert notes[0].startswith(f"{url}: judging ")
    assert [note for note in notes if note.endswith("; trying again")]
    assert f"{url}: connected again" in notes
    assert "broken: " in notes[-1] and "PUB-1 (1)" in notes[-1]


def test_the_command_prints_violations_as_json(
    run: Command,
    url: str,
    storage: MemoryStorage,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin(storage, client)
    go_on(storage, 1, 10)
    storage.happen(*run_of(10, message=10_000))
    later = Script(lambda: go_on(storage, 11, 10 + SETTLED), lambda: None)
    monkeypatch.setattr(follow, "sleep", later)
    result = run("check", "--follow", url, "--json")
    found = [json.loads(line) for line in result.out.splitlines()]
    assert "PUB-1" in {one["rule"] for one in found}
    assert all(one.keys() >= {"at", "what", "kind", "rule"} for one in found)


def test_the_command_ends_after_its_time_without_a_finding(
    run: Command, url: str, storage: MemoryStorage, client: Client
) -> None:
    begin(storage, client)
    go_on(storage, 1, 10)
    result = run("check", "--follow", url, "--for", "1s", "--metrics", "127.0.0.1:0")
    assert (result.code, result.out) == (0, "")
    assert "none is broken" in result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--follow", "nix"), "--follow: it must be the URL of a server"),
        (("--follow", "http://127.0.0.1:1"), "nothing listens there"),
        (
            ("--follow", "URL", "h.jsonl"),
            "--follow: it takes no history, no --rules and",
        ),
        (
            ("--follow", "URL", "--rules"),
            "--follow: it takes no history, no --rules and",
        ),
        (("--follow", "URL", "--for", "soon"), "--for: "),
        (("--follow", "URL", "--metrics", "9100"), "--metrics: it must be HOST:PORT"),
        (("--follow", "URL", "--metrics", "256.0.0.1:1"), "--metrics: 256.0.0.1:1: "),
        (("h.jsonl", "--for", "1s"), "--metrics, --for: they need --follow"),
        ((), "HISTORY: it is missing: give a file, or --follow URL"),
    ],
)
def test_the_command_names_what_is_wrong(
    run: Command, url: str, words: tuple[str, ...], problem: str
) -> None:
    given = [url if word == "URL" else word for word in words]
    assert problem in fault(run("check", *given))


# --- metrics


def test_the_metrics_are_served_and_documented() -> None:
    metrics = FollowMetrics()
    port = metrics.serve("127.0.0.1", 0)
    metrics.broken("PUB-1")
    metrics.judged(NOW, 7, 5, 3, 0.25)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    assert 'gnomon_check_violations_total{rule="PUB-1"} 1.0' in lines
    violations = [line for line in lines if line.startswith("gnomon_check_violations_total{")]
    assert len(violations) == len(RULES)
    assert "gnomon_check_connected 1.0" in lines and "gnomon_check_events 7.0" in lines
    metrics.lost_connection()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    page = (ROOT / "docs" / "monitor.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `gnomon_")]
    assert {row.split("`")[1].partition("{")[0] for row in rows} == names
