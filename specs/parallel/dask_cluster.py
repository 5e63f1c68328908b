"""A pool of the workers of a Dask cluster.

The one idea: a lost worker costs time and nothing else. A call depends on its arguments alone, so
that another worker computes it again with the same result. A worker whose program differs from the
one here would change a result, and is refused.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from logging import CRITICAL, getLogger
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Generic, TypeVar
from uuid import uuid4

import msgspec

from gnomon.specs.parallel.identity import Identity, differences, identity
from gnomon.specs.parallel.pool import Handle, Pool, PoolLost, call_in_words
from gnomon.specs.parallel.processes import seldom_collecting
from gnomon.specs.render.strings import counted

T = TypeVar("T")
Note = Callable[[str], None]
"""Prints a line about the cluster while calls are computed."""

BATCH = 100
"""Short computations of a call: some seconds of them, since one scheduler serves all workers."""
CONNECT_LIMIT = 10
"""Seconds until the scheduler must answer."""
EMPTY_LIMIT = 600
"""Seconds for which a cluster may have no worker: new machines take minutes to start."""
LOOK_EVERY = 2.0
"""Seconds between two looks at the workers."""
MOST_LOSSES = 5
"""How often a call is submitted; each time Dask gives it up only after several workers died."""
LAST_PORT = 65_535

_ADDRESS = re.compile(r"(?:[a-z]+://)?[^\s/]+:(?P<port>[0-9]{1,5})")
_ONE_AT_A_TIME = Lock()
"""In a worker with several threads: a trial is not made for them, nor faster in them."""


class NoCluster(Exception):
    """There is no cluster to compute on; the message names the cause and the way out."""


class DifferentProgram(Exception):
    """A worker runs another program than the one here; the message names the differences."""


@contextmanager
def dask_cluster(address: str, note: Note) -> Iterator[Pool]:
    """The workers of the scheduler at an address, or in a scheduler file. Raises NoCluster.

    TLS and its certificates are taken from Dask's own configuration.
    """
    if find_spec("distributed") is None:
        raise NoCluster("Dask is not installed; install it with: pip install 'gnomon[dask]'")
    client = _connected(address)
    try:
        cluster = _Cluster(client, note)
        cluster.compare_programs()
        note(f"Dask cluster at {address}: {counted(cluster.workers, 'worker')}")
        yield cluster
    finally:
        with suppress(Exception):  # nothing is left to do for a scheduler that is lost
            client.close()


def _connected(given: str) -> Any:  # Any: Dask is an extra, whose types need not be there
    """A client of a scheduler that answers. Raises NoCluster."""
    from distributed import Client  # noqa: PLC0415

    address = _address(given)
    try:
        # A client of something else would wait without end.
        kind = asyncio.run(asyncio.wait_for(_kind_of(address), CONNECT_LIMIT))
    except TimeoutError:
        problem = f"nothing that is Dask's has answered within {CONNECT_LIMIT} s"
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        problem = (str(error) or type(error).__name__).splitlines()[0]
    else:
        if kind == "Scheduler":
            getLogger("distributed.client").setLevel(CRITICAL)  # a lost scheduler is reported here
            return Client(address, timeout=CONNECT_LIMIT, set_as_default=False)
        problem = f"it is the address of a {kind.lower()}"
    raise NoCluster(f"no Dask scheduler answers at {address}: {problem}")


async def _kind_of(address: str) -> str:
    """What Dask runs at an address, as in Scheduler. Raises what Dask raises."""
    from distributed import Security, rpc  # noqa: PLC0415

    host, _, port = address.rpartition("://")[2].rpartition(":")
    _, writer = await asyncio.open_connection(host.strip("[]"), int(port))  # Dask tries for 10 s
    writer.close()
    keys = Security().get_connection_args("client")
    async with rpc(address, connection_args=keys) as server:
        return str((await server.identity())["type"])


def _address(given: str) -> str:
    """The address of a scheduler, which may be in its file. Raises NoCluster."""
    address = given
    if Path(given).is_file():
        try:
            file = msgspec.json.decode(Path(given).read_bytes(), type=_SchedulerFile)
        except (OSError, msgspec.DecodeError) as error:
            raise NoCluster(f"{given} is no scheduler file: {error}") from None
        address = file.address
    parts = _ADDRESS.fullmatch(address)
    if parts is None or int(parts["port"]) > LAST_PORT:
        raise NoCluster(
            "it must be an address, as in tcp://10.0.0.1:8786, or the file that "
            f"dask scheduler --scheduler-file writes; given was {given!r}"
        )
    return address


class _SchedulerFile(msgspec.Struct):
    """The part of a scheduler file that is needed."""

    address: str


class _Cluster:
    """The workers of a cluster, and the calls that they compute."""

    batch = BATCH

    def __init__(
        self,
        client: Any,  # Any: Dask is an extra, whose types need not be there
        note: Note,
    ) -> None:
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415

        self._client, self._note = client, note
        self.losses = KilledWorker, CancelledError
        self._workers = frozenset(client.nthreads())
        self._looked = self._had_workers = monotonic()

    @property
    def workers(self) -> int:
        """The number of workers when they were last looked at."""
        return len(self._workers)

    @property
    def width(self) -> int:
        """One call for each worker, since a process computes one at a time.

        An empty cluster gets a call, too: some clusters start workers when there is work.
        """
        return max(self.workers, 1)

    def submit(
        self,
        function: Callable[..., T],
        *arguments: Any,  # Any: those of the function
    ) -> Handle[T]:
        """Start a call on any worker. Raises PoolLost."""
        return _Call(self, function, arguments)

    def compare_programs(self) -> None:
        """Raise NoCluster if a worker runs another program than this machine."""
        for worker, answer in sorted(self._client.run(identity, on_error="return").items()):
            if problem := _problem(answer):
                raise NoCluster(f"worker {worker}: {problem}")

    def start(
        self,
        function: Callable[..., Any],  # Any: whatever is computed
        arguments: tuple[Any, ...],
    ) -> Any:
        """Dask's future of a call, when the scheduler answers. Raises PoolLost."""
        key = f"{function.__name__}-{uuid4()}"  # Dask's own pages list it
        call = _compute, identity(), function, arguments
        while True:
            while self._client.status == "connecting":  # Dask gives up after CONNECT_LIMIT
                sleep(LOOK_EVERY / 10)
            if self._client.status != "running":
                raise PoolLost(f"the Dask scheduler has not answered for {CONNECT_LIMIT} s")
            try:
                return self._client.submit(*call, key=key, pure=False)
            except Exception:  # of a type of Dask's own, if the connection was lost since
                if self._client.status == "running":
                    raise

    def wait(self, future: Any) -> Any:  # Any: Dask's future, and whatever is computed
        """The result of a call, or what it raised. Raises PoolLost."""
        while True:
            self._look()
            try:
                return future.result(timeout=LOOK_EVERY)
            except TimeoutError:
                if future.status == "error":  # it ended meanwhile, or with an error of this type
                    raise future.exception() from None
            except DifferentProgram as error:
                raise PoolLost(str(error)) from None

    def _look(self) -> None:
        """Note lost and new workers, now and then. Raises PoolLost after long without any."""
        now = monotonic()
        if now < self._looked + LOOK_EVERY:
            return
        self._looked = now
        with suppress(OSError):  # the connection is lost; the future reports it
            before, self._workers = self._workers, frozenset(self._client.nthreads())
            lost, joined = len(before - self._workers), len(self._workers - before)
            if lost or joined:
                now_there = counted(self.workers, "worker")
                self._note(f"Dask workers: {lost} lost, {joined} joined; now {now_there}")
        if self._workers:
            self._had_workers = now
        elif now > self._had_workers + EMPTY_LIMIT:
            raise PoolLost(f"the Dask cluster has had no worker for {EMPTY_LIMIT} s")


