"""The protocol ``gnomon-conformance/1``: JSON lines between the runner and an adapter.

The one idea: one definition of each message serves the runner, the JSON Schema and the page
``protocol.md``. Unknown fields are ignored on both sides, so that a later runner can ask an older
adapter.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

VERSION: Final = 1
LEVELS = ("next", "tick", "cluster")
"""The levels that this runner has. An adapter may list others; they are ignored."""

Instant = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, as in 2026-01-01T00:00:00Z",
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$",
    ),
]
Count = Annotated[int, Meta(ge=1, le=1000)]
Seconds = Annotated[float, Meta(ge=0, description="Seconds, with at most six decimals.")]
Seq = Annotated[int, Meta(ge=1, description="Number of the request; its reply repeats it.")]


# --- requests


class Hello(msgspec.Struct, frozen=True, tag_field="do", tag="hello"):
    """The first request: the protocol that the runner speaks, and nothing else."""

    seq: Seq
    protocol: int = VERSION


class Next(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag="next"
):
    """When is a definition due? The first `count` instants later than `after`.

    Exactly one of `cron`, `every` and `at` is given, and only a kind that the adapter names in
    `definitions`: an older adapter looks for `cron` and would ignore the others. `zone` is the IANA
    time zone of `cron`; the others do not depend on it.
    """

    seq: Seq
    cron: str | None = None
    every: Seconds | None = None
    start: Instant | None = None
    """The instant from which `every` counts; given with it."""
    at: Instant | None = None
    zone: str
    after: Instant
    count: Count


class Bye(msgspec.Struct, frozen=True, tag_field="do", tag="bye"):
    """The last request; the adapter exits without a reply."""

    seq: Seq


# --- requests of level tick: a scheduler under a clock that the runner moves


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """The definition of a job. Exactly one of `cron`, `every` and `at` is given."""

    id: Annotated[str, Meta(min_length=1)]
    cron: str | None = None
    every: Seconds | None = None
    at: Instant | None = None
    zone: str = "UTC"
    """The IANA time zone of `cron`."""
    start: Instant | None = None
    """The instant from which `cron` or `every` counts; without it, that of the creation."""
    repeats: Annotated[int, Meta(ge=1)] | None = None
    payload: str | None = None
    takes: Seconds = 0
    """How long each run of the job lasts, by the clock that the runner moves."""


class Open(msgspec.Struct, frozen=True, tag_field="do", tag="open"):
    """Start the scheduler on the folder `store`, at the instant `now`.

    The folder holds what the scheduler kept there before a `close` or before its process was
    killed; it is empty at first. `zone` is the time zone of the process (TZ). Each wake of the
    scheduler comes `lag` too late: a scheduler that sleeps until an instant wakes `lag` after it.
    """

    seq: Seq
    store: str
    now: Instant
    zone: str
    lag: Seconds = 0


class Create(msgspec.Struct, frozen=True, tag_field="do", tag="create"):
    """Add a job."""

    seq: Seq
    job: Job


class Edit(msgspec.Struct, frozen=True, tag_field="do", tag="edit"):
    """Replace the definition of the job with the same id."""

    seq: Seq
    job: Job


class Delete(msgspec.Struct, frozen=True, tag_field="do", tag="delete"):
    """Remove a job."""

    seq: Seq
    id: str


class Pause(msgspec.Struct, frozen=True, tag_field="do", tag="pause"):
    """Make a job inactive; its definition stays."""

    seq: Seq
    id: str


class Resume(msgspec.Struct, frozen=True, tag_field="do", tag="resume"):
    """Make a job active again."""

    seq: Seq
    id: str


class Execute(msgspec.Struct, frozen=True, tag_field="do", tag="execute"):
    """Run a job now, beside its plan."""

    seq: Seq
    id: str


class Advance(msgspec.Struct, frozen=True, tag_field="do", tag="advance"):
    """Let time pass, wall clock and monotonic clock alike, and report what fired in it."""

    seq: Seq
    by: Seconds


class Step(msgspec.Struct, frozen=True, tag_field="do", tag="step"):
    """Set the wall clock forward, or back if `by` is negative; the monotonic clock stays."""

    seq: Seq
    by: float


class Store(msgspec.Struct, frozen=True, tag_field="do", tag="store"):
    """Cut the scheduler off from its store, or connect it again. After `open` it is connected."""

    seq: Seq
    reachable: bool


class Close(msgspec.Struct, frozen=True, tag_field="do", tag="close"):
    """Stop the scheduler in an orderly way; what it keeps stays in the store."""

    seq: Seq


# --- request of level cluster: real processes, which the runner owns


class Deploy(msgspec.Struct, frozen=True, tag_field="do", tag="deploy"):
    """How is the scheduler run with these `jobs`, in that number of `instances`?

    The adapter starts nothing: it answers with a `Deployment`. `store` is an empty folder for
    everything that the processes keep. Each run of a job appends a line to the file `witness`: a
    `Firing` as JSON, written at once, with the wall clock of the machine. A second request in the
    same folder is an edit: the same jobs, defined anew.
    """

    seq: Seq
    store: str
    jobs: tuple[Job, ...]
    instances: Annotated[int, Meta(ge=1)]
    witness: str


Request = (
    Hello
    | Next
    | Open
    | Create
    | Edit
    | Delete
    | Pause
    | Resume
    | Execute
    | Advance
    | Step
    | Store
    | Close
    | Deploy
    | Bye
)


# --- replies

Observes = Literal["due", "payload", "misfires", "runs"]


class Implementation(msgspec.Struct, frozen=True):
    """The scheduler behind an adapter."""

    name: Annotated[str, Meta(min_length=1)]
    version: str
    language: str
    homepage: str | None = None


class Known(msgspec.Struct, frozen=True):
    """A difference that has a public issue: a rule, a case (with * and ?) and the address."""

    rule: str
    scenario: str
    url: Annotated[str, Meta(pattern="^https?://")]


class Introduction(msgspec.Struct, frozen=True):
    """The reply to hello. `protocol` is the one that the adapter speaks, whatever it was asked."""

    seq: Seq
    protocol: int
    implementation: Implementation
    levels: tuple[str, ...]
    observes: tuple[Observes, ...] = ()
    """What the scheduler lets an adapter see at level tick, beside the firings themselves."""
    profile: dict[str, str] = {}
    known: tuple[Known, ...] = ()
    definitions: tuple[str, ...] = ("cron",)
    """The kinds of definitions about which `next` may ask: "cron", "every" and "at"."""


class Instants(msgspec.Struct, frozen=True):
    """The instants asked for, ascending. There are fewer if the definition is not due more often.

    `horizon` is the end of the search of a scheduler that looks no further.
    """

    seq: Seq
    instants: tuple[Instant, ...]
    horizon: Instant | None = None


class Refused(msgspec.Struct, frozen=True):
    """The scheduler does not accept the definition; `refused` is its message."""

    seq: Seq
    refused: str


class Unsupported(msgspec.Struct, frozen=True):
    """The scheduler has no such feature; `unsupported` names it."""

    seq: Seq
    unsupported: str


class Error(msgspec.Struct, frozen=True):
    """The scheduler failed in an unforeseen way; `error` is the traceback."""

    seq: Seq
    error: str


Answer = Instants | Refused | Unsupported | Error


# --- replies of level tick


class Done(msgspec.Struct, frozen=True):
    """The request was carried out: the reply to all of level tick but `advance`."""

    seq: Seq
    done: Literal[True]


class Firing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run that began, by the wall clock of the scheduler.

    `due` is the instant that it stands for, if the scheduler knows it; `payload` is what the run
    was given. `run` and `outcome` belong together: a later firing of the same `run` with an
    `outcome` is its end. A misfire that the scheduler reports has the outcome `misfired` and no
    run.
    """

    job: str
    at: Instant
    due: Instant | None = None
    payload: str | None = None
    run: str | None = None
    outcome: Literal["ok", "failed", "misfired"] | None = None


