"""The knobs of a behaviour: each way in which schedulers act differently while time passes.

The one idea: a profile is a setting of an executable model, and not prose. A scheduler *differs as
declared* if ``model`` predicts what was seen of it under the knobs that its adapter declares. At
the defaults, the model is the specification: the rules FIRE, MISS, PUB and OVER.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta


class Behaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One value for each knob. The first value of a knob is the default, and ours."""

    # --- the plan of a job
    anchor: Annotated[
        Literal["start", "creation", "previous-firing"],
        Meta(
            description="What an interval is counted from: the start of the job; its creation, "
            "whatever its start; or each time the previous firing, with all its delay."
        ),
    ] = "start"
    first_firing: Annotated[
        Literal["at-start", "after-an-interval", "at-once"],
        Meta(
            description="The first firing of an interval job without a start: at its creation, or "
            "an interval later; at-once: at its creation even if it has a start."
        ),
    ] = "at-start"
    one_time_past: Annotated[
        Literal["fires", "never", "refused"],
        Meta(description="A one-time job whose instant has passed when it is created."),
    ] = "fires"
    minute_matching: Annotated[
        Literal["no", "yes", "60s-apart"],
        Meta(
            description="A cron job fires at any wake within a minute that matches, unless this "
            "process has run it in that minute, or in the last 60 seconds; no: its instants are "
            "planned."
        ),
    ] = "no"
    first_cron: Annotated[
        Literal["next", "present-minute", "present-minute-55s", "latest-10min"],
        Meta(
            description="A cron job that is created or edited: it fires at its next instant; or "
            "first at once, if it is due in the present minute (-55s: and is at second 55 of it "
            "at the latest, also after a restart); or if it was in the last ten minutes."
        ),
    ] = "next"
    # --- the loop
    polling: Annotated[
        Literal["no", "1s", "after-1s", "5s", "60s", "cron-60s", "changes-5s", "minute"],
        Meta(
            description="When the scheduler looks what is due: when something is; or at fixed "
            "distances from its start, after-1s: not at once; cron-60s: only for cron jobs; or at "
            "its start and at each full minute; changes-5s: when something is, and after five "
            "seconds at most for what a change made due."
        ),
    ] = "no"
    early_wake: Annotated[
        Literal["no", "10ms"],
        Meta(description="The scheduler sets its alarm earlier than the job is due, against lag."),
    ] = "no"
    catch_up: Annotated[
        Literal["latest", "all", "grace-1s", "grace-10s", "grace-60s"],
        Meta(
            description="What a late wake fires of the instants that it finds due: the latest; "
            "all of them; or the latest if it is not older than the grace."
        ),
    ] = "latest"
    overlap: Annotated[
        Literal["overlap", "waits", "skipped", "intervals-skipped", "blocks", "blocks-and-counts"],
        Meta(
            description="An instant at which an earlier run of the job still goes on: it fires; it "
            "waits for the end of that run; it is left out, or so only of an "
            "interval job; blocks: no job at all fires before "
            "the end of a run, from which -and-counts counts the next instant."
        ),
    ] = "overlap"
    # --- restarts
    store: Annotated[
        Literal["kept", "lost"], Meta(description="Jobs after a restart of the process.")
    ] = "kept"
    pause: Annotated[
        Literal["kept", "ends"],
        Meta(description="An inactive job after a restart: it stays so; ends: it is active again."),
    ] = "kept"
    restart_interval: Annotated[
        Literal["caught-up", "skipped", "at-once", "from-the-start"],
        Meta(
            description="An interval job after a restart: its plan is kept, and what was missed is "
            "caught up as after a late wake; its plan is kept without what was missed; it fires "
            "at once; from-the-start: as if it were created then."
        ),
    ] = "caught-up"
    restart_cron: Annotated[
        Literal["caught-up", "skipped", "latest-10min"],
        Meta(
            description="What a cron job missed while the process was down: it is caught up as "
            "after a late wake; left out; or the latest fires, if it is not older than ten minutes."
        ),
    ] = "caught-up"
    one_time_missed: Annotated[
        Literal["fires", "never", "fires-again"],
        Meta(
            description="A one-time job that was due while the process was down; fires-again: it "
            "fires after each restart, even if it has run."
        ),
    ] = "fires"
    repeats_count: Annotated[
        Literal["life", "process"],
        Meta(description="Whether repeats are counted over restarts, or anew by each process."),
    ] = "life"
    store_outage: Annotated[
        Literal["caught-up", "skipped", "unaffected", "stops"],
        Meta(
            description="What is due while the store cannot be reached: it is caught up as after "
            "a late wake; it is left out; it fires as always; stops: nothing fires until the next "
            "restart."
        ),
    ] = "caught-up"
    # --- changes
    changes: Annotated[
        Literal["live", "restart"],
        Meta(
            description="A change of the jobs is one of the running scheduler; or it starts the "
            "scheduler again, whose jobs are written in code."
        ),
    ] = "live"
    resume_interval: Annotated[
        Literal["grid", "caught-up", "re-phased", "at-once"],
        Meta(
            description="An interval job that is made active: it goes on with its grid; what it "
            "missed is caught up; it fires an interval later; or at once."
        ),
    ] = "grid"
    resume_cron: Annotated[
        Literal["skipped", "caught-up", "latest-10min"],
        Meta(description="What a cron job missed while it was inactive; as after a restart."),
    ] = "skipped"
    resume_one_time: Annotated[
        Literal["refused", "never", "fires"],
        Meta(
            description="A one-time job whose instant passed while it was inactive: to make it "
            "active is refused, as for any job that has had its last occurrence; is accepted "
            "without effect; or fires it."
        ),
    ] = "refused"
    edit_interval: Annotated[
        Literal["grid", "re-phased", "at-once"],
        Meta(
            description="An interval job that is edited: the new interval is counted from the same "
            "anchor as before; from the edit; or from the edit, at which it fires."
        ),
    ] = "grid"
    edit_cron: Annotated[
        Literal["next", "caught-up"],
        Meta(
            description="A cron job that is edited: its next instant counts; or what the new "
            "definition has missed since the previous firing is caught up."
        ),
    ] = "next"
    on_demand: Annotated[
        Literal["beside", "counts"],
        Meta(
            description="A run on demand changes no plan; counts: it is a firing as any other, for "
            "repeats and for an interval that is counted from the previous firing."
        ),
    ] = "beside"
    on_demand_paused: Annotated[
        Literal["runs", "never"], Meta(description="A run on demand of an inactive job.")
    ] = "runs"
    # --- the wall clock
    clock_back: Annotated[
        Literal["silent", "repeats", "repeats-if-large"],
        Meta(
            description="After the clock was set back: nothing fires until the clock shows what it "
            "has shown before; or what has fired fires again; or so after more than a minute."
        ),
    ] = "silent"
    clock_noticed: Annotated[
        Literal["at-once", "at-next-wake"],
        Meta(description="When a step of the clock is noticed; a sleep is not shortened by it."),
    ] = "at-once"
    interval_clock: Annotated[
        Literal["wall", "monotonic"],
        Meta(description="The clock that intervals are counted by; a step moves only the first."),
    ] = "wall"


DEFAULT = Behaviour()
"""The behaviour of the specification."""


def values_of(knob: str) -> tuple[str, ...]:
    """The values of a knob, the default first."""
    kind = Behaviour.__annotations__[knob]
    return get_args(get_args(kind)[0])


KNOBS: dict[str, tuple[str, ...]] = {name: values_of(name) for name in Behaviour.__struct_fields__}
"""Every knob with its values, the default first."""
