"""``gnomon conform infer`` and ``ask``: the knobs of a scheduler, its suspects, one question."""

import shlex
from collections.abc import Sequence
from typing import Annotated

import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.conform_run import (
    AdapterArgument,
    Only,
    chosen_cases,
    command_of,
    find,
    run_cases,
)
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json, Zone, parse_instant, parse_zone
from gnomon.specs.conformance import judging
from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.dialects.infer import Inferred, infer
from gnomon.specs.conformance.dialects.knobs import Dialect, ProfileError, profile_of
from gnomon.specs.conformance.judging import Seen
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess, Failure
from gnomon.specs.conformance.protocol import Error, Unsupported
from gnomon.specs.conformance.runner import PROCESS_ZONES
from gnomon.specs.conformance.shipped import NotInstalled
from gnomon.specs.conformance.shrink import shrink
from gnomon.specs.vectors.next_cases import Case, answered

# --- infer


def infer_profile(adapter: AdapterArgument, only: Only = None, json: Json = False) -> None:
    """Find the knobs that explain the most, and the suspects.

    Suspects are the answers that no setting explains. Each one is shrunk to its smallest case.
    """
    chosen, cases = find(adapter), chosen_cases(only)
    try:
        command = command_of(chosen)
        found = run_cases(chosen, cases)
        seen = [one for one in found.seen if not isinstance(one.answer, Unsupported)]
        with console.spinner(f"{adapter}: knobs"):
            inferred = infer(lambda dialect: sum(_explains(one, dialect) for one in seen))
        suspects = [one for one in seen if not _explains(one, inferred.dialect)]
        with console.progress_bar(f"{adapter}: suspects", 0, len(suspects)) as bar:
            shrunk = _shrunk(command, suspects, inferred, bar)
    except (NotInstalled, AdapterFault) as error:
        raise BadInput(adapter, [str(error)]) from None
    commands = [_command_to_ask(adapter, case) for case in shrunk]
    profile = profile_of(inferred.dialect)
    if json:
        console.print_json(
            {
                "profile": profile,
                "gains": inferred.gains,
                "explained": inferred.explained,
                "answers": len(seen),
                "suspects": commands,
            }
        )
        return
    lines = [
        f'{knob} = "{value}"  # explains {inferred.gains[knob]} more'
        for knob, value in profile.items()
    ]
    console.print_parts(f"# {inferred.explained} of {len(seen)} answers are explained by:", *lines)
    if commands:
        console.print_parts(f"\n# {len(suspects)} are not; the smallest cases:", *commands)


def _explains(seen: Seen, dialect: Dialect) -> bool:
    return judging.agrees(seen.answer, judging.prediction(seen.case, dialect))


def _shrunk(
    command: Sequence[str], suspects: Sequence[Seen], inferred: Inferred, bar: console.Move
) -> list[Case]:
    """The smallest case for each suspect, without those that are equal."""
    process = AdapterProcess(command, PROCESS_ZONES[0])
    found: dict[tuple[str, str, str], Case] = {}
    try:
        for number, suspect in enumerate(suspects, 1):
            kind = type(suspect.answer)

            def differs(case: Case, kind: type = kind) -> bool:
                answer = process.ask(case.cron, case.zone, case.after, case.count)
                wanted = judging.prediction(case, inferred.dialect)
                return isinstance(answer, kind) and not judging.agrees(answer, wanted)

            hangs = isinstance(suspect.answer, Failure | Error)
            case = suspect.case if hangs else shrink(suspect.case, differs)
            found.setdefault((case.cron, case.zone, case.after), case)
            bar(number)
    finally:
        process.close()
    return list(found.values())


def _command_to_ask(adapter: str, case: Case) -> str:
    """The command that asks the scheduler about a case."""
    zone = "" if case.zone == "UTC" else f" --timezone {case.zone}"
    place = f"{zone} --after {case.after} --count {case.count}"
    return f"gnomon conform ask {shlex.quote(adapter)} {shlex.quote(case.cron)}{place}"


# --- ask


def ask(
    adapter: AdapterArgument,
    definition: Annotated[
        str, typer.Argument(metavar="DEFINITION", help="Cron definition, in quotes.")
    ],
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
    """Ask a scheduler when a definition is due.

    Printed are the answers of the reference, of the declared dialect and of the scheduler.
    """
    chosen = find(adapter)
    start = console.next_second() if after is None else parse_instant("--after", after)
    zone, later_than = parse_zone(timezone), write_instant(start)
    case = answered(Case("", "FIRE-5", "", definition, zone, later_than, count))
    try:
        process = AdapterProcess(command_of(chosen), PROCESS_ZONES[0])
        try:
            introduction = process.introduce()
            dialect = settings_of(introduction.profile).dialect
            answer = process.ask(case.cron, case.zone, case.after, case.count)
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
