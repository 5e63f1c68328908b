"""Whatever anybody writes into the store, nobody falls over it (DLV-6)."""

from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from gnomon.reference import events
from gnomon.reference.cluster.leader import LeaderRole
from gnomon.reference.live.store import decode
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.decode import Unreadable
from gnomon.reference.live.store.redis import ClassicRedisStore, RedisStore
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import JobRuns, RecordEvents, RunsOf
from gnomon.reference.store.operations import (
    Assignment,
    Campaign,
    Claim,
    Entry,
    Execute,
    JobList,
    Jobs,
    Join,
    Outcomes,
    Publish,
    PutJob,
    Reply,
    SetAside,
    first_turn,
)
from tests.support.servers import RealServer
from tests.support.strategies import a_cron, a_job

TURN = first_turn(1)
PROGRESS = [
    "revision", "active", "cursor", "published", "accounted", "grace", "repeats", "ends", "id",
]  # fmt: skip
HASHES = ["progress", "carried", "shown"]
PIECES = ["definition", "size", "name", "job_type", "start", *HASHES, *PROGRESS]
junk = st.binary(max_size=40) | st.sampled_from(
    [b"", b"{", b'{"id":1}', b"null", b"\xff\xfe", b"\n", b"1\n2", b"[" * 10_000]
)


@pytest.fixture(scope="module")
def client(real_server: RealServer) -> redis.Redis:
    return real_server.client()


def begin(store: RedisStore) -> None:
    """A leader with one worker that waits, and two jobs."""
    store.call("s1", [Campaign(100 * SECOND), Claim(1, TURN)])
    store.call("operator", [PutJob("good", a_job("g")), PutJob("bad", a_job("b"))])


def tamper(client: redis.Redis, piece: str, value: bytes | None) -> None:
    """Set a piece of the job "bad" to something else, or delete it."""
    key, field = "{gnomon}:job:bad", piece
    if piece in HASHES:
        key, field = f"{{gnomon}}:{piece}", "bad"
    elif piece in PROGRESS:
        key, field = "{gnomon}:progress", "bad"
        progress = client.hget(key, field)
        assert isinstance(progress, bytes)
        pieces = progress.split(b",")
        pieces[PROGRESS.index(piece)] = value or b""
        value = b",".join(pieces)
    if value is None:
        client.hdel(key, field)
    else:
        client.hset(key, field, value)


def run_once(store: RedisStore, job: str, turn: int) -> Reply:
    """What the worker of s1 is given when a job is executed that others know nothing wrong of."""
    store.call("operator", [Execute(job, 1, "K1")])
    answer = store.call("s1", [Claim(1, TURN + turn)])
    (_, _, reply) = (answer.inbox or answer.deliveries)[0]
    return reply


@given(
    entry=st.binary(max_size=60) | st.sampled_from([b"K1", b"", b"m"]),
    value=junk,
    read=st.booleans(),
)
def test_a_strangers_message_is_put_aside(
    client: redis.Redis, entry: bytes, value: bytes, read: bool
) -> None:
    client.flushall()
    store = RedisStore(client)
    begin(store)
    client.xadd("{gnomon}:messages", {entry: value, b"m": value})
    if read:
        assert store.call("s1", [Claim(1, TURN + 1)]).deliveries == []
    reply = run_once(store, "good", 1)
    assert isinstance(reply, Assignment)
    assert (reply.attempt, reply.message.job) == (1, "good")
    turn = Claim(1, TURN + 2, (reply.message.id, 1))
    assert store.call("s1", [turn]).deliveries == []
    assert client.xlen("{gnomon}:messages") == 0
    assert client.xlen("{gnomon}:dead") == 1


@given(value=junk)
def test_what_cannot_be_read_is_put_aside_for_good(client: redis.Redis, value: bytes) -> None:
    """In the place of a message: the worker says so, and is given the next."""
    client.flushall()
    store = RedisStore(client)
    begin(store)
    tamper(client, "carried", value)  # every message is made of that
    unreadable = run_once(store, "bad", 0)
    assert isinstance(unreadable, Unreadable)
    aside = SetAside(1, unreadable.message, unreadable.attempt, unreadable.why)
    store.call("operator", [Execute("good", 1, "K2")])
    answer = store.call("s1", [aside, Claim(1, TURN)])
    given_next = answer.deliveries[-1][2]
    assert isinstance(given_next, Assignment)
    assert given_next.message.cid == "K2"
    assert client.xlen("{gnomon}:dead") == 1


