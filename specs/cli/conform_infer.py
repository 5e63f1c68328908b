"""``gnomon conform infer``: the knobs that explain the most, and what they leave."""

import shlex
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from gnomon.specs.cli import console
from gnomon.specs.cli.conform_run import (
    AdapterArgument,
    LevelName,
    Levels,
    Only,
    command_of,
    find,
    is_selected,
    run_cases,
)
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json
from gnomon.specs.conformance import judging
from gnomon.specs.conformance.behaviour import infer as behaviours
from gnomon.specs.conformance.behaviour.matching import explains
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.profile import Settings, profile_of, settings_of
from gnomon.specs.conformance.behaviour.shrink import shrink as shrink_scenario
from gnomon.specs.conformance.cluster import infer as clusters
from gnomon.specs.conformance.cluster import run as cluster
from gnomon.specs.conformance.cluster import scenarios as cluster_scenarios
from gnomon.specs.conformance.dialects import infer as dialects
from gnomon.specs.conformance.dialects.knobs import Dialect, ProfileError
from gnomon.specs.conformance.judging import Seen
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.protocol import Error, Unsupported
from gnomon.specs.conformance.report.model import reproduce
from gnomon.specs.conformance.runner import PROCESS_ZONES
from gnomon.specs.conformance.shipped import NotInstalled
from gnomon.specs.conformance.shrink import shrink
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import (
    Scenario,
    read_scenarios,
    write_group,
)
from gnomon.specs.vectors.next_cases import Case, read_cases

MOST_SHRUNK = 10
"""Scenarios that are shrunk; each takes up to a minute."""


class OfNext(NamedTuple):
    """What the answers of level next show: how many there are, the knobs, the smallest cases."""

    answers: int
    inferred: dialects.Inferred
    suspects: list[Case]


class OfTick(NamedTuple):
    """What the scenarios show: how many tell anything, the knobs, and those not explained."""

    scenarios: int
    inferred: behaviours.Inferred
    suspects: list[Observation]