class Fired(msgspec.Struct, frozen=True):
    """The reply to `advance`: the firings, in their order."""

    seq: Seq
    fired: tuple[Firing, ...]


Reply = Done | Fired | Refused | Unsupported | Error


# --- reply of level cluster


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command with its arguments, and variables that are added to the environment.

    It runs in the folder `store`.
    """

    command: Annotated[tuple[str, ...], Meta(min_length=1)]
    environment: dict[str, str] = {}


class Process(Command, frozen=True, omit_defaults=True):
    """A process that the runner starts, and ends when the scenario is over.

    It is ready when its output, on standard output or standard error, has contained the text
    `ready`, and a connection to `port` of 127.0.0.1 is accepted; each if it is given.
    """

    ready: str | None = None
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None


class Deployment(msgspec.Struct, frozen=True):
    """How the scheduler is run: the reply to `deploy`.

    The runner writes `files` (path in the folder `store`: text), starts `support` (a broker, a
    worker: nothing happens to them), and then the `instances`, of which it kills, pauses and stops
    some. When an instance is ready it runs `apply` to its end, for a scheduler that is given its
    jobs while it runs.
    """

    seq: Seq
    instances: Annotated[tuple[Process, ...], Meta(min_length=1)]
    support: tuple[Process, ...] = ()
    apply: tuple[Command, ...] = ()
    files: dict[str, str] = {}


Deployed = Deployment | Refused | Unsupported | Error