class _Call(Generic[T]):
    """A call; it is submitted again when the workers that computed it are lost."""

    def __init__(
        self,
        cluster: _Cluster,
        function: Callable[..., T],
        arguments: tuple[Any, ...],  # Any: those of the function
    ) -> None:
        self._cluster, self._function, self._arguments = cluster, function, arguments
        self._future = cluster.start(function, arguments)

    def result(self) -> T:
        for submissions in range(1, MOST_LOSSES + 1):
            try:
                found: T = self._cluster.wait(self._future)
                return found
            except self._cluster.losses:
                if submissions < MOST_LOSSES:
                    self._future = self._cluster.start(self._function, self._arguments)
        call = call_in_words(self._function, self._arguments)
        raise PoolLost(f"each worker that was given {call} ended, perhaps for lack of memory")

    def cancel(self) -> None:
        with suppress(Exception):  # a scheduler that is lost has dropped all calls
            self._future.cancel()


def _compute(
    expected: Identity,
    function: Callable[..., T],
    arguments: tuple[Any, ...],  # Any: those of the function
) -> T:
    """Compute a call in a worker. Raises DifferentProgram."""
    if found := differences(expected, identity()):
        raise DifferentProgram(f"a worker that joined: {_advice(found)}")
    with _ONE_AT_A_TIME, seldom_collecting():
        return function(*arguments)


def _problem(answer: Identity | Exception) -> str | None:
    """Why a worker whose identity is `answer` cannot be used; None if it can."""
    if isinstance(answer, Exception):  # Dask gives only the text of what was raised
        if "ModuleNotFoundError" in str(answer):
            return f"gnomon cannot be imported there; install the same as here ({answer})"
        return str(answer)
    found = differences(identity(), answer)
    return _advice(found) if found else None


def _advice(found: list[str]) -> str:
    return f"{'; '.join(found)}; install the same on all machines"
