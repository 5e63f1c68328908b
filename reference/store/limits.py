"""Occurrences that the store does not publish: misfires, and those beyond a job's limit (LIMIT-1).

The one idea: a job with `max_parallel` keeps the numbers of the messages that count against it.
They are compared with the messages that have not ended only when there are as many as the limit.
"""

from gnomon.reference import events
from gnomon.reference.events import Record
from gnomon.reference.store.jobs import StoredJob
from gnomon.reference.store.messages import MessageQueue
from gnomon.reference.store.operations import Entry


def account_for_misfires(now: int, kept: StoredJob, entry: Entry, record: Record) -> None:
    """Record the misfires of an entry that are not published (MISS-2, MISS-3)."""
    for instant in entry.skipped:
        record(events.Skipped(now, kept.id, instant))
        kept.accounted = instant
    for instant in entry.coalesced:
        assert entry.due is not None
        record(events.Coalesced(now, kept.id, instant, entry.due))


def is_surplus(kept: StoredJob, entry: Entry, messages: MessageQueue) -> bool:
    """Whether the job has as many unfinished messages as it may have (LIMIT-1).

    If not, and the entry publishes a message, that counts from now on. A message that is dead has
    ended. O(messages) if as many are counted as the job may have, else O(1).
    """
    if kept.max_parallel is None or entry.due is None:
        return False
    if len(kept.counted) >= kept.max_parallel:
        unfinished = messages.open - messages.dead.keys()
        kept.counted = tuple(id for id in kept.counted if id in unfinished)
        if len(kept.counted) >= kept.max_parallel:
            return True
    kept.counted = (*kept.counted, messages.published + 1)
    return False


def uncount(kept: StoredJob | None, message: int) -> None:
    """Do not count a message any more: an operator wants it to run, whatever the limit."""
    if kept is not None:
        kept.counted = tuple(id for id in kept.counted if id != message)


def skip_surplus(now: int, kept: StoredJob, entry: Entry, record: Record) -> None:
    """Skip what an entry would publish, and the misfires that it would coalesce into that."""
    assert entry.due is not None
    for instant in entry.skipped:
        record(events.Skipped(now, kept.id, instant))
    for instant in (*entry.coalesced, entry.due):
        record(events.Skipped(now, kept.id, instant, "max_parallel"))
    kept.accounted = entry.due
