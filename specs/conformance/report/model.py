"""What a report holds: for each adapter its versions, its profile and its results by level.

The one idea: all formats are written from this model, so they cannot differ.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain

import msgspec

from gnomon.specs.conformance.behaviour.profile import (
    OF_CLUSTER,
    Settings,
    profile_of,
    settings_of,
)
from gnomon.specs.conformance.cluster import judging as cluster_judging
from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster.behaviour import Behaviour, behaviour_of
from gnomon.specs.conformance.judging import Result, Verdict, by_rule, judge
from gnomon.specs.conformance.protocol import Introduction
from gnomon.specs.conformance.report.levels import LEVELS
from gnomon.specs.conformance.report.timeline import Picture, picture_of, picture_of_cluster
from gnomon.specs.conformance.runner import Run
from gnomon.specs.conformance.suspects import Suspect, suspect_of
from gnomon.specs.conformance.tick import judging as tick_judging
from gnomon.specs.conformance.tick import run as tick

FORMAT = "gnomon-conformance-report/1"


class Setting(msgspec.Struct, frozen=True):
    """Where and when a report was made; `cases` is the number of cases of each level."""

    date: str
    gnomon: str
    tzdata: str
    cases: dict[str, int]


class LevelReport(msgspec.Struct, frozen=True):
    """The results of one adapter at one level, and a time line for each case that has one."""

    results: tuple[Result, ...] = ()
    pictures: dict[str, Picture] = {}


class AdapterReport(msgspec.Struct, frozen=True):
    """The results of one adapter; `fault` says why there are none, or not those of all levels.

    `is_installed` is False if something that the adapter needs is not on the machine.
    """

    adapter: str
    introduction: Introduction | None = None
    profile: dict[str, str] = {}
    levels: dict[str, LevelReport] = {}
    noise: tuple[str, ...] = ()
    fault: str | None = None
    is_installed: bool = True

    @property
    def state(self) -> str:
        """What is wrong with the adapter, in some words; empty if nothing is."""
        if self.fault is None:
            return ""
        return "adapter at fault" if self.is_installed else "not installed"

    @property
    def version(self) -> str:
        """The version of the scheduler."""
        return "" if self.introduction is None else self.introduction.implementation.version

    @property
    def results(self) -> tuple[Result, ...]:
        """The results of all levels."""
        return tuple(result for level in self.levels.values() for result in level.results)

    @property
    def suspects(self) -> list[Result]:
        """The results that are not as declared, and have no public issue."""
        return [result for result in self.results if result.is_suspect]

    @property
    def reproduced(self) -> dict[Suspect, list[Result]]:
        """The suspects that a script shows without the adapter, by fault."""
        found: dict[Suspect, list[Result]] = defaultdict(list)
        for result in self.suspects:
            if (suspect := suspect_of(self.adapter, result)) is not None:
                found[suspect].append(result)
        return dict(found)

    @property
    def unexplained(self) -> list[Result]:
        """The suspects that no script shows without the adapter."""
        return [one for one in self.suspects if suspect_of(self.adapter, one) is None]

    @property
    def known(self) -> dict[str, int]:
        """The addresses of public issues, and how many results each one explains."""
        return Counter(result.url for result in self.results if result.url is not None)

    def counts(self, level: str) -> dict[str, dict[Verdict, int]]:
        """How many cases of each rule of a level have each verdict."""
        return by_rule(self.levels[level].results, LEVELS[level].rules)


AnyRun = Run | tick.Run | cluster.Run


def report_of(
    adapter: str, runs: Iterable[AnyRun], profile: dict[str, str] | None = None
) -> AdapterReport:
    """The report about runs, one of each level. Raises ProfileError.

    They are judged under `profile`; without it, under the one that the adapter declares. A level
    that the adapter does not have is left out.
    """
    levels: dict[str, LevelReport] = {}
    noise: set[str] = set()
    for run in runs:
        introduction = run.introduction
        declared = introduction.profile if profile is None else profile
        level, found = _judged(run, declared)
        noise.update(run.noise)
        if level in introduction.levels:
            levels[level] = found
    knobs = {knob: value for knob, value in declared.items() if knob.startswith(OF_CLUSTER)}
    knobs = profile_of(settings_of(declared)) | knobs
    return AdapterReport(adapter, introduction, knobs, levels, tuple(sorted(noise)))


def _judged(run: AnyRun, profile: Mapping[str, str]) -> tuple[str, LevelReport]:
    """The name of the level of a run, and its results."""
    settings = settings_of(profile)
    match run:
        case tick.Run():
            return "tick", _level_tick(run, settings)
        case cluster.Run():
            return "cluster", _level_cluster(run, behaviour_of(profile))
        case _:
            of_each = [judge(seen, settings.dialect, run.introduction) for seen in run.seen]
            return "next", LevelReport(tuple(chain.from_iterable(of_each)))


def _level_tick(run: tick.Run, settings: Settings) -> LevelReport:
    results: list[Result] = []
    pictures = {}
    for seen in run.observations:
        found = tick_judging.judge(seen, settings.behaviour, settings.dialect)
        results += found
        if any(result.is_listed for result in found):
            pictures[seen.scenario.id] = picture_of(seen, settings)
    return LevelReport(tuple(results), pictures)


def _level_cluster(run: cluster.Run, behaviour: Behaviour) -> LevelReport:
    results: list[Result] = []
    pictures = {}
    for seen in run.observations:
        found = cluster_judging.judge(seen, behaviour)
        results += found
        picture = picture_of_cluster(seen)
        if picture is not None and any(result.is_listed for result in found):
            pictures[seen.scenario.id] = picture
    return LevelReport(tuple(results), pictures)


def cell(counts: dict[Verdict, int]) -> str:
    """The results of an adapter for one rule in a few characters.

    >>> from gnomon.specs.conformance.judging import VERDICTS
    >>> cell(dict.fromkeys(VERDICTS, 0) | {"holds": 9, "broken": 2, "differs as declared": 3})
    '12/14, 2 broken'
    >>> cell(dict.fromkeys(VERDICTS, 0) | {"not observable": 9})
    'not observable'
    """
    as_declared = counts["holds"] + counts["differs as declared"]
    judged = as_declared + counts["broken"] + counts["declared but not so"]
    if not judged:
        return "not observable" if counts["not observable"] else "not exercised"
    parts = [f"{as_declared}/{judged}"]
    parts += [f"{counts['broken']} broken"] if counts["broken"] else []
    parts += [f"{n} declared but not so"] if (n := counts["declared but not so"]) else []
    return ", ".join(parts)


def reproduce(adapter: str, case: str) -> str:
    """The command that runs one case again."""
    return f"gnomon conform {adapter} --only {case}"
