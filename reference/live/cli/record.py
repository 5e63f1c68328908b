"""``gnomon record``: what the live cluster did, as a history that the rules can judge.

The one idea: the order is the store's. Whatever happened was appended to one stream by the script
that did it, or by the call that told of it, so recording is reading.
"""

from collections.abc import Iterator
from pathlib import Path

from gnomon.reference import events, history
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.live.api.job_service import all_jobs
from gnomon.reference.live.store.storage import Overview, Storage, Told
from gnomon.reference.schedule.clock import read_duration, read_instant, write_instant
from gnomon.reference.store.operations import Job
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.version import versions

PAGE = 10_000


def read_since(text: str | None, now: int) -> int | None:
    """The instant (µs, UTC) that `text` names: itself, or that long ago. Raises BadInput."""
    if text is None:
        return None
    try:
        return now - read_duration(text)
    except ValueError:
        pass
    try:
        return read_instant(text)
    except ValueError as error:
        problem = f"{error}, or how long ago that was, as in 15m; given was {text!r}"
        raise BadInput("--since", [problem]) from None


def record(storage: Storage, since: int | None = None, travel: int | None = None) -> History:
    """What has happened up to now, from `since` on if that is given (µs, UTC).

    What the store has forgotten of the beginning is left out as fairly as it can be. `travel` is
    the longest that anything is on its way between a server and the store, as far as whoever asks
    knows (µs). Raises StoreUnavailable, and BadInput if there is nothing.
    """
    overview = storage.overview()
    if since is not None and since >= overview.now:
        now = write_instant(overview.now)
        raise BadInput("--since", [f"it must lie before now, {now} by the store's clock"])
    told = list(_told(storage, overview.now))
    if not told:
        raise BadInput("the store", ["no history lies in it under this prefix"])
    happened = [*(one.event for one in told), *_silent(overview)]
    header = Header(
        start=happened[0].at,
        end=max(overview.now, happened[-1].at),
        lease=overview.lease_length or None,
        travel=travel,
        profile=overview.profile,
        versions=versions(),
    )
    whole = History(header, happened)
    since = header.start if since is None else since
    if told[0].seq == 1 and since <= header.start:
        return whole
    return excerpt(whole, since, _known(overview, tuple(all_jobs(storage))))


def _known(overview: Overview, jobs: tuple[Job, ...]) -> Known:
    """What the store knows now, as an excerpt needs it."""
    now, lease = overview.now, overview.lease
    return Known(
        jobs=jobs,
        servers=tuple(
            events.ServerStarted(member.since, member.name, member.workers, member.services)
            for member in overview.members
        ),
        leader=events.LeaseAcquired(now, lease.leader, lease.epoch) if lease.leader else None,
        held={(each.server, each.worker): each.message for each in overview.held},
    )


def _told(storage: Storage, until: int) -> Iterator[Told]:
    """Every event that is kept, up to that instant."""
    after = 0
    while page := storage.history(after, PAGE):
        for one in page:
            if one.event.at > until:
                return
            yield one
        after = page[-1].seq


def _silent(overview: Overview) -> Iterator[Event]:
    """The end of those who have not been heard for so long that they cannot be there."""
    for member in overview.members:
        if member.alive_until <= overview.now:
            yield events.ServerCrashed(overview.now, member.name, member.heard)


def write(found: History, out: Path) -> None:
    """Write a history to a file. Raises BadInput."""
    with console.written_file(out) as file:
        history.write(found, file)
