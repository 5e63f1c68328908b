"""``gnomon serve`` as a user runs it: a process, its log, and its API."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE_S = 60
"""A process takes seconds to start where others are working."""

NO_TLS = False
"""The `verify` of a request without TLS. By default, each request first reads all certificates of
the machine, in 20 ms of CPU, and a test that waits for a server asks for its health all the time.
"""


def gnomon(*words: str) -> list[str]:
    return [sys.executable, "-m", "gnomon", *words]


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """``gnomon serve`` in `folder`; whatever has not left by the end is ended."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(gnomon("serve", *words), cwd=folder, stderr=log)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_S)


def said(folder: Path) -> str:
    return (folder / "log").read_text("utf-8")


def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: PLW1510
        gnomon(*words), capture_output=True, text=True, cwd=cwd, timeout=PATIENCE_S
    )


def refused(*words: str) -> list[str]:
    """The faults of a command that cannot be carried out."""
    done = run(*words)
    assert done.returncode == 2, done
    assert done.stdout == "" and "Traceback" not in done.stderr
    return done.stderr.splitlines()


def ask(port: int, path: str, method: str = "GET", **sent: Any) -> Any:
    url = f"http://127.0.0.1:{port}{path}"
    return httpx.request(method, url, timeout=20, verify=NO_TLS, **sent)


def is_up(port: int) -> bool:
    try:
        return bool(ask(port, "/health").status_code == 200)
    except httpx.HTTPError:
        return False
