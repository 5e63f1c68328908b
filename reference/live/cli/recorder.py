"""Reads the history of a live cluster from its store, whole or from an instant on.

The one idea: the order is the store's. Each event was appended to one stream by the script that
made the change, or by the call that reported it, so recording is reading.
"""

from collections.abc import Iterator
from pathlib import Path

from gnomon.reference import events, history
from gnomon.reference.events import Event
from gnomon.reference.history import Header, History
from gnomon.reference.live import EVENTS_KEPT
from gnomon.reference.live.api.job_service import all_jobs
from gnomon.reference.live.cli.store import opened_store, parse_prefix
from gnomon.reference.live.runtime.process import LONGEST_TIMEOUT, StoreOptions
from gnomon.reference.live.store.connection import Connection, report_nothing
from gnomon.reference.live.store.redis_storage import RedisStorage
from gnomon.reference.live.store.storage import RecordedEvent, Storage, StoreUnavailable
from gnomon.reference.schedule.clock import read_duration, read_instant, write_instant
from gnomon.reference.store.administration import ClusterOverview
from gnomon.reference.store.operations import Job
from gnomon.specs.cli import console
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import parse_duration
from gnomon.specs.excerpt.excerpt import Known, excerpt
from gnomon.specs.render.strings import counted
from gnomon.specs.version import versions

PAGE = 10_000
"""Events that are read from the store at once."""


def read_since(text: str | None, now: int) -> int | None:
    """The instant (µs, UTC) of ``--since``: an instant, or how long before `now`.

    Raises BadInput.
    """
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
    """The history up to now, from `since` on if that is given (µs, UTC).

    If the store no longer has the beginning, the history is an excerpt that begins where its events
    do. `travel` is the longest transit between a server and the store, if it is known (µs). Raises
    StoreUnavailable, and BadInput if there are no events.
    """
    overview = storage.overview()
    store = overview.store
    if since is not None and since >= overview.now:
        now = write_instant(overview.now)
        raise BadInput("--since", [f"it must be before now, {now} by the store's clock"])
    kept = _kept(storage, overview.now)
    if storage.identity() != store:
        problem = "it was emptied or replaced while its history was read; record again"
        raise BadInput("the store", [problem])
    if not kept:
        raise BadInput("the store", ["it has no history under this prefix"])
    happened = [*(one.event for one in kept), *_crashes(overview)]
    header = Header(
        start=min(event.at for event in happened),
        end=max(overview.now, happened[-1].at),
        lease=overview.lease_length or None,
        travel=travel,
        profile=overview.profile,
        max_attempts=overview.max_attempts if overview.profile == "durable" else None,
        versions=versions(),
    )
    whole = History(header, happened)
    since = header.start if since is None else since
    if kept[0].seq == 1 and since <= header.start:
        return whole
    return excerpt(whole, since, _known(overview, tuple(all_jobs(storage))))


def _known(overview: ClusterOverview, jobs: tuple[Job, ...]) -> Known:
    """The present state of the store, from which an excerpt infers the state at its start."""
    now, lease = overview.now, overview.lease
    return Known(
        jobs=jobs,
        servers=tuple(
            events.ServerStarted(
                member.since, member.name, member.workers, member.services, member.tzdata
            )
            for member in overview.members
        ),
        leader=events.LeaseAcquired(now, lease.leader, lease.epoch) if lease.leader else None,
        held={(each.server, each.worker): each.message for each in overview.held},
        paused=events.ClusterPaused(now, overview.paused.by) if overview.paused else None,
    )


def _kept(storage: Storage, until: int) -> list[RecordedEvent]:
    """Every event that the store has, up to the last one that was recorded by `until`.

    Earlier ones may be of later instants, from before the store's clock was set back.
    """
    kept: list[RecordedEvent] = []
    while page := storage.history(kept[-1].seq if kept else 0, PAGE):
        kept += page
        if len(page) < PAGE:
            break
    while kept and kept[-1].event.at > until:
        kept.pop()
    return kept


def first_kept(storage: Storage) -> int | None:
    """The instant (µs, UTC) of the oldest event that is kept, None if no event was forgotten."""
    oldest = storage.history(0, 1)
    return oldest[0].event.at if oldest and oldest[0].seq > 1 else None


def forgotten(since: int | None, kept_from: int) -> str:
    """The note that the store has forgotten the beginning of what was asked for."""
    asked = "its beginning" if since is None else write_instant(since)
    return (
        f"the history no longer goes back to {asked}: the store has no event before "
        f"{write_instant(kept_from)}; gnomon serve --keep sets how many events it keeps, and "
        "gnomon jobs results has the last results of each job all the same"
    )


def _crashes(overview: ClusterOverview) -> Iterator[Event]:
    """A crash for each server whose heartbeat has lapsed."""
    for member in overview.members:
        if member.alive_until <= overview.now:
            yield events.ServerCrashed(overview.now, member.name, member.heard)


def write(found: History, out: Path) -> None:
    """Write a history to a file. Raises BadInput."""
    with console.open_history_output(out) as file:
        history.write(found, file)


# --- the command


def record_to_file(
    redis: str | None,
    data: Path | None,
    prefix: str,
    since: str | None,
    travel: str | None,
    out: Path,
) -> None:
    """Write the history of the cluster whose store the options name to `out`. Raises BadInput."""
    start = read_since(since, console.now())
    longest = None if travel is None else parse_duration("--travel", travel)
    prefix = parse_prefix(prefix)
    with opened_store(redis, data) as address:
        store = StoreOptions(address=address, prefix=prefix, profile="durable", keep=EVENTS_KEPT)
        record_from(store, start, longest, out)


def record_from(store: StoreOptions, since: int | None, travel: int | None, out: Path) -> None:
    """Write the history in `store` to `out`, and print what it spans. Raises BadInput."""
    connection = Connection(store.open(LONGEST_TIMEOUT), report_nothing)
    try:
        with console.spinner("recording"):
            storage = RedisStorage(connection)
            found, kept_from = record(storage, since, travel), first_kept(storage)
        write(found, out)
    except StoreUnavailable as error:
        raise BadInput("the store", [str(error)]) from None
    finally:
        connection.close()
    begins, ends = write_instant(found.header.start), write_instant(found.header.end)
    console.print_parts(f"{out}: {counted(len(found.events), 'event')}, {begins} to {ends}")
    if kept_from is not None and (since is None or since < kept_from):
        console.print_notes([forgotten(since, kept_from)])