@given(field=st.sampled_from(PIECES), value=junk)
def test_a_job_of_any_bytes_leaves_the_others_alone(
    client: redis.Redis, field: str, value: bytes
) -> None:
    client.flushall()
    store = RedisStore(client)
    begin(store)
    tamper(client, field, value)
    listed = store.call("s1", [Jobs()]).deliveries[0][2]
    assert isinstance(listed, JobList)
    assert "good" in [job.id for job in listed.jobs]
    reply = run_once(store, "good", 0)
    assert isinstance(reply, Assignment)


@given(field=st.sampled_from(PIECES), value=st.none() | junk)
def test_a_job_of_any_bytes_holds_up_no_publish(
    client: redis.Redis, field: str, value: bytes | None
) -> None:
    """A piece of it is something else, or is gone; the leader still publishes the other."""
    client.flushall()
    store = RedisStore(client)
    begin(store)
    listed = store.call("s1", [Jobs()]).deliveries[0][2]
    assert isinstance(listed, JobList)
    tamper(client, field, value)
    assert isinstance(store.call("s1", [Jobs()]).deliveries[0][2], JobList)
    now = store.call("s1", []).now
    entries = tuple(
        Entry(job.id, 1, job.cursor or 0, now, True, f"K{number}")
        for number, job in enumerate(reversed(listed.jobs))
    )
    answer = store.call("s1", [Publish(1, entries, now + 10 * SECOND)])
    outcomes = answer.deliveries[0][2]
    assert isinstance(outcomes, Outcomes)
    assert entries[1].job == "good"
    assert not outcomes.refusals or outcomes.refusals[1] is None


@given(value=junk)
def test_an_inbox_of_any_bytes_is_passed_over(client: redis.Redis, value: bytes) -> None:
    client.flushall()
    store = RedisStore(client)
    begin(store)
    client.rpush("{gnomon}:inbox:s1", value)
    reply = run_once(store, "good", 0)
    assert isinstance(reply, Assignment)


@given(value=junk, name=st.sampled_from([b"e", b"x"]))
def test_a_history_of_any_bytes_is_read_past(
    client: redis.Redis, value: bytes, name: bytes
) -> None:
    """And goes on behind whatever a stranger has appended."""
    client.flushall()
    store = RedisStore(client)
    begin(store)
    storage = RedisStorage(Connection(lambda: RedisStore(client)))
    before = len(storage.history())
    client.xadd("{gnomon}:history", {name: value})
    store.call("operator", [Execute("good", 1, "K1")])
    kinds = [type(told.event).__name__ for told in storage.history()]
    assert kinds[before:] == ["Published", "Claimed"]


@given(value=junk, is_earlier=st.booleans())
def test_a_run_of_any_bytes_is_left_out(
    client: redis.Redis, value: bytes, is_earlier: bool
) -> None:
    """Its message is run all the same, and the other runs of the job can be read."""
    client.flushall()
    store = RedisStore(client)
    begin(store)
    if is_earlier:
        client.hset("{gnomon}:runs", "1", value)
        client.lpush("{gnomon}:runs:good", value, "1")
    reply = run_once(store, "good", 0)
    assert isinstance(reply, Assignment)
    client.hset("{gnomon}:runs", str(reply.message.id), value)
    started = events.Started(0, reply.message.id, "s1", 1, 1)
    store.call("s1", [RecordEvents(1, (started,))])
    store.call("operator", [Execute("good", 1, "K2")])
    runs = store.call("operator", [RunsOf("good")]).deliveries[0][2]
    assert isinstance(runs, JobRuns)
    assert [run.cid for run in runs.runs] == ["K2"]


@given(value=junk)
def test_the_same_in_the_classic_profile(client: redis.Redis, value: bytes) -> None:
    client.flushall()
    store = ClassicRedisStore(client)
    store.call("s1", [Campaign(100 * SECOND)])
    store.call("operator", [PutJob("good", a_job("g")), Execute("good", 1, "K1")])
    client.set("{gnomon}:message:1", value)
    reply = store.call("s1", [Claim(1, TURN)]).deliveries[0][2]
    assert isinstance(reply, Unreadable)


