"""The options that say where a long command computes: processes of this machine, or Dask.

The one idea: the result is the same wherever it is computed; the options change the time alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput

if TYPE_CHECKING:
    from gnomon.specs.parallel.pool import Pool

MOST_PROCESSES = 256

Processes = Annotated[
    int | None,
    typer.Option(
        "--processes", metavar="K", help="Number of processes.  [default: number of cores]"
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Address or scheduler file of a Dask cluster that computes, as tcp://host:8786; needs "
        "the extra dask.  [default: this machine]",
    ),
]


@contextmanager
def open_pool(processes: int | None, dask: str | None) -> Iterator["Pool"]:
    """The pool that the options name. Raises BadInput."""
    number = number_of_processes(processes, dask)
    if dask is None:
        from gnomon.specs.parallel.processes import processes_or_this  # noqa: PLC0415

        with processes_or_this(number) as pool:
            yield pool
        return
    with connected(dask) as pool:
        yield pool


def number_of_processes(processes: int | None, dask: str | None) -> int:
    """The number of processes on this machine; by default that of its cores. Raises BadInput."""
    if processes is None:
        from gnomon.specs.parallel.processes import usable_cores  # noqa: PLC0415

        return usable_cores()
    if dask is not None:
        problem = "the cluster has its own; give either --processes or --dask, not both"
        raise BadInput("--processes", [problem])
    if not 1 <= processes <= MOST_PROCESSES:
        problem = f"it must be a whole number from 1 to {MOST_PROCESSES}; given was {processes}"
        raise BadInput("--processes", [problem])
    return processes


@contextmanager
def connected(dask: str) -> Iterator["Pool"]:
    """The workers of a Dask cluster. Raises BadInput."""
    from gnomon.specs.parallel.dask_cluster import NoCluster, dask_cluster  # noqa: PLC0415

    try:
        with dask_cluster(dask, lambda line: console.print_notes([line])) as pool:
            yield pool
    except NoCluster as error:
        raise BadInput("--dask", [str(error)]) from None
