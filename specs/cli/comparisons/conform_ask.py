"""``gnomon conform ask`` and ``watch``: one question or one scenario, in three rows.

The rows are what is expected, what the declared profile predicts, and what is seen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.conform_run import AdapterArgument, command_of, find
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json, Zone, parse_instant, parse_zone
from gnomon.specs.conformance import judging
from gnomon.specs.conformance.behaviour.matching import differences, starts
from gnomon.specs.conformance.behaviour.model import predict
from gnomon.specs.conformance.behaviour.profile import Settings, settings_of
from gnomon.specs.conformance.dialects.knobs import ProfileError
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess
from gnomon.specs.conformance.protocol import Firing
from gnomon.specs.conformance.runner import PROCESS_ZONES
from gnomon.specs.conformance.shipped import NotInstalled
from gnomon.specs.conformance.tick import run as tick
from gnomon.specs.conformance.tick.observation import Observation
from gnomon.specs.conformance.tick.scenarios import Create, Scenario, read_group, read_scenarios
from gnomon.specs.vectors.next_cases import Case, answered

LARGEST_FILE: Final = 2**20
"""Bytes of a file of scenarios."""
MOST_INSTANTS = 12
"""Instants that are printed for a job."""

# --- ask


def ask(
    adapter: AdapterArgument,
    definition: Annotated[
        str | None, typer.Argument(metavar="[DEFINITION]", help="Cron definition, in quotes.")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(metavar="N", help="Instead: an interval, in seconds.", min=1),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="T", help="The instant from which --every counts."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="T", help="Instead: the instant of a one-time job.")
    ] = None,
    timezone: Zone = "UTC",
    after: Annotated[
        str | None,
        typer.Option(metavar="T", help="Lower limit: only instants later than T.  [default: now]"),
    ] = None,
    count: Annotated[
        int, typer.Option(metavar="N", help="Number of instants.", min=1, max=1000)
    ] = 3,
    json: Json = False,
) -> None:
    """Ask a scheduler when a definition is due: DEFINITION, --every with --start, or --at.

    Printed are the answers of the reference, of the declared dialect and of the scheduler.
    """
    if [definition, every, at].count(None) != 2 or (every is None) != (start is None):
        faults = ["give exactly one of a cron definition, --every with --start, and --at"]
        raise BadInput("gnomon conform ask", faults)
    chosen = find(adapter)
    later_than = console.next_second() if after is None else parse_instant("--after", after)
    case = answered(
        Case(
            id="",
            rule="FIRE-5",
            note="",
            cron=definition,
            every=every,
            start=_instant("--start", start),
            at=_instant("--at", at),
            zone=parse_zone(timezone),
            after=write_instant(later_than),
            count=count,
        )
    )
    try:
        process = AdapterProcess(command_of(chosen), PROCESS_ZONES[0])
        try:
            introduction = process.introduce()
            dialect = settings_of(introduction.profile).dialect
            answer = process.ask(case)
        finally:
            process.close()
    except (NotInstalled, AdapterFault, ProfileError) as error:
        raise BadInput(adapter, [str(error)]) from None
    answers = {
        "expected": judging.expectation(case),
        "declared": judging.prediction(case, dialect),
        "seen": judging.observation(answer),
    }
    if json:
        console.print_json(answers)
    else:
        console.print_parts(*(f"{name:<9} {text}" for name, text in answers.items()))


def _instant(option: str, text: str | None) -> str | None:
    """An instant as it is written in cases. Raises BadInput."""
    return None if text is None else write_instant(parse_instant(option, text))


# --- watch


def watch(
    adapter: AdapterArgument,
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="Id of a scenario, or a file (TOML).")
    ],
    json: Json = False,
) -> None:
    """Watch what a scheduler does in a scenario.

    Printed are the firings of each job: expected, declared and seen.
    """
    chosen, scenarios = find(adapter), _scenarios(scenario)
    try:
        found = tick.run(command_of(chosen), scenarios)
        settings = settings_of(found.introduction.profile)
    except (NotInstalled, AdapterFault, ProfileError) as error:
        raise BadInput(adapter, [str(error)]) from None
    if not found.observations:
        raise BadInput(adapter, ["it has not the level tick"])
    rows = [row for one in found.observations for row in _watched(one, settings)]
    if json:
        console.print_json(rows)
        return
    for row in rows:
        console.print_parts(
            f"{row['scenario']} job {row['job']}",
            *(f"  {name:<9} {_shortened(row[name])}" for name in ("expected", "declared", "seen")),
        )
    for one in found.observations:
        for text in differences(predict(one.scenario, settings.behaviour, settings.dialect), one):
            if text.startswith(("action ", "open")):
                console.print_parts(f"{one.scenario.id} {text}")


def _scenarios(text: str) -> list[Scenario]:
    """The scenarios of an id or in a file. Raises BadInput."""
    if found := [one for one in read_scenarios() if one.id == text]:
        return found
    file = Path(text)
    if not file.is_file():
        known = read_scenarios()[0].id
        raise BadInput(text, [f"is neither the id of a scenario, as in {known}, nor a file"])
    try:
        return list(read_group(file.stem, console.read_file(file, LARGEST_FILE)))
    except msgspec.DecodeError as error:
        raise BadInput(text, [str(error)]) from None


def _watched(observation: Observation, settings: Settings) -> list[dict[str, str]]:
    """The three rows of each job."""
    scenario = observation.scenario
    rows = {
        "expected": predict(scenario).firings,
        "declared": predict(scenario, settings.behaviour, settings.dialect).firings,
        "seen": tuple(starts(observation)),
    }
    jobs = dict.fromkeys(one.job.id for one in scenario.actions if isinstance(one, Create))
    return [
        {"scenario": scenario.id, "job": job}
        | {name: _fired(firings, job) for name, firings in rows.items()}
        for job in jobs
    ]


def _fired(firings: Sequence[Firing], job: str) -> str:
    return ", ".join(firing.at for firing in firings if firing.job == job) or "nothing"


def _shortened(instants: str) -> str:
    """The first and the last of many instants."""
    listed = instants.split(", ")
    if len(listed) <= MOST_INSTANTS:
        return instants
    left = len(listed) - MOST_INSTANTS
    return ", ".join([*listed[: MOST_INSTANTS - 1], f"… {left} more …", listed[-1]])
