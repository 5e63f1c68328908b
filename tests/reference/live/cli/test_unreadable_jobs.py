"""Jobs whose definitions a server cannot read are listed with the reason, not left out."""

import io
import sys
from collections.abc import Iterator

import pytest
import redis

from gnomon.reference.live.api import job_service
from gnomon.reference.live.store.connection import Connection, report_nothing
from gnomon.reference.live.store.redis import RedisStore
from gnomon.reference.live.store.redis_storage import RedisStorage
from tests.support.command import Command, fault
from tests.support.memory_storage import EVERY_MINUTE, IN_WARSAW, served
from tests.support.servers import RealServer

TYPE = ('"job_type":"interval_based"', '"job_type":"solar"', "Invalid enum value 'solar'")
PLACE = " - at `$.definition.job_type`"
NUMBER = ('"minutes":1', '"minutes":"one"', "Expected `int`, got `str`")


@pytest.fixture
def client(real_server: RealServer) -> redis.Redis:
    client = real_server.client()
    client.flushall()
    return client


@pytest.fixture
def storage(client: redis.Redis) -> RedisStorage:
    return RedisStorage(Connection(lambda: RedisStore(client), report_nothing))


@pytest.fixture
def run(
    storage: RedisStorage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    with served(storage) as connection:
        monkeypatch.setenv("GNOMON_SERVER", f"http://127.0.0.1:{connection.port}")
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        yield Command(monkeypatch, capsys)


def alter(client: redis.Redis, job: str, before: str, after: str) -> None:
    key = f"{{gnomon}}:job:{job}"
    definition = client.hget(key, "definition")
    assert isinstance(definition, bytes) and before.encode() in definition, definition
    client.hset(key, "definition", definition.replace(before.encode(), after.encode()))


@pytest.mark.parametrize(("before", "after", "why"), [TYPE, NUMBER])
def test_it_is_listed_with_the_reason(
    run: Command, storage: RedisStorage, client: redis.Redis, before: str, after: str, why: str
) -> None:
    job_service.create(storage, EVERY_MINUTE)
    bad = job_service.create(storage, EVERY_MINUTE | {"name": "of a later version"})
    alter(client, bad.id, before, after)
    listed = run("jobs", "list")
    assert (listed.code, listed.err) == (0, "")
    _, good_line, bad_line = listed.out.splitlines()
    assert good_line.split()[:2] == ["1", "report"]
    assert bad_line.split()[:2] == ["2", "-"]
    assert f"it cannot be read as the store has it: {why}" in bad_line
    in_json = run("jobs", "list", "--json")
    assert [job["name"] for job in in_json.json] == ["report"]
    assert in_json.err.startswith(f"job 2: it cannot be read as the store has it: {why}")


def test_it_is_listed_where_it_is_the_only_job(
    run: Command, storage: RedisStorage, client: redis.Redis
) -> None:
    only = job_service.create(storage, EVERY_MINUTE)
    alter(client, only.id, *TYPE[:2])
    assert "it cannot be read" in run("jobs", "list").out
    shown = fault(run("jobs", "show", only.id))
    assert shown.endswith(f"job '1': it cannot be read as the store has it: {TYPE[2]}{PLACE}")


def test_a_time_zone_that_the_server_does_not_know_is_in_the_jobs_own_row(
    run: Command, storage: RedisStorage, client: redis.Redis
) -> None:
    abroad = job_service.create(storage, IN_WARSAW)
    alter(client, abroad.id, '"Europe/Warsaw"', '"America/Newtown"')
    _, line = run("jobs", "list").out.splitlines()
    assert line.split()[:3] == ["1", "weekly", "report"]
    assert "cannot be scheduled: timezone: 'America/Newtown'" in line
