"""A pool that computes each call in a process of its own, with other hashes of text.

The one idea: a result that depends on the order of a set shows as a difference between two
processes whose hashes differ. The workers of a Dask cluster all have one seed for the hashes, so a
second run in a worker would have the order of the first. There each call starts a new process.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from gnomon.specs.parallel.pool import Handle, Pool
from gnomon.specs.parallel.processes import seldom_collecting
from gnomon.specs.render.strings import shortened

T = TypeVar("T")

_MODULE = "gnomon.specs.parallel.other_hashes"


class ProcessFailed(RuntimeError):
    """The process of a call has not returned a result; the message has the end of its output."""


class OtherHashes:
    """The calls of another `pool`, each computed in a new process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @property
    def width(self) -> int:
        """The number of calls that can run at once, at least 1; it may change."""
        return self._pool.width

    @property
    def batch(self) -> int:
        """How many short computations one call should hold."""
        return self._pool.batch

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,  # Any: those of the function
    ) -> Handle[T]:
        """Start a call in a new process."""
        return self._pool.submit(in_new_process, function, *arguments)


def in_new_process(
    function: Callable[..., T],
    *arguments: Any,  # Any: those of the function
) -> T:
    """The result of a function of a module, computed in a new process.

    Raises what the function raised, and ProcessFailed. A worker of Dask may not start processes by
    multiprocessing, so this does without.
    """
    ended = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", _MODULE],
        input=pickle.dumps((function, arguments)),
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": "random", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if ended.returncode != 0:
        output = ended.stderr.decode("utf-8", "replace").strip()
        raise ProcessFailed(f"a process ended with status {ended.returncode}: {shortened(output)}")
    result, error = pickle.loads(ended.stdout)  # noqa: S301  # our own process has written it
    if error is not None:
        raise error
    found: T = result
    return found


def main() -> None:
    """Compute the call on standard input, and write its result or exception to standard output."""
    function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  # see in_new_process
    output, sys.stdout = sys.stdout, sys.stderr
    result = error = None
    try:
        with seldom_collecting():
            result = function(*arguments)
    except Exception as raised:  # the caller raises it
        error = raised
    output.buffer.write(pickle.dumps((result, error)))


if __name__ == "__main__":
    main()