@pytest.mark.parametrize("store", [RedisStore, ClassicRedisStore])
def test_a_message_that_somebody_took_is_told_of(
    client: redis.Redis, store: type[RedisStore]
) -> None:
    """Its body is gone: it is dead-lettered, and the worker waits for the next."""
    client.flushall()
    asked: Any = store(client)
    asked.call("s1", [Campaign(100 * SECOND)])
    asked.call("operator", [PutJob("good", a_job("g")), Execute("good", 1, "K1")])
    if store is ClassicRedisStore:
        client.rename("{gnomon}:message:1", "mine")
        assert asked.call("s1", [Claim(1, TURN)]).deliveries == []
    else:
        asked.call("s1", [Claim(1, TURN)])
        asked.call("s2", [Campaign(SECOND)])
        client.xdel("{gnomon}:messages", "1-0")
        client.zadd("{gnomon}:alive", {"s1": 1})  # its heartbeat has lapsed
        asked.call("s2", [Claim(1, TURN), Campaign(SECOND)])
    told = RedisStorage(Connection(lambda: store(client))).history()
    assert "DeadLettered" in [type(one.event).__name__ for one in told]


def test_a_reclaimed_message_that_somebody_acknowledged_is_run(client: redis.Redis) -> None:
    """Its body is still there, so it is not dead-lettered."""
    client.flushall()
    store = RedisStore(client)
    store.call("s1", [Campaign(100 * SECOND), Join(1, 100 * SECOND)])
    store.call("operator", [PutJob("good", a_job("g")), Execute("good", 1, "K1")])
    store.call("s1", [Claim(1, TURN), Join(2, 100 * SECOND)])
    client.xack("{gnomon}:messages", "workers", "1-0")
    reply = store.call("s1", [Claim(1, first_turn(2))]).deliveries[0][2]
    assert isinstance(reply, Assignment) and (reply.message.id, reply.attempt) == (1, 2)
    (pending,) = client.xpending_range("{gnomon}:messages", "workers", "-", "+", 10)
    assert (pending["consumer"], pending["times_delivered"]) == (b"s1/1", 2)


def test_a_reply_without_its_carried_part_is_an_error_of_its_own() -> None:
    """What is carried is beside the reply, so that the reply can be read whatever it is."""
    reply = b'{"type":"Assignment","now":5,"attempt":2}'
    assert decode.read_reply(reply, b"17 garbage") == Unreadable(
        5, 17, 2, "it cannot be read: JSON is malformed: invalid character (byte 51)"
    )


@pytest.mark.parametrize(
    ("kind", "old", "new", "why"),
    [
        ("cron", '"timezone":"UTC"', '"timezone":"America/Newtown"', "timezone: 'America/Newtown'"),
        ("cron", '"cron_definition":"0 9 * * *"', '"cron_definition":"?"', "cron_definition: "),
        ("interval", '"seconds":1', '"seconds":0', "interval: it must be longer than 0"),
        ("interval", '"seconds":1', '"seconds":"x"', "it cannot be read as the store has it: "),
    ],
)
def test_a_job_that_cannot_be_scheduled_is_listed_with_the_reason(
    client: redis.Redis, kind: str, old: str, new: str, why: str
) -> None:
    """It is in the list, or at least its id; the leader names it, and publishes the others."""
    client.flushall()
    store = RedisStore(client)
    interval = a_job("s", job_type="interval_based", seconds=1)
    made = interval if kind == "interval" else a_cron("0 9 * * *")
    store.call("operator", [PutJob("good", a_job("g")), PutJob("bad", made)])
    definition = client.hget("{gnomon}:job:bad", "definition")
    assert isinstance(definition, bytes) and old.encode() in definition
    client.hset("{gnomon}:job:bad", "definition", definition.replace(old.encode(), new.encode()))
    leader = LeaderRole("s1", 10 * SECOND, lambda: "K1")
    (campaign,) = leader.heartbeat(0)
    led = store.call("s1", [campaign]).deliveries[0][2]
    load = leader.receive(led.now, campaign, led)
    assert isinstance(load, Jobs)
    listed = store.call("s1", [load]).deliveries[0][2]
    assert isinstance(listed, JobList)
    leader.receive(listed.now, load, listed)
    assert {*(job.id for job in listed.jobs), *dict(listed.unreadable)} == {"good", "bad"}
    assert list(leader.unschedulable) == ["bad"]
    assert leader.unschedulable["bad"].startswith(why)


@given(value=junk)
def test_a_job_whose_progress_cannot_be_read_is_listed_as_such(
    client: redis.Redis, value: bytes
) -> None:
    client.flushall()
    store = RedisStore(client)
    begin(store)
    tamper(client, "progress", value)
    listed = store.call("s1", [Jobs()]).deliveries[0][2]
    assert isinstance(listed, JobList)
    assert ([job.id for job in listed.jobs], listed.gone) == (["good"], ())
    ((id, why),) = listed.unreadable
    assert id == "bad"
    assert "revision" in why
