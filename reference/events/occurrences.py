"""The events of occurrences: published, fired, coalesced, skipped, or refused."""

from typing import Literal

from gnomon.reference.events.base import EventBase, Instant, Outcome


class Published(EventBase, frozen=True, gc=False, tag="published"):
    """A message was published (PUB-2).

    `due` is the instant of its occurrence; for a run on demand it is `at`. `coalesced` is the
    number of occurrences that were coalesced into this one. `payload` is shortened as
    ``recorded_payload`` does it; `extra_given`: the request for a run on demand has given it, in
    the place of the job's extra data.
    """

    message: int
    cid: str
    job: str
    revision: int
    due: Instant
    epoch: int
    server: str
    name: str
    job_type: str
    service: str
    payload: str | None = None
    on_demand: bool = False
    coalesced: int = 0
    extra_given: bool = False


class PublishRefused(EventBase, frozen=True, gc=False, tag="publish_refused"):
    """The store refused to publish (LEAD-2, FIRE-6 to FIRE-8).

    `due` is the instant that was to be published, or else the first that was to be skipped; if
    there was neither, the job's cursor.
    """

    job: str
    due: Instant
    epoch: int
    server: str
    why: str


class Requested(EventBase, frozen=True, gc=False, tag="requested"):
    """A run on demand was requested, in a partial history."""

    job: str


class Fired(EventBase, frozen=True, gc=False, tag="fired"):
    """A run of a job began, in a partial history: all that is seen of its message.

    `message` is the number that the observer gave it. `due` is the instant for which it stands, as
    the scheduler names it; if the history does not observe `due`, the observer has found it from
    the job's definition and `at`. It is None for a run on demand, and for a run that stands for no
    instant at which the job was due. `payload` is what the run was given, shortened as
    ``recorded_payload`` does it.
    """

    message: int
    job: str
    due: Instant | None = None
    payload: str | None = None
    on_demand: bool = False


class Ended(EventBase, frozen=True, gc=False, tag="ended"):
    """A run that has `fired` ended, in a partial history."""

    message: int
    outcome: Outcome


class Skipped(EventBase, frozen=True, gc=False, tag="skipped"):
    """An occurrence ended without a message.

    It was a misfire under `skip`, was dropped by a change, or came while the job had `max_parallel`
    unfinished messages (LIMIT-1).
    """

    job: str
    due: Instant
    why: Literal["misfire", "changed", "max_parallel"] = "misfire"


class Coalesced(EventBase, frozen=True, gc=False, tag="coalesced"):
    """A misfire was coalesced into a later occurrence, the one due at `into` (MISS-2)."""

    job: str
    due: Instant
    into: Instant
