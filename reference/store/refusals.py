"""Why the store refuses what a leader asks to publish (FIRE, PUB-1)."""

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
    return None
