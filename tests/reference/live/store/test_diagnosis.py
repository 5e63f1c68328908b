"""A failure of the embedded store names its cause, and not its address."""

import os
from pathlib import Path

import pytest

from gnomon.reference.live.store.embedded.diagnosis import explain
from gnomon.reference.live.store.errors import failure

REFUSED = failure("unreachable", "Connection refused")


def test_a_server_that_is_down_is_started_again(tmp_path: Path) -> None:
    found = explain(REFUSED, tmp_path)
    assert found.kind == "unreachable"
    assert found.problem.startswith("the embedded store is down: ")
    assert found.advice == f"it is started again; its log is {tmp_path}/server.log"


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.statvfs_result((4_096, 4_096, 1_000, 255, 255, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    found = explain(REFUSED, tmp_path)
    assert found.kind == "full"
    assert found.problem == f"the embedded store is down: no space left on the disk of {tmp_path}"


def test_other_failures_stay_as_they_are(tmp_path: Path) -> None:
    slow = failure("timeout", "")
    assert explain(slow, tmp_path) is slow
    assert explain(REFUSED, tmp_path / "missing").kind == "unreachable"
