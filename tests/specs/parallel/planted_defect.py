"""Plants a defect in each worker that begins with it: ``dask worker --preload`` with this file."""

from contextlib import ExitStack

from gnomon.simulator.mutants import BY_NAME
from gnomon.simulator.mutants.patch import patched

DEFECT = "what has been published is published again"
_planted = ExitStack()


def dask_setup(worker: object) -> None:
    """Called by Dask when a worker starts."""
    _planted.enter_context(patched(BY_NAME[DEFECT]))