def infer_profile(
    adapter: AdapterArgument,
    level: Levels = None,
    only: Only = None,
    suspects: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the smallest scenario of each suspect of level tick, which takes up "
            "to a minute each.  [default: the scenario is named]",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Find the knobs that explain the most, and the suspects.

    Suspects are the answers and scenarios that no setting explains. Each one is shrunk to its
    smallest case. Level cluster takes some minutes; its scenarios that take longer are run only if
    --only names them.
    """
    chosen, wanted = find(adapter), [one.value for one in level or LevelName]
    cases = [one for one in read_cases() if "next" in wanted and is_selected(one.id, only)]
    scenarios = [one for one in read_scenarios() if "tick" in wanted and is_selected(one.id, only)]
    of_cluster = [
        one
        for one in cluster_scenarios.read_scenarios()
        if "cluster" in wanted and is_selected(one.id, only) and (only or not one.is_slow)
    ]
    if not cases and not scenarios and not of_cluster:
        raise BadInput("--only", ["no case and no scenario has such an id"])
    try:
        command = command_of(chosen)
        of_next = _of_next(adapter, command, cases) if cases else None
        of_tick = _of_tick(adapter, command, scenarios, of_next) if scenarios else None
        found = _of_cluster(adapter, command, of_cluster) if of_cluster else None
        commands = [_command_to_ask(adapter, case) for case in of_next.suspects] if of_next else []
        if of_tick:
            commands += _tick_suspects(adapter, command, of_tick, suspects)
        if found:
            commands += list(dict.fromkeys(reproduce(adapter, one.case) for one in found.left))
    except (NotInstalled, AdapterFault, ProfileError) as error:
        raise BadInput(adapter, [str(error)]) from None
    if not of_next and not of_tick and not found:
        raise BadInput(adapter, [f"it has none of the levels {', '.join(wanted)}"])
    _print_inferred(of_next, of_tick, found, commands, json)


def _print_inferred(
    of_next: OfNext | None,
    of_tick: OfTick | None,
    of_cluster: clusters.Inferred | None,
    commands: list[str],
    json: bool,
) -> None:
    dialect = of_next.inferred.dialect if of_next else None
    profile = profile_of(of_tick.inferred.settings if of_tick else Settings(dialect or Dialect()))
    gains = {
        **(of_next.inferred.gains if of_next else {}),
        **(of_tick.inferred.gains if of_tick else {}),
        **(of_cluster.gains if of_cluster else {}),
    }
    if of_cluster:
        profile |= clusters.profile_of(of_cluster.behaviour)
    if json:
        found: dict[str, object] = {"profile": profile, "gains": gains, "suspects": commands}
        if of_next:
            found |= {"explained": of_next.inferred.explained, "answers": of_next.answers}
        if of_tick:
            found["explained_scenarios"] = of_tick.inferred.explained
            found["scenarios"] = of_tick.scenarios
        if of_cluster:
            found["explained_of_cluster"] = of_cluster.explained
            found["results_of_cluster"] = of_cluster.judged
        console.print_json(found)
        return
    counts = []
    if of_next:
        counts.append(f"{of_next.inferred.explained} of {of_next.answers} answers")
    if of_tick:
        counts.append(f"{of_tick.inferred.explained} of {of_tick.scenarios} scenarios")
    if of_cluster:
        counts.append(f"{of_cluster.explained} of {of_cluster.judged} results of level cluster")
    lines = [
        f'{knob} = "{value}"' + (f"  # explains {gains[knob]} more" if knob in gains else "")
        for knob, value in profile.items()
    ]
    console.print_parts(f"# {' and '.join(counts)} are explained by:", *lines)
    if commands:
        console.print_parts("", "# Not explained; the smallest cases:", *commands)


def _of_next(adapter: str, command: Sequence[str], cases: list[Case]) -> OfNext | None:
    """The dialect, and its suspects. Raises AdapterFault."""
    found = run_cases(find(adapter), cases)
    if "next" not in found.introduction.levels:
        return None
    seen = [one for one in found.seen if not isinstance(one.answer, Unsupported)]
    with console.spinner(f"{adapter}: knobs"):
        inferred = dialects.infer(lambda dialect: sum(_explains(one, dialect) for one in seen))
    suspects = [one for one in seen if not _explains(one, inferred.dialect)]
    with console.progress_bar(f"{adapter}: suspects", 0, len(suspects)) as bar:
        return OfNext(len(seen), inferred, _shrunk(command, suspects, inferred, bar))


def _of_tick(
    adapter: str, command: Sequence[str], scenarios: list[Scenario], of_next: OfNext | None
) -> OfTick | None:
    """The behaviour, and what it leaves. Raises AdapterFault and ProfileError."""
    with console.progress_bar(f"{adapter}: tick", 0, len(scenarios)) as bar:
        done = count(1)
        found = tick.run(command, scenarios, lambda: bar(next(done)))
    if "tick" not in found.introduction.levels:
        return None
    declared = settings_of(found.introduction.profile).dialect
    dialect = of_next.inferred.dialect if of_next else declared
    seen = behaviours.informative(found.observations)
    with console.spinner(f"{adapter}: knobs of behaviour"):
        inferred = behaviours.infer(seen, dialect, zones=of_next is None)
    settings = inferred.settings
    left = [one for one in seen if not _is_predicted(one, settings)]
    return OfTick(len(seen), inferred, left)


def _of_cluster(
    adapter: str, command: Sequence[str], scenarios: list[cluster_scenarios.Scenario]
) -> clusters.Inferred | None:
    """The behaviour of several instances, and what it leaves. Raises AdapterFault."""
    with console.progress_bar(f"{adapter}: cluster", 0, len(scenarios)) as bar:
        done = count(1)
        found = cluster.run(command, scenarios, lambda: bar(next(done)))
    return clusters.infer(found.observations) if found.observations else None


def _is_predicted(observation: Observation, settings: Settings) -> bool:
    return explains(
        predict(observation.scenario, settings.behaviour, settings.dialect), observation
    )


def _tick_suspects(
    adapter: str, command: Sequence[str], of_tick: OfTick, folder: Path | None
) -> list[str]:
    """A command for each suspect; with a folder, for its smallest scenario."""
    begin = f"gnomon conform watch {shlex.quote(adapter)}"
    if folder is None:
        return [f"{begin} {one.scenario.id}" for one in of_tick.suspects]
    commands = []
    folder.mkdir(parents=True, exist_ok=True)
    chosen = of_tick.suspects[:MOST_SHRUNK]
    with console.progress_bar(f"{adapter}: suspects", 0, len(chosen)) as bar:
        for number, suspect in enumerate(chosen, 1):
            smallest = _smallest(command, suspect, of_tick.inferred.settings)
            file = folder / f"{suspect.scenario.id.replace('/', '-')}.toml"
            file.write_bytes(write_group([smallest]))
            commands.append(f"{begin} {shlex.quote(str(file))}")
            bar(number)
    return commands + [f"{begin} {one.scenario.id}" for one in of_tick.suspects[MOST_SHRUNK:]]


def _smallest(command: Sequence[str], suspect: Observation, settings: Settings) -> Scenario:
    """The smallest scenario that ends as the suspect does and is not explained either."""
    kind = type(suspect.replies[-1]) if suspect.replies else None
    if kind is Failure:  # each run would last as long as the time limit
        return suspect.scenario

    def differs(scenario: Scenario) -> bool:
        (seen,) = tick.run(command, [scenario]).observations
        is_alike = bool(seen.replies) and type(seen.replies[-1]) is kind
        return is_alike and not _is_predicted(seen, settings)

    return shrink_scenario(suspect.scenario, differs)


def _explains(seen: Seen, dialect: Dialect) -> bool:
    return judging.agrees(seen.answer, judging.prediction(seen.case, dialect))


def _shrunk(
    command: Sequence[str], suspects: Sequence[Seen], inferred: dialects.Inferred, bar: console.Move
) -> list[Case]:
    """The smallest case for each suspect, without those that are equal."""
    process = AdapterProcess(command, PROCESS_ZONES[0])
    found: dict[tuple[str, str, str], Case] = {}
    try:
        for number, suspect in enumerate(suspects, 1):
            kind = type(suspect.answer)

            def differs(case: Case, kind: type = kind) -> bool:
                answer = process.ask(case)
                wanted = judging.prediction(case, inferred.dialect)
                return isinstance(answer, kind) and not judging.agrees(answer, wanted)

            hangs = isinstance(suspect.answer, Failure | Error)
            case = suspect.case if hangs else shrink(suspect.case, differs)
            found.setdefault((case.definition, case.zone, case.after), case)
            bar(number)
    finally:
        process.close()
    return list(found.values())


def _command_to_ask(adapter: str, case: Case) -> str:
    """The command that asks the scheduler about a case."""
    zone = "" if case.zone == "UTC" else f" --timezone {case.zone}"
    place = f"{zone} --after {case.after} --count {case.count}"
    definitions = {
        "cron": shlex.quote(case.cron or ""),
        "every": f"--every {case.every} --start {case.start}",
        "at": f"--at {case.at}",
    }
    return f"gnomon conform ask {shlex.quote(adapter)} {definitions[case.kind]}{place}"
