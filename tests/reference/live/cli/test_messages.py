"""``gnomon messages``: list, show, drop and put back, against a real server of the API."""

import io
import sys

import pytest

from gnomon.reference.live.api import job_service, message_service
from gnomon.reference.schedule.clock import SECOND
from gnomon.reference.store.administration import AgreeSettings
from gnomon.reference.store.operations import Claim, Join, first_turn
from tests.support.command import Command
from tests.support.memory_storage import EVERY_MINUTE, MemoryStorage


@pytest.fixture
def dead(storage: MemoryStorage) -> MemoryStorage:
    """Message 1 is dead after its only attempt, and message 2 waits."""
    job_service.create(storage, EVERY_MINUTE | {"extra": "Good morning"})
    for _ in range(2):
        job_service.execute(storage, "1")
    storage.serve("s2", AgreeSettings("durable", SECOND, 1))
    storage.serve("s2", Join(1, 60 * SECOND))
    storage.serve("s2", Claim(1, first_turn(1)))
    storage.serve("s2", Join(2, 60 * SECOND))
    return storage


def test_messages_are_listed_and_shown(dead: MemoryStorage, run: Command) -> None:
    """API-14; the dead ones, if no state is given."""
    listed = run("messages", "list").out
    assert "report" in listed and "attempts: 1" in listed and "Good morning" not in listed
    (waiting,) = run("messages", "list", "--state", "waiting", "--json").json
    assert (waiting["id"], waiting["state"], waiting["attempts"]) == (2, "waiting", 0)
    assert run("messages", "list", "--state", "held").out == "no message is held\n"
    assert "'Good morning'" in run("messages", "show", "1").out
    assert run("messages", "show", "1", "--json").json["cause"] == "attempts"


def test_a_dead_message_is_put_back_once(dead: MemoryStorage, run: Command) -> None:
    assert run("messages", "put-back", "1").out == "put message 1 back; it waits for a worker\n"
    again = run("messages", "put-back", "1")
    assert (again.code, again.out) == (2, "") and "message 1 waits already" in again.err
    assert [each.id for each in message_service.messages(dead, "waiting", 0).messages] == [1, 2]


def test_a_message_is_dropped_after_a_confirmation(
    dead: MemoryStorage, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = run("messages", "drop", "2")
    assert refused.code == 2 and "there is no terminal to ask at" in refused.err
    terminal = io.StringIO("n\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert run("messages", "drop", "2").code == 1
    assert run("messages", "drop", "2", "--yes").out == "dropped message 2; it is never run\n"
    gone = run("messages", "drop", "2", "--yes")
    assert gone.code == 2 and "there is no message 2" in gone.err


def test_a_deleted_job_takes_its_waiting_messages_along(dead: MemoryStorage, run: Command) -> None:
    """If that is asked for; else the command says how many wait."""
    job_service.create(dead, EVERY_MINUTE | {"name": "other"})
    job_service.execute(dead, "2")
    kept = run("jobs", "delete", "2", "--yes").out
    assert kept.endswith("1 message that waited: still run; --drop-messages drops such\n")
    dropped = run("jobs", "delete", "1", "--yes", "--drop-messages").out
    assert dropped.endswith("1 message that waited: dropped\n")
    assert [each.id for each in message_service.messages(dead, "waiting", 0).messages] == [3]
