"""The log file: its lines, its rotation, and what SIGHUP does."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gnomon.reference.live.runtime.monitoring.log_file import LogFile
from tests.support.serving import refused


@pytest.fixture
def log() -> logging.Logger:
    """A logger that hands its records to nobody else."""
    logger = logging.Logger("alone")
    logger.propagate = False
    return logger


def test_lines_after_a_reopening_are_in_the_file_of_that_name(
    tmp_path: Path, log: logging.Logger
) -> None:
    path, rotated = tmp_path / "log", tmp_path / "log.1"
    file = LogFile(path)
    log.addHandler(file)
    log.warning("one")
    path.rename(rotated)
    log.warning("two")
    file.reopen()
    log.warning("three")
    assert rotated.read_text() == "one\ntwo\n"
    assert path.read_text() == "three\n"
    file.close()


def test_a_file_that_cannot_be_opened_again_is_kept(
    tmp_path: Path, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = LogFile(folder / "log")
    log.addHandler(file)
    folder.rename(tmp_path / "moved")
    file.reopen()
    log.warning("still there")
    assert (tmp_path / "moved" / "log").read_text() == "still there\n"
    (record,) = caplog.records
    assert "cannot be opened again" in record.getMessage()
    file.close()


PROGRAM = """
import logging, signal, sys, time
from pathlib import Path
from gnomon.reference.live.runtime.monitoring.log_file import LogFile, handle_hangup
file = LogFile(Path(sys.argv[1])) if len(sys.argv) > 1 else None
logging.basicConfig(level="INFO", handlers=[file or logging.StreamHandler()])
signal.signal(signal.SIGTERM, lambda *_: sys.exit("leaves"))
handle_hangup(file)
print("ready", flush=True)
while sys.stdin.readline():
    logging.info("a line")
    print("done", flush=True)
"""


def started(*words: str, stderr: int | None = None) -> subprocess.Popen[str]:
    """A process that logs a line for each line it reads; it was started with SIGHUP blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if stderr is None else stderr,
        text=True,
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def one_more_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def test_sighup_opens_the_file_again_and_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    process = started(str(path))
    one_more_line(process)
    path.rename(tmp_path / "log.1")
    process.send_signal(signal.SIGHUP)
    while not path.exists() or "opened again" not in path.read_text():
        assert process.poll() is None
    one_more_line(process)
    process.communicate("", timeout=10)
    assert process.returncode == 0
    assert "a line" in path.read_text()


def test_sighup_without_a_log_file_changes_nothing() -> None:
    process = started()
    process.send_signal(signal.SIGHUP)
    one_more_line(process)
    process.communicate("", timeout=10)
    assert process.returncode == 0


def test_a_server_leaves_with_the_terminal_that_it_logs_to() -> None:
    leader, follower = os.openpty()
    process = started(stderr=follower)
    process.send_signal(signal.SIGHUP)
    assert process.wait(10) == 1  # the exit status of the program above after SIGTERM
    process.communicate()
    os.close(follower)
    assert b"leaves" in os.read(leader, 1_000)
    os.close(leader)


def test_a_log_file_that_cannot_be_opened_is_bad_input(tmp_path: Path) -> None:
    faults = refused("serve", "--log-file", str(tmp_path / "none" / "log"), "--http", "none")
    assert len(faults) == 1 and "--log-file" in faults[0] and "No such file" in faults[0]
