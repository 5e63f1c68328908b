"""The events of jobs: created, edited, switched on and off, deleted, rejected."""

from gnomon.reference.events.base import EventBase, Fields


class JobCreated(EventBase, frozen=True, gc=False, tag="job_created"):
    """A job was accepted. `definition` is as it was given: the rules judge it (JOB-1 to JOB-6).

    `published` is set if the job is older than its history, as in an excerpt. It is the number of
    planned occurrences published before; every occurrence due before `at` has had its outcome.
    """

    job: str
    name: str
    definition: Fields
    revision: int = 1
    published: int | None = None


class JobEdited(EventBase, frozen=True, gc=False, tag="job_edited"):
    """A job was given a new definition."""

    job: str
    name: str
    definition: Fields
    revision: int


class JobActivated(EventBase, frozen=True, gc=False, tag="job_activated"):
    """A job was made active."""

    job: str
    revision: int


class JobDeactivated(EventBase, frozen=True, gc=False, tag="job_deactivated"):
    """A job was made inactive: on request, or because it `has_ended` (FIRE-1, FIRE-3)."""

    job: str
    revision: int
    has_ended: bool = False


class JobDeleted(EventBase, frozen=True, gc=False, tag="job_deleted"):
    """A job was deleted."""

    job: str


class JobRejected(EventBase, frozen=True, gc=False, tag="job_rejected"):
    """A definition was rejected; `faults` has one reason for each fault (JOB-5).

    `job` is the id of the job that was to be edited. Of a job that was to be created it is the id
    that it would have had, or empty if it had none yet.
    """

    job: str
    definition: Fields
    faults: tuple[str, ...]
