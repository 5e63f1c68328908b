"""A pool that computes each call in a process of its own, with other hashes of text.

The one idea: a result that depends on the order of a set shows as a difference between two
processes whose hashes differ. The workers of a Dask cluster all have one seed for the hashes, so a
second run in a worker would have the order of the first. There each call starts a new process.
"""

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from gnomon.specs.parallel.pool import Handle, Pool, PoolLost, call_in_words
from gnomon.specs.parallel.processes import seldom_collecting
from gnomon.specs.render.strings import LONGEST_LINE

T = TypeVar("T")

_MODULE = "gnomon.specs.parallel.other_hashes"


class ProcessFailed(PoolLost):
    """The process of a call has not returned a result.

    The message has the call, how the process ended, and the end of its output.
    """


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
    call = call_in_words(function, arguments)
    try:
        ended = subprocess.run(  # noqa: S603  # our own module
            [sys.executable, "-m", _MODULE],
            input=pickle.dumps((function, arguments)),
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONHASHSEED": "random", "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    except OSError as error:
        cause = f"the process of {call} could not be started: {error.strerror}"
        raise ProcessFailed(cause) from None
    if ended.returncode != 0:
        raise _failed(call, ended)
    try:
        result, raised = pickle.loads(ended.stdout)  # noqa: S301  # our own process has written it
    except Exception:  # of any type: pickle and what it reads raise their own
        raise _failed(call, ended) from None
    if raised is not None:
        raise raised
    found: T = result
    return found


def _failed(call: str, ended: "subprocess.CompletedProcess[bytes]") -> ProcessFailed:
    """The error for a process that has ended without a result."""
    words = f"the process of {call} ended with status {ended.returncode}"
    if ended.returncode < 0:  # killed by a signal
        words += ", perhaps for lack of memory"
    output = " ".join(ended.stderr.decode("utf-8", "replace").split())
    if len(output) > LONGEST_LINE:
        output = f"… {output[-LONGEST_LINE:]}"
    return ProcessFailed(f"{words}: {output}" if output else words)


def main() -> None:
    """Compute the call on standard input, and write its result or exception to standard output.

    What else is written to standard output, also by libraries in C, goes to standard error.
    """
    function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  # see in_new_process
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    result = error = None
    try:
        with seldom_collecting():
            result = function(*arguments)
    except Exception as raised:  # the caller raises it
        traceback.print_exc()  # for the case that it cannot be sent
        error = raised
    with output:
        output.write(pickle.dumps((result, error)))


if __name__ == "__main__":
    main()
