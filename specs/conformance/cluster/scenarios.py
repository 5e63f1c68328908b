"""The scenarios of level cluster: what happens to the processes of a scheduler. Read here.

The one idea: time is real, so a scenario counts in intervals of its job and in firings, never in
seconds. An action waits for the middle between two firings: how long a process takes to start must
not decide which occurrence it meets. ``specs/vectors/cluster/<group>.toml`` holds them; the id of a
scenario is ``cluster/<group>/<name>``.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta

from gnomon.reference.schedule.clock import MINUTE, SECOND
from gnomon.specs.conformance.protocol import Job

Instance = Annotated[int, Meta(ge=1, description="Number of an instance, from 1.")]


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="start"):
    """Start an instance, or start it again, and wait until it is ready."""

    instance: Instance


class Kill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="kill"):
    """End an instance by SIGKILL."""

    instance: Instance


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="pause"):
    """Stop the processes of an instance by SIGSTOP: it lives, and does nothing."""

    instance: Instance


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="resume"):
    """Let a paused instance continue, by SIGCONT."""

    instance: Instance


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="stop"):
    """End an instance in an orderly way, by SIGTERM, and wait until it has ended."""

    instance: Instance


class Deploy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="deploy"):
    """Start an instance with another definition of the job, while another one is killed.

    `kill` dies as soon as the process of `instance` was launched, before that one is ready.
    """

    instance: Instance
    job: Job
    kill: Instance | None = None


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="wait"):
    """Let that number of intervals of the job pass."""

    intervals: Annotated[int, Meta(ge=1)]


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", tag="expect"):
    """Wait for that number of firings; at most two intervals longer than they should take.

    Fewer are no fault here: the rules judge what was seen.
    """

    firings: Annotated[int, Meta(ge=1)]


Action = Start | Kill | Pause | Resume | Stop | Deploy | Wait | Expect


class Scenario(msgspec.Struct, frozen=True):
    """What happens to up to `instances` processes of a scheduler with one `job`.

    `about` is a sentence; `rules` are the ids of the rules that it is about. A slow scenario takes
    minutes: a cron job is due once a minute at most.
    """

    id: str
    about: str
    rules: tuple[str, ...]
    instances: int
    job: Job
    actions: tuple[Action, ...]

    @property
    def is_slow(self) -> bool:
        """Whether it takes minutes."""
        return self.job.every is None

    @property
    def interval(self) -> int:
        """The interval of the job (µs); a cron job of this level is due every minute."""
        every = self.job.every
        return MINUTE if every is None else round(every * SECOND)


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    about: str
    rules: tuple[str, ...]
    instances: Annotated[int, Meta(ge=1, le=9)]
    job: Job
    action: Annotated[tuple[Action, ...], Meta(min_length=1)]


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scenario: tuple[_Entry, ...]


@cache
def read_scenarios() -> tuple[Scenario, ...]:
    """All scenarios, by group and in the order of their files."""
    folder = files("gnomon.specs.vectors") / "cluster"
    found: list[Scenario] = []
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        group = file.name.removesuffix(".toml")
        found += (
            Scenario(
                f"cluster/{group}/{one.name}",
                one.about,
                one.rules,
                one.instances,
                one.job,
                one.action,
            )
            for one in msgspec.toml.decode(file.read_bytes(), type=_Group).scenario
        )
    return tuple(found)
