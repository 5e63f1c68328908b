"""``gnomon conform ask``: one question, and what is expected, declared and seen."""

from itertools import chain
from typing import Annotated

import typer

from gnomon.reference.schedule.clock import write_instant
from gnomon.specs.cli import console
from gnomon.specs.cli.conform_run import AdapterArgument, command_of, find
from gnomon.specs.cli.console import BadInput
from gnomon.specs.cli.options import Json, Zone, parse_instant, parse_zone
from gnomon.specs.conformance import judging
from gnomon.specs.conformance.behaviour.profile import settings_of
from gnomon.specs.conformance.dialects.knobs import ProfileError
from gnomon.specs.conformance.process import AdapterFault, AdapterProcess
from gnomon.specs.conformance.runner import PROCESS_ZONES
from gnomon.specs.conformance.shipped import NotInstalled
from gnomon.specs.render.strings import quoted_lines
from gnomon.specs.vectors.next_cases import Case, answered


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
    """Ask a scheduler when a definition is due.

    Give a cron definition, or --every with --start, or --at.
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
        lines = (quoted_lines(f"{name:<9} {text}") for name, text in answers.items())
        console.print_parts(*chain.from_iterable(lines))


def _instant(option: str, text: str | None) -> str | None:
    """An instant as it is written in cases. Raises BadInput."""
    return None if text is None else write_instant(parse_instant(option, text))
