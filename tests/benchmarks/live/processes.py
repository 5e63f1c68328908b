"""Start and end the processes of a measurement.

The one idea: each process leads a session of its own. So it is killed with everything it started,
and a Ctrl-C reaches only the benchmark, which then ends the rest.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from tempfile import TemporaryFile
from typing import BinaryIO

from tests.benchmarks.live.comparison import CannotMeasure
from tests.support.paths import ROOT


class Started:
    """A running process and its output."""

    def __init__(self, process: subprocess.Popen[bytes], output: BinaryIO) -> None:
        self.process = process
        self.output = output

    def must_live(self) -> None:
        """Check that it is still running.

        Raises:
            CannotMeasure: it has ended; its last line may say why.
        """
        if (status := self.process.poll()) is not None:
            raise CannotMeasure(f"ended with status {status}: {self.last_line()}")

    def must_succeed(self, seconds: float) -> None:
        """Wait until it has ended with success.

        Raises:
            CannotMeasure: it failed, or took longer than that.
        """
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise CannotMeasure(f"not done within {seconds:g} s: {self.last_line()}") from None
        if status:
            self.must_live()

    def last_line(self) -> str:
        """The last line of its output."""
        self.output.seek(0)
        lines = self.output.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Started]:
    """Run ``python -m`` with `command` until the block ends."""
    with TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield Started(process, output)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def all_started(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> Iterator[list[Started]]:
    """Run each of the commands until the block ends."""
    with ExitStack() as stack:
        yield [stack.enter_context(started(command, environment)) for command in commands]


def calling(module: str, function: str, *arguments: object) -> list[str]:
    """The command that calls a function of a module of this package in its own process."""
    return [
        "tests.benchmarks.live.call",
        f"tests.benchmarks.live.{module}",
        function,
        *map(str, arguments),
    ]
