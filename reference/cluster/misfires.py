"""What to publish for one job when several of its occurrences are due, or some are late (MISS).

A pure function of the job and the time. An occurrence is a misfire once it is later than the job's
grace (MISS-1). The job's misfire policy (MISS-2) decides what becomes of its misfires:

    once   the latest is published, the earlier ones are coalesced into it
    all    each is published, in order
    skip   none is published; one entry records all of them as skipped

Occurrences that are due but not late are published one by one, whatever the policy. With `jitter`
an occurrence is due here once its offset has passed, too (LIMIT-2).
"""

from collections.abc import Iterator

from gnomon.reference.cluster.known_job import KnownJob
from gnomon.reference.store.operations import Entry, NewCid


def due_entries(known: KnownJob, now: int, most: int, new_cid: NewCid) -> Iterator[Entry]:
    """The entries for the occurrences of `known` that are due at `now`, in order.

    Gives at least one entry; publishes no more than `most` messages, nor more than the job has
    left (FIRE-3). Instants are in µs, UTC.
    """
    first, planned_at = known.trigger.first, known.planned_at
    room = most if known.left is None else min(known.left, most)
    misfires: list[int] = []
    due: int | None = known.due
    while due is not None and planned_at(due) < now - known.grace:
        if known.misfire == "all" and len(misfires) == room:
            break
        misfires.append(due)
        due = first(due + 1)
    cursor = known.cursor
    if misfires and known.misfire == "skip":
        yield Entry(
            known.id, known.revision, cursor, None, due is None, "", (), tuple(misfires), due
        )
        cursor = misfires[-1] + 1
    elif misfires and known.misfire == "once":
        *coalesced, latest = misfires
        yield _entry(known, cursor, latest, due, new_cid(), tuple(coalesced))
        room -= 1
        cursor = latest + 1
    elif misfires:
        due = misfires[0]
    while due is not None and planned_at(due) <= now and room > 0:
        following = first(due + 1)
        yield _entry(known, cursor, due, following, new_cid())
        room -= 1
        cursor, due = due + 1, following


def _entry(
    known: KnownJob,
    cursor: int,
    due: int,
    following: int | None,
    cid: str,
    coalesced: tuple[int, ...] = (),
) -> Entry:
    is_last = following is None
    return Entry(known.id, known.revision, cursor, due, is_last, cid, coalesced, (), following)
