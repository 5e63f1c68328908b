"""Why the store refuses what a leader asks to publish (FIRE, PUB-1)."""

from gnomon.reference.schedule.jitter import offset
from gnomon.reference.store.jobs import StoredJob
from gnomon.reference.store.operations import Entry, Refusal


def earliest(entry: Entry) -> int:
    """The instant that names a refused entry; the cursor if it has no outcome."""
    if entry.due is not None:
        return entry.due
    return entry.skipped[0] if entry.skipped else entry.cursor


def refusal(now: int, kept: StoredJob | None, entry: Entry) -> Refusal | None:
    """Why the store refuses an `entry` about a job that it knows as `kept`, or None."""
    if kept is None:
        return "gone"
    if not kept.definition.is_active:
        return "inactive"
    if kept.revision != entry.revision:
        return "revision"
    if kept.cursor != entry.cursor:
        return "cursor"
    misfires = entry.skipped or entry.coalesced
    is_early = entry.due is not None and entry.due > now
    if is_early or (misfires and misfires[-1] + kept.definition.grace >= now):
        return "early"
    return "early" if kept.jitter and is_before_offset(now, kept, entry) else None


def is_before_offset(now: int, kept: StoredJob, entry: Entry) -> bool:
    """Whether jitter delays what an entry publishes or counts as a misfire, beyond `now` (LIMIT-2).

    Instants in µs, UTC.
    """
    due, misfires = entry.due, entry.skipped or entry.coalesced
    if due is not None and due + offset(kept.id, due, kept.jitter) > now:
        return True
    if not misfires:
        return False
    last = misfires[-1]
    return last + offset(kept.id, last, kept.jitter) + kept.definition.grace >= now
