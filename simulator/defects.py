"""Defects: the reference with one thing wrong, to see that it would be found.

The one idea: a search that finds nothing has said nothing, unless it is known to be able to find
something. Each defect replaces one attribute of one class or module of the reference while it is
`planted`, and nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from gnomon.reference.store import memory
from gnomon.reference.store.memory import MemoryStore
from gnomon.reference.store.operations import Delivery, Entry, Publish, Refusal


class Defect(NamedTuple):
    """What is wrong, in words, and the `attribute` of `owner` that is replaced by what."""

    id: str
    words: str
    owner: Any
    attribute: str
    replacement: Callable[..., Any]


@contextmanager
def planted(id: str) -> Iterator[Defect]:
    """The reference with that defect in it, in this process. Raises KeyError if there is none."""
    defect = DEFECTS[id]
    sound = getattr(defect.owner, defect.attribute)
    setattr(defect.owner, defect.attribute, defect.replacement)
    try:
        yield defect
    finally:
        setattr(defect.owner, defect.attribute, sound)


_publish = MemoryStore._publish  # noqa: SLF001
_refusal = memory._refusal  # noqa: SLF001


def _publish_unfenced(
    self: MemoryStore, now: int, server: str, operation: Publish
) -> list[Delivery]:
    """Take whoever asks for the leader."""
    leader, epoch, until = self._leader, self._epoch, self._until
    self._leader, self._epoch, self._until = server, operation.epoch, now + 1
    try:
        return _publish(self, now, server, operation)
    finally:
        self._leader, self._epoch, self._until = leader, epoch, until


def _refusal_without_cursor(now: int, kept: Any, entry: Entry) -> Refusal | None:
    """Ask for everything but how far the job has come."""
    why = _refusal(now, kept, entry)
    is_early = entry.due is not None and entry.due > now
    return None if why == "cursor" and not is_early else why


DEFECTS = {
    defect.id: defect
    for defect in (
        Defect(
            "no-fencing",
            "whoever asks to publish is taken for the leader",
            MemoryStore,
            "_publish",
            _publish_unfenced,
        ),
        Defect(
            "no-cursor",
            "what has been published is published again when it is asked for",
            memory,
            "_refusal",
            _refusal_without_cursor,
        ),
    )
}
"""Every defect, by id."""
