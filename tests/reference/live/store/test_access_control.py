"""The permissions that README names for a store with access control: enough, and no more."""

import re
from pathlib import Path
from typing import Any

from gnomon.reference.live.api import job_service, message_service
from gnomon.reference.live.runtime.node import Signal
from gnomon.reference.live.store.connection import Connection
from gnomon.reference.live.store.errors import check_server
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.live.store.scripts import SERVER_TIME
from gnomon.reference.schedule.clock import SECOND, write_instant
from gnomon.reference.store.administration import AgreeSettings
from tests.reference.live.runtime.test_node import LEASE, opened, start
from tests.support.paths import PACKAGE, ROOT
from tests.support.servers import on_a_socket, wait_until

FROM_PYTHON = {
    *("evalsha", "script|load", "blpop", "hget", "info", "ping", "wait", "xlen", "xrange"),
    *("xrevrange", "hello", "select", "client|setname", "client|setinfo", "cluster|slots"),
}
"""The commands that clients send themselves; those of the scripts are found in their text."""
JOB = {
    "name": "each second",
    "job_type": "interval_based",
    "seconds": 1,
    "service": "demo.sleep",
    "extra": "1ms",
}


def rules_in_readme() -> list[str]:
    """The words of the command that README gives, after the password."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (command,) = re.findall(r"\nACL SETUSER gnomon on >password ((?:.|\n)*?)\n```", readme)
    return str(command).replace("\\\n", " ").split()


def called_in_scripts() -> set[str]:
    text = SERVER_TIME + "".join(
        file.read_text() for file in (PACKAGE / "reference/live/store/lua").glob("*.lua")
    )
    pairs = re.findall(r"call\('([A-Z]+)'(?:, '(CREATE|STREAM|GROUPS)')?", text)
    return {"|".join(filter(None, pair)).lower() for pair in pairs}


def test_readme_names_each_command_that_is_sent_and_no_other() -> None:
    keys, channels, none, *commands = rules_in_readme()
    assert (keys, channels, none) == ("~{gnomon}*", "&{gnomon}*", "-@all")
    assert all(command.startswith("+") for command in commands)
    named = [command.removeprefix("+") for command in commands]
    assert len(named) == len(set(named))
    assert set(named) == called_in_scripts() | FROM_PYTHON


def test_a_server_works_with_just_these_permissions(tmp_path: Path) -> None:
    """The store logs each refusal; it has logged none."""
    with on_a_socket(tmp_path) as server:
        admin: Any = server.client()
        admin.execute_command("ACL", "SETUSER", "gnomon", "on", ">secret", *rules_in_readme())
        url = server.url.replace("unix://", "unix://gnomon:secret@")
        open = opened(url)
        connection = Connection(open)
        assert connection.use(lambda store: check_server(store.client, "durable")).version
        connection.call("s1", [AgreeSettings("durable", LEASE, 3)])
        live = start(url, "s1", 2)
        storage = RedisStorage(connection)
        started = write_instant(connection.call("s1", []).now // SECOND * SECOND)
        job = job_service.create(storage, JOB | {"start_date": started})
        job_service.execute(storage, job.id)
        wait_until(lambda: len(storage.history(0, 100)) > 12)
        job_service.edit(storage, job.id, {"seconds": 30})
        job_service.set_active(storage, job.id, False)
        job_service.runs(storage, job.id, 5)
        message_service.messages(storage, "dead", 0)
        job_service.delete(storage, job.id, drop_messages=True)
        live.inputs.put(Signal.DRAIN)
        live.thread.join(20)
        assert not live.thread.is_alive()
        assert admin.execute_command("ACL", "LOG") == []
