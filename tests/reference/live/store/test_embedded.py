"""The embedded store: it keeps its data, has one owner, and is gone when its owner is."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import redis

from gnomon.reference.live.store.address import Address, read_address
from gnomon.reference.live.store.embedded import store as embedded
from gnomon.reference.live.store.embedded.folder import default_folder, unusable
from gnomon.reference.live.store.embedded.store import (
    EmbeddedStore,
    embedded_store,
    find_server,
)
from gnomon.reference.live.store.embedded.tether import end, start_tethered
from gnomon.reference.live.store.errors import StoreUnusable, check_server
from gnomon.reference.schedule.clock import MILLISECOND, SECOND
from tests.support.paths import PACKAGE
from tests.support.servers import PATIENCE_S, answers, wait_until


def client_of(store: EmbeddedStore) -> redis.Redis:
    return store.address.connect(SECOND)


# --- while it runs


def test_it_runs_as_a_store_has_to(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store, client_of(store) as client:
        client.set("a", "b")
        assert check_server(client, "durable").warnings == ()
        settings: Any = client.config_get("*")
        assert settings["appendfsync"] == "always"
        assert settings["port"] == "0"
        assert settings["save"] == ""
    assert store.process.returncode == 0


def test_others_reach_it_by_its_url(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store, client_of(store) as ours:
        ours.set("a", "b")
        with read_address(str(store.address)).connect(SECOND) as theirs:
            assert theirs.get("a") == b"b"


def test_nobody_else_can_look_into_it(tmp_path: Path) -> None:
    data = tmp_path / "not" / "there" / "yet"
    with embedded_store(data) as store, client_of(store) as client:
        client.set("a", "b")
        folder = data / "store"
        assert mode(folder) == 0o700
        assert mode(socket_of(store)) == 0o700
        files = {"appendonlydir", "owner.lock", "server.lock", "server.log"}
        assert {file.name for file in folder.iterdir()} - {"store.sock"} == files


def socket_of(store: EmbeddedStore) -> Path:
    return Path(str(store.address).removeprefix("unix://").partition("?")[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o777)
    with embedded_store(tmp_path):
        assert mode(folder) == 0o700


@pytest.mark.parametrize("name", ["with space", "q'u\"o\\te", "€ ünï", "%41?db=1#x", "$(false)"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    with embedded_store(tmp_path / name) as store:
        assert answers(read_address(str(store.address)).connect(SECOND))


@pytest.mark.parametrize("name", ["x" * 200, "two\nlines", os.fsdecode(b"\xff")])
def test_a_folder_that_is_no_place_for_a_socket(tmp_path: Path, name: str) -> None:
    for value in (b"1", b"2"):
        with embedded_store(tmp_path / name) as store:
            path = socket_of(store)
            assert len(os.fsencode(path)) < 100
            assert mode(path.parent) == 0o700
            with client_of(store) as client:
                assert client.incr("starts") == int(value)
        assert not path.parent.exists()


# --- its data


def test_its_data_stays(tmp_path: Path) -> None:
    for value in range(1, 4):
        with embedded_store(tmp_path) as store, client_of(store) as client:
            assert client.incr("starts") == value


def test_what_was_answered_survives_a_killed_server(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store:
        with client_of(store) as client:
            for number in range(1_000):
                client.set(f"key-{number}", number)
        store.process.kill()
    with embedded_store(tmp_path) as store, client_of(store) as client:
        assert client.dbsize() == 1_000


# --- its server ends by itself


def is_another(store: EmbeddedStore, before: subprocess.Popen[bytes]) -> bool:
    return store.process is not before


def test_a_server_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    with embedded_store(tmp_path, give_up=pytest.fail) as store, client_of(store) as client:
        for value in range(1, 4):
            assert client.incr("starts") == value
            before = store.process
            before.kill()
            wait_until(partial(is_another, store, before))
            wait_until(lambda: answers(client))
    assert store.process.returncode == 0


def test_a_server_that_cannot_be_started_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "MOST_FAILURES", 2)
    given_up = Event()
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\necho out of order\n")
    broken.chmod(0o700)

    def break_it() -> None:
        with embedded_store(tmp_path, give_up=given_up.set) as store:
            store._program = broken
            store.process.kill()
            assert given_up.wait(PATIENCE_S)

    with pytest.raises(StoreUnusable, match=r"cannot be started again.*it says: out of order"):
        break_it()


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MOST_FAILURES", 2)
    is_full, tried = Event(), []

    def require_space(folder: Path) -> None:
        tried.append(folder)
        if is_full.is_set():
            raise unusable(folder, OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(embedded, "require_space", require_space)
    with embedded_store(tmp_path, give_up=pytest.fail) as store, client_of(store) as client:
        is_full.set()
        store.process.kill()
        wait_until(lambda: len(tried) > 5)
        is_full.clear()
        wait_until(lambda: answers(client))


def test_nothing_is_started_again_once_it_is_closed(tmp_path: Path) -> None:
    with embedded_store(tmp_path, give_up=pytest.fail) as store:
        store.process.kill()
    wait_until(lambda: not runs(store.process.pid))
    assert store.process.poll() is not None


# --- one owner

OWNER = """
import sys
from pathlib import Path
from gnomon.reference.live.store.embedded.store import embedded_store
with embedded_store(Path(sys.argv[1])) as store:
    print(store.process.pid, store.address, flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner(data: Path) -> Iterator[tuple[subprocess.Popen[str], int, Address]]:
    """A process that owns a store: itself, its server's number, and where that answers."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
    ) as process:
        try:
            assert process.stdout is not None
            server, url = process.stdout.readline().split()
            yield process, int(server), read_address(url)
        finally:
            process.kill()


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, _, address):
        with pytest.raises(StoreUnusable) as caught, embedded_store(tmp_path):
            pass
        assert f"in use by process {process.pid}" in caught.value.problem
        assert "--data" in caught.value.advice
        url = re.search(r"--redis (unix://\S+),", caught.value.advice)
        assert url and answers(read_address(url[1]).connect(SECOND))
        assert answers(address.connect(SECOND))  # and the first was not disturbed


def test_the_same_process_is_no_second_owner_either(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store:
        with pytest.raises(StoreUnusable, match=f"process {os.getpid()}"), embedded_store(tmp_path):
            pass
        assert answers(client_of(store))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_server_is_gone_when_its_owner_is(tmp_path: Path, number: signal.Signals) -> None:
    with owner(tmp_path) as (process, server, address):
        with address.connect(SECOND) as client:
            client.set("said", "before")
        process.send_signal(number)
        process.wait()
        wait_until(lambda: not runs(server))
    with embedded_store(tmp_path) as store, client_of(store) as client:
        assert client.get("said") == b"before"


def test_the_next_owner_waits_for_the_last_ones_server(tmp_path: Path) -> None:
    for number in range(1, 4):  # each takes over while the server before it is ending
        with owner(tmp_path) as (process, _, address), address.connect(SECOND) as client:
            assert client.incr("owners") == number
            process.kill()


def test_a_server_that_was_left_behind_is_ended(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, server, address):
        with address.connect(SECOND) as client:
            client.set("said", "before")
        os.kill(shadow_of(server), signal.SIGKILL)
        process.kill()
        process.wait()
        time.sleep(0.2)
        assert runs(server)
    with embedded_store(tmp_path) as store, client_of(store) as client:
        assert not runs(server)
        assert client.get("said") == b"before"


def test_a_server_that_was_left_behind_and_does_not_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PATIENCE", SECOND // 2)
    with owner(tmp_path) as (process, server, _):
        os.kill(server, signal.SIGSTOP)
        process.kill()
        process.wait()
        try:
            with pytest.raises(StoreUnusable, match=str(server)), embedded_store(tmp_path):
                pass
        finally:
            os.kill(server, signal.SIGCONT)
        wait_until(lambda: not runs(server))


def runs(process: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    return process in {number for number, _, state in processes() if state[0] != "Z"}


def shadow_of(server: int) -> int:
    (shadow,) = (number for number, group, _ in processes() if group == server and number != server)
    return shadow


def processes() -> Iterator[tuple[int, int, str]]:
    """All processes: number, group, state."""
    command = ["/bin/ps", "-eo", "pid=,pgid=,stat="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        number, group, state = line.split()
        yield int(number), int(group), state


# --- what can go wrong


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for data in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreUnusable, match="cannot be used") as caught, embedded_store(data):
            pass
        assert "--data" in caught.value.advice


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnusable, match="cannot be used"), embedded_store(tmp_path / "x"):
        pass


def test_locks_that_cannot_be_opened(tmp_path: Path) -> None:
    for name in ("owner.lock", "server.lock", "server.log"):
        (tmp_path / name / "store" / name).mkdir(parents=True)
        with pytest.raises(StoreUnusable, match=name), embedded_store(tmp_path / name):
            pass


def test_data_that_cannot_be_read_is_told_in_the_servers_words(tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store, client_of(store) as client:
        client.set("a", "b")
    (file,) = (tmp_path / "store" / "appendonlydir").glob("*.incr.aof")
    file.write_text("no such thing as an append-only file\n" * 3)
    with pytest.raises(StoreUnusable) as caught, embedded_store(tmp_path):
        pass
    log = tmp_path / "store" / "server.log"
    assert log.read_text().splitlines()[-1] in caught.value.problem
    assert str(log) in caught.value.advice


def test_a_program_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    program.write_bytes(b"\x7fELF, of another platform")
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "_bundled", lambda: iter([program]))
    with (
        pytest.raises(StoreUnusable, match=r"does not start; it says: ."),
        embedded_store(tmp_path),
    ):
        pass


def test_a_server_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\necho thinking\nexec sleep 60\n")
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "_bundled", lambda: iter([program]))
    monkeypatch.setattr(embedded, "PATIENCE", SECOND // 5)
    with pytest.raises(StoreUnusable, match="it says: thinking"), embedded_store(tmp_path):
        pass


def test_a_server_that_reads_its_data_for_long_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = 10_000
    with embedded_store(tmp_path) as store, client_of(store) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(keys):
            pipeline.set(f"key-{number}", "x" * 100)
        pipeline.execute()
    program = tmp_path / "valkey-server"
    slowly = "--key-load-delay 50 --loading-process-events-interval-bytes 1024"
    program.write_text(f'#!/bin/sh\nexec {find_server()} "$@" {slowly}\n')
    program.chmod(0o700)
    monkeypatch.setattr(embedded, "_bundled", lambda: iter([program]))
    patience = 400 * MILLISECOND
    monkeypatch.setattr(embedded, "PATIENCE", patience)
    began = time.monotonic_ns()
    with embedded_store(tmp_path) as store, client_of(store) as client:
        assert (time.monotonic_ns() - began) // 1_000 > 2 * patience
        assert client.dbsize() == keys


def test_no_server_for_this_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded, "_bundled", lambda: iter([]))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnusable, match="--redis"):
        find_server()
    installed = tmp_path / "redis-server"
    installed.touch(mode=0o700)
    assert find_server() == installed


# --- where, and tethers


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    at_home = tmp_path / ".local" / "state" / "gnomon"
    assert default_folder({}) == at_home
    assert default_folder({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/gnomon")
    assert default_folder({"XDG_STATE_HOME": "relative/is/ignored"}) == at_home
    assert default_folder({"XDG_STATE_HOME": ""}) == at_home


def test_a_tethered_program_that_ends_by_itself(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start_tethered(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], log)
    assert process.wait() == 3
    end(process)
    assert sorted(log.read_text().split()) == ["err", "out"]


def test_a_tethered_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start_tethered(["/bin/sh", "-c", "trap '' TERM; echo up; sleep 60 & wait"], log)
    wait_until(lambda: "up" in log.read_text())
    end(process, patience=SECOND // 5)
    assert process.returncode == -signal.SIGKILL
