"""The scenarios of level tick: what is done to a scheduler while time passes. Read here.

The one idea: a scenario holds actions and no expected result. The rules judge what was seen.
``specs/vectors/scenarios/<group>.toml`` holds them; the id of a scenario is ``<group>/<name>``.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gnomon.specs.conformance.protocol import Instant, Job, Seconds

# --- actions: those of the protocol, and the restart, which belongs to the runner


class Create(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="create"):
    """Add a job."""

    job: Job


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="edit"):
    """Replace the definition of the job with the same id."""

    job: Job


class Delete(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="delete"):
    """Remove a job."""

    id: str


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="pause"):
    """Make a job inactive."""

    id: str


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="resume"):
    """Make a job active again."""

    id: str


class Execute(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="execute"
):
    """Run a job beside its plan."""

    id: str


class Advance(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="advance"
):
    """Let time pass under the running scheduler."""

    by: Seconds


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="step"):
    """Set the wall clock forward, or back if `by` is negative."""

    by: float


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="store"):
    """Cut the scheduler off from its store, or connect it again."""

    reachable: bool


class Restart(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="restart"
):
    """End the scheduler, let `down` pass, and start a new process on the same store.

    The new process can reach the store.
    `how`: `close` in an orderly way, or `kill` by SIGKILL.
    """

    how: Literal["close", "kill"]
    down: Seconds


Action = Create | Edit | Delete | Pause | Resume | Execute | Advance | Step | Store | Restart


class Scenario(msgspec.Struct, frozen=True):
    """What is done to a scheduler that is opened at `now` with an empty store.

    `about` is a sentence; `rules` are the ids of the rules that it is about. `zone` is the time
    zone of the process, `lag` how late each wake of the scheduler comes (seconds).
    """

    id: str
    about: str
    rules: tuple[str, ...]
    now: Instant
    actions: tuple[Action, ...]
    zone: str = "UTC"
    lag: Seconds = 0


class _Fill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    times: Annotated[int, Meta(ge=1, le=1_000_000)]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    about: str
    rules: tuple[str, ...]
    now: Instant
    action: Annotated[tuple[Action, ...], Meta(min_length=1)]
    zone: str = "UTC"
    lag: Seconds = 0
    fill: dict[str, _Fill] = {}
    """Payloads too long to write out: the payload `{NAME}` is `text`, `times` over."""

    def actions(self) -> tuple[Action, ...]:
        """The actions with whole payloads."""
        long = {f"{{{name}}}": fill.text * fill.times for name, fill in self.fill.items()}
        return tuple(_filled(action, long) for action in self.action) if long else self.action


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scenario: tuple[_Entry, ...]


@cache
def read_scenarios() -> tuple[Scenario, ...]:
    """All scenarios, by group and in the order of their files."""
    folder = files("gnomon.specs.vectors") / "scenarios"
    found: list[Scenario] = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        group = file.name.removesuffix(".toml")
        found += (
            Scenario(
                f"{group}/{one.name}",
                one.about,
                one.rules,
                one.now,
                one.actions(),
                one.zone,
                one.lag,
            )
            for one in msgspec.toml.decode(file.read_bytes(), type=_Group).scenario
        )
    return tuple(found)


def _filled(action: Action, long: dict[str, str]) -> Action:
    """`action` with its payload whole."""
    if not isinstance(action, Create | Edit) or action.job.payload not in long:
        return action
    job = msgspec.structs.replace(action.job, payload=long[action.job.payload])
    return msgspec.structs.replace(action, job=job)
