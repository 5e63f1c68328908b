"""What a server does before it joins: waits for the store, and for its name.

The one idea: nothing is started that could not stay. A store that is away is waited for; settings
that the cluster has agreed on, and a name that a live server has, are not to be changed from here.

    the store does not answer         wait, log it once
    the store cannot be used          StoreUnusable
    other settings were agreed on     StoreUnusable
    the name is registered            wait until its server has left or died
    … and still alive after a lease   NameTaken
"""

import logging
from contextlib import suppress
from queue import Empty, SimpleQueue

from gnomon.reference.live.runtime.clock import elapsed
from gnomon.reference.live.runtime.node import Input
from gnomon.reference.live.runtime.shape import Shape, disagreement
from gnomon.reference.live.store.connection import Connection, StoreFailed
from gnomon.reference.live.store.errors import Failure, StoreUnusable, check_server, pause_after
from gnomon.reference.schedule.clock import MILLISECOND, SECOND, write_instant, write_rounded
from gnomon.reference.store.administration import ClusterOverview, Member, Overview, Settings
from gnomon.reference.store.messages import Profile

logger = logging.getLogger("gnomon.server")

LOOK_INTERVAL = 200 * MILLISECOND
"""Time between two looks at whether a name is free (µs)."""


class NameTaken(Exception):
    """The name of a server belongs to `member`, which is alive at the store's instant `now`."""

    def __init__(self, member: Member, now: int) -> None:
        heard = write_rounded(now - member.heard)
        super().__init__(
            f"the name {member.name} belongs to a server that is alive: it started at "
            f"{write_instant(member.since)}, and was heard {heard} ago; give another with --name"
        )


def arrive(
    connection: Connection, shape: Shape, profile: Profile, inputs: "SimpleQueue[Input]"
) -> bool:
    """Wait until the server can join; False if a signal ends it meanwhile.

    Raises StoreUnusable and NameTaken.
    """
    return _agree(connection, shape, profile, inputs) and _wait_for_name(connection, shape, inputs)


def _agree(
    connection: Connection, shape: Shape, profile: Profile, inputs: "SimpleQueue[Input]"
) -> bool:
    """Check the store, waiting for one that is not there yet, and the settings of the cluster."""
    failures = 0
    while True:
        try:
            facts = connection.use(lambda store: check_server(store.client, profile))
            (settings,) = connection.ask([shape.settings])
            break
        except StoreFailed as failed:
            failure = _temporary(failed)
            if failures == 0:
                logger.warning("%s; %s; waiting for it", failure.problem, failure.advice)
            failures += 1
            if _is_ended(inputs, pause_after(failures)):
                return False
    for warning in facts.warnings:
        logger.warning("%s", warning)
    assert isinstance(settings, Settings)
    differs = disagreement(settings, shape.settings)
    if differs is not None:
        raise differs
    return True


def _wait_for_name(connection: Connection, shape: Shape, inputs: "SimpleQueue[Input]") -> bool:
    """Wait for a lease at most until no live server has the name."""
    began: int | None = None
    while True:
        overview = _look(connection)
        if overview is not None:
            holders = [one for one in overview.members if one.name == shape.name]
            if not holders or holders[0].alive_until <= overview.now:
                return True
            if began is None:
                began = elapsed()
                text = "the name %s belongs to a server that was heard lately; waits for its end"
                logger.warning(text, shape.name)
            elif elapsed() - began > shape.lease + LOOK_INTERVAL:
                raise NameTaken(holders[0], overview.now)
        if _is_ended(inputs, LOOK_INTERVAL):
            return False


def _look(connection: Connection) -> ClusterOverview | None:
    """The cluster; None if the store does not answer now."""
    try:
        (overview,) = connection.ask([Overview()])
    except StoreFailed as failed:
        _temporary(failed)
        return None
    assert isinstance(overview, ClusterOverview)
    return overview


def _temporary(failed: StoreFailed) -> Failure:
    """The failure, if waiting may help. Raises StoreUnusable if not."""
    failure = failed.failure
    if failure.is_permanent:
        raise StoreUnusable(failure.problem, failure.advice) from failed
    return failure


def _is_ended(inputs: "SimpleQueue[Input]", pause: int) -> bool:
    """Whether a signal ends the server within `pause` (µs)."""
    with suppress(Empty):
        inputs.get(timeout=pause / SECOND)
        return True
    return False
