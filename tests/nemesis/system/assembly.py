"""Starts the store and the servers of a scenario.

The one idea: a trial names a scenario, and only this module knows what has to run for it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from msgspec.structs import replace

from tests.nemesis.scenarios import Name
from tests.nemesis.system.cluster import Process, Shape, cluster, supervised_cluster
from tests.nemesis.system.store_clock import StoreClock, can_set_clock
from tests.nemesis.system.stores import (
    Pair,
    Single,
    Store,
    can_mount,
    embedded,
    paired_store,
    single_store,
)


def missing(scenario: Name) -> str | None:
    """What this machine lacks for a scenario; None if nothing."""
    if scenario == "embedded" and not can_mount():
        return "a process may not mount a small disk here"
    if scenario == "clock" and not can_set_clock():
        return "there is no C compiler, or the store's program takes no preloaded library"
    return None


@contextmanager
def assembled(
    scenario: Name, shape: Shape, servers: int, seed: int
) -> Iterator[tuple[Store, list[Process]]]:
    """The store and the processes of the servers; the end of the block ends them."""
    with ExitStack() as stack:
        if scenario == "embedded":
            store = stack.enter_context(embedded())
            shape = replace(shape, wrapper=store.wrapper)
            processes = stack.enter_context(supervised_cluster(store.words, shape, servers))
            store.attach(processes[0].pid)
            yield store, processes
            return
        external: Single | Pair
        if scenario == "sentinel":
            external = stack.enter_context(paired_store(shape.folder))
        else:
            clock = StoreClock(shape.folder / "clock") if scenario == "clock" else None
            external = stack.enter_context(single_store(shape.folder, servers, seed, clock))
        urls = [external.url_for(place) for place in range(servers)]
        shape = replace(shape, replicas=external.replicas)
        yield external, stack.enter_context(cluster(urls, shape))
