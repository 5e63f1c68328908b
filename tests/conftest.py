"""Fixtures of all tests, and the profiles of Hypothesis: quick (tox), ci and deep."""

import gc
import os

from hypothesis import HealthCheck, settings

from tests.support.command import recording, run

__all__ = ["recording", "run"]  # fixtures

settings.register_profile(
    "quick",
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("quick"), max_examples=400, derandomize=False)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: some tests mostly wait, for servers and for leases."""
    return (os.cpu_count() or 1) + 1


def pytest_collection() -> None:
    """Collect tests without collecting garbage: nearly all that is made meanwhile stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep what was collected out of the garbage collector's way: it stays until the end."""
    gc.collect()
    gc.freeze()
    gc.enable()
